"""What an engine or a registry says of an image that cannot be had becomes one reason with its hint."""

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

REF = "registry.example.com:5000/team/image:1"


@pytest.mark.parametrize(
    ("said", "why", "hint"),
    [
        (
            'Get "https://registry.example.com/v2/": dial tcp: lookup registry.example.com: no such host',
            "the registry registry.example.com:5000 cannot be reached",
            "base: debian",
        ),
        ("dial tcp 192.0.2.1:443: i/o timeout", "cannot be reached", "proxy"),
        ("dial tcp 127.0.0.1:5000: connect: connection refused", "cannot be reached", "proxy"),
        ("manifest unknown: manifest unknown", "no image of that name and tag", "correct base:"),
        ("manifest for team/image:2 not found: manifest unknown", "no image of that name and tag", "correct base:"),
        ("unauthorized: authentication required", "refuses it", "docker login registry.example.com:5000"),
        ("pull access denied for team/image, repository does not exist or may require", "refuses it", "login"),
        ("no matching manifest for linux/amd64 in the manifest list entries", "other architectures", "another tag"),
        ("unexpected EOF", "the pull was cut off", "repeat"),
        ("read tcp 10.0.0.2:4711->10.0.0.3:443: read: connection reset by peer", "the pull was cut off", "repeat"),
        ("filesystem layer verification failed for digest sha256:00", "the pull was cut off", "repeat"),
        ("write /var/lib/docker/tmp/GetImageBlob1: no space left on device", "the disk is full", "envkit prune"),
        ("x509: certificate signed by unknown authority", "does not trust", "/certs.d/registry.example.com:5000/"),
        ("toomanyrequests: You have reached your pull rate limit", "limits how often", "docker login"),
        ("something\x1b[2J\nnobody knows", "something\\x1b[2J nobody knows", "docker pull"),
        ("", "no reason was given", "docker pull"),
    ],
)
def test_a_reason_comes_with_its_hint(said: str, why: str, hint: str) -> None:
    reason, how = registry.explain_failure(said, REF)
    assert why in reason
    assert hint in how


@pytest.mark.parametrize(
    ("ref", "repository", "tag"),
    [
        ("debian", "debian", "latest"),
        ("team/image:1", "team/image", "1"),
        ("registry.example.com:5000/team/image", "registry.example.com:5000/team/image", "latest"),
        (REF, "registry.example.com:5000/team/image", "1"),
        ("team/image@sha256:00", "team/image", "sha256:00"),
        ("team/image:1@sha256:00", "team/image", "sha256:00"),
    ],
)
def test_a_reference_is_taken_apart(ref: str, repository: str, tag: str) -> None:
    assert registry._split_reference(ref) == (repository, tag)


def test_credentials_are_those_of_that_registry_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    auths = {
        name: {"auth": base64.b64encode(f"ada:{name}".encode()).decode()}
        for name in (
            "registry.example.com:5000",
            "another.example.com",
        )
    }
    (tmp_path / "config.json").write_text(json.dumps({"auths": auths, "proxies": {"default": {"httpProxy": "x"}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    found = registry._credentials(REF)
    assert found is not None
    assert (found["username"], found["password"]) == ("ada", "registry.example.com:5000")
    assert registry._credentials("third.example.com/x") is None


def test_a_credential_store_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"credHelpers": {"registry.example.com:5000": "not-there"}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with pytest.raises(BuildFailed, match=r"credentials for registry\.example\.com:5000 cannot be read") as error:
        registry._credentials(REF)
    assert "docker login registry.example.com:5000" in error.value.hint
    assert registry._credentials("third.example.com/x") is None


class Api:
    """An engine whose registry does not answer, or that says these things while it pulls."""

    def __init__(self, *events: dict[str, Any]) -> None:
        self.timeout: float = 60
        self.waited: list[float] = []
        self.events = events

    def inspect_distribution(self, *_: object, **__: object) -> object:
        self.waited.append(self.timeout)
        raise requests.exceptions.ReadTimeout

    def pull(self, *_: object, **__: object) -> Iterator[dict[str, Any]]:
        return iter(self.events)

    def images(self, name: str) -> list[object]:
        return [name]


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


def engine(api: Api) -> Engine:
    return Engine("unix:///nowhere", cast("docker.APIClient", api))


@pytest.mark.usefixtures("nobody")
def test_a_registry_that_is_silent_counts_as_unreachable_within_two_seconds() -> None:
    api = Api()
    refused = registry.check_image(engine(api), REF)
    assert refused is not None
    assert "cannot be reached" in refused[0]
    assert (max(api.waited) < 2, api.timeout) == (True, 60)


@pytest.mark.usefixtures("nobody")
def test_a_pull_says_how_far_it_is_and_that_the_registry_is_slow() -> None:
    def part(layer: str, current: int, total: int) -> dict[str, Any]:
        detail = {"current": current << 20, "total": total << 20}
        return {"id": layer, "status": "Downloading", "progressDetail": detail}

    told: list[str] = []
    api = Api(part("a", 1, 10), part("a", 5, 10), part("b", 0, 10), {"id": "a", "status": "Pull complete"})
    registry.pull(engine(api), REF, lambda one: told.append(one.text))
    assert told == [
        "registry.example.com:5000 has not answered yet; still trying",
        f"pulling {REF}",
        "1 of 10 MiB known so far",
        "5 of 10 MiB known so far",
        "5 of 20 MiB known so far",
        f"pulled {REF}",
    ]


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("unexpected EOF", "the pull was cut off"),
        ("write /var/lib/docker/tmp/x: no space left on device", "the disk is full"),
        ("unauthorized: authentication required", "refuses it"),
    ],
)
def test_a_pull_that_ends_in_an_error_is_one_message(said: str, why: str) -> None:
    with pytest.raises(BuildFailed, match=why) as error:
        registry.pull(engine(Api({"status": "Pulling"}, {"error": said})), REF, lambda _: None)
    assert error.value.hint
