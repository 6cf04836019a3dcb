"""An image that cannot be pulled has one reason, a code and a hint, from the message of the engine or the registry."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, cast

import pytest
import requests

from envkit.backends.docker import registry
from envkit.backends.docker.client import Engine
from envkit.errors import BuildFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import docker

REGISTRY = "registry.example.com:5000"
REF = f"{REGISTRY}/team/image:1"


def test_messages_are_classified_with_a_code_and_a_hint() -> None:
    dns_error = 'Get "https://registry.example.com/v2/": dial tcp: lookup registry.example.com: no such host'
    cases = [
        (dns_error, "registry-unreachable", "base: debian"),
        ("dial tcp 192.0.2.1:443: i/o timeout", "registry-unreachable", "proxy"),
        ("dial tcp 127.0.0.1:5000: connect: connection refused", "registry-unreachable", "proxy"),
        ("manifest unknown: manifest unknown", "image-not-in-registry", "correct base:"),
        ("manifest for team/image:2 not found: manifest unknown", "image-not-in-registry", "correct base:"),
        ("unauthorized: authentication required", "registry-access-denied", f"docker login {REGISTRY}"),
        ("pull access denied for team/image, repository does not exist or may", "registry-access-denied", "login"),
        ("no matching manifest for linux/amd64 in the manifest", "image-architecture-missing", "another tag"),
        ("unexpected EOF", "pull-interrupted", "repeat"),
        ("read tcp 10.0.0.2:4711->10.0.0.3:443: read: connection reset by peer", "pull-interrupted", "repeat"),
        ("filesystem layer verification failed for digest sha256:00", "pull-interrupted", "repeat"),
        ("write /var/lib/docker/tmp/GetImageBlob1: no space left on device", "disk-full", "envkit prune"),
        ("x509: certificate signed by unknown authority", "certificate-untrusted", f"/certs.d/{REGISTRY}/"),
        ("toomanyrequests: You have reached your pull rate limit", "registry-rate-limit", "docker login"),
        ("something\x1b[2J\nunknown", "image-pull-failed", "docker pull"),
        ("", "image-pull-failed", "docker pull"),
    ]
    for message, code, hint in cases:
        problem = registry.explain_failure(message, REF)
        assert problem.code == code, message
        assert hint in problem.hint, message
    assert registry.explain_failure("something\x1b[2J\nunknown", REF).reason == "something\\x1b[2J unknown"
    assert registry.explain_failure("", REF).reason
    assert f"the registry {REGISTRY} cannot be reached" in registry.explain_failure(dns_error, REF).reason


def test_a_reference_is_split_into_repository_and_tag() -> None:
    cases = {
        "debian": ("debian", "latest"),
        "team/image:1": ("team/image", "1"),
        f"{REGISTRY}/team/image": (f"{REGISTRY}/team/image", "latest"),
        REF: (f"{REGISTRY}/team/image", "1"),
        "team/image@sha256:00": ("team/image", "sha256:00"),
        "team/image:1@sha256:00": ("team/image", "sha256:00"),
    }
    for ref, expected in cases.items():
        assert registry._split_reference(ref) == expected, ref


def test_only_the_credentials_of_that_registry_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    auths = {
        name: {"auth": base64.b64encode(f"ada:{name}".encode()).decode()} for name in (REGISTRY, "another.example.com")
    }
    (tmp_path / "config.json").write_text(json.dumps({"auths": auths, "proxies": {"default": {"httpProxy": "x"}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    credentials = registry._credentials(REF)
    assert credentials is not None
    assert (credentials["username"], credentials["password"]) == ("ada", REGISTRY)
    assert registry._credentials("third.example.com/x") is None


def test_a_missing_credential_store_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"credHelpers": {REGISTRY: "not-there"}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with pytest.raises(BuildFailed, match=REGISTRY) as error:
        registry._credentials(REF)
    assert error.value.code == "registry-credentials-unreadable"
    assert f"docker login {REGISTRY}" in error.value.hint
    assert registry._credentials("third.example.com/x") is None


class Api:
    """A fake engine whose registry never answers a check, and which reports these events during a pull."""

    def __init__(self, *events: dict[str, Any]) -> None:
        self.timeout: float = 60
        self.timeouts: list[float] = []
        self.events = events

    def inspect_distribution(self, *_: object, **__: object) -> object:
        self.timeouts.append(self.timeout)
        raise requests.exceptions.ReadTimeout

    def pull(self, *_: object, **__: object) -> Iterator[dict[str, Any]]:
        return iter(self.events)

    def images(self, name: str) -> list[object]:
        return [name]


@pytest.fixture
def no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


def engine(api: Api) -> Engine:
    return Engine("unix:///nowhere", cast("docker.APIClient", api))


@pytest.mark.usefixtures("no_credentials")
def test_a_silent_registry_is_unreachable_within_two_seconds() -> None:
    api = Api()
    problem = registry.check_image(engine(api), REF)
    assert problem is not None
    assert problem.code == "registry-unreachable"
    assert (max(api.timeouts) < 2, api.timeout) == (True, 60)


@pytest.mark.usefixtures("no_credentials")
def test_a_pull_reports_progress_and_a_slow_registry() -> None:
    def layer_event(layer: str, current: int, total: int) -> dict[str, Any]:
        detail = {"current": current << 20, "total": total << 20}
        return {"id": layer, "status": "Downloading", "progressDetail": detail}

    lines: list[str] = []
    api = Api(
        layer_event("a", 1, 10),
        layer_event("a", 5, 10),
        layer_event("b", 0, 10),
        {"id": "a", "status": "Pull complete"},
    )
    registry.pull(engine(api), REF, lambda progress: lines.append(progress.text))
    assert lines == [
        f"{REGISTRY} has not answered yet; still trying",
        f"pulling {REF}",
        "downloaded 1 of at least 10 MiB",
        "downloaded 5 of at least 10 MiB",
        "downloaded 5 of at least 20 MiB",
        f"pulled {REF}",
    ]


@pytest.mark.usefixtures("no_credentials")
def test_an_error_event_of_a_pull_has_a_code() -> None:
    cases = {
        "unexpected EOF": "pull-interrupted",
        "write /var/lib/docker/tmp/x: no space left on device": "disk-full",
        "unauthorized: authentication required": "registry-access-denied",
    }
    for message, code in cases.items():
        with pytest.raises(BuildFailed) as error:
            registry.pull(engine(Api({"status": "Pulling"}, {"error": message})), REF, lambda _: None)
        assert error.value.code == code, message
        assert error.value.hint, message
