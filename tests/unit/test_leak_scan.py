"""A container and its image are searched for the token, and the dates of the image are reported."""

from __future__ import annotations

import secrets
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import docker.errors

from envkit import process
from envkit.backends.docker import leak_scan
from envkit.backends.docker.backend import DockerBackend
from envkit.errors import PreconditionError
from envkit.observe import attack_suite, evidence

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    import pytest

    from envkit.backends.docker.client import Engine
    from envkit.model.report import Observation

TOKEN = secrets.token_urlsafe(32)


class Api:
    """A fake engine whose log driver cannot read."""

    def inspect_container(self, _: str) -> dict[str, Any]:
        return {"Image": "sha256:1", "HostConfig": {"NetworkMode": "none"}, "NetworkSettings": {"Networks": {}}}

    def inspect_image(self, _: str) -> dict[str, str]:
        return {}

    def history(self, _: str) -> list[Any]:
        return [{"CreatedBy": f"ENV TOKEN={TOKEN}", "Created": 0}]

    def logs(self, _: str) -> bytes:
        raise docker.errors.APIError("configured logging driver does not support reading")

    def top(self, _: str) -> list[str]:
        return []


def test_an_unreadable_log_is_reported_and_the_rest_searched() -> None:
    engine = cast("Engine", SimpleNamespace(api=Api()))
    assert leak_scan.find_leaks(engine, "x", TOKEN) == (("the image's history",), ("the container's log",))


UPDATE_STEP = "RUN |1 NETRC=/root/.netrc /opt/envkit/build/install-apt --upgrade -- ca-certificates curl # buildkit"


class DatedApi(Api):
    """A fake engine with an image of several build steps."""

    def __init__(self, *steps: dict[str, Any]) -> None:
        self.steps = steps

    def inspect_image(self, image: str) -> dict[str, str]:
        if image == "gone":
            raise docker.errors.NotFound("no such image")
        return {"Created": "2022-05-16T00:00:00Z" if image == "base" else "2026-11-23T12:29:57Z"}

    def history(self, _: str) -> list[Any]:
        return list(self.steps)


def test_dates_of_an_image_are_those_of_update_and_base() -> None:
    cases: dict[str, tuple[list[dict[str, Any]], str, tuple[str, str]]] = {
        "BuildKit; copying the script does not run it": (
            [
                {"CreatedBy": "COPY build/install-apt /opt/envkit/build/ # buildkit", "Created": 9},
                {"CreatedBy": UPDATE_STEP, "Created": 1795436946},
            ],
            "base",
            ("2026-11-23T12:29:06+00:00", "2022-05-16T00:00:00Z"),
        ),
        "classic builder": (
            [{"CreatedBy": UPDATE_STEP.removeprefix("RUN ").removesuffix(" # buildkit"), "Created": 0}],
            "",
            ("1970-01-01T00:00:00+00:00", ""),
        ),
        "foreign base image, never updated": (
            [
                {"CreatedBy": "RUN /opt/envkit/build/install-apt -- curl", "Created": 9},
                {"CreatedBy": None, "Created": 9},
            ],
            "gone",
            ("", ""),
        ),
    }
    for case, (steps, base, expected) in cases.items():
        dates = leak_scan.image_dates(cast("Engine", SimpleNamespace(api=DatedApi(*steps))), "x", base)
        assert (dates.updated, dates.base) == expected, case
        assert dates.made == "2026-11-23T12:29:57Z", case


def test_without_a_token_nothing_is_searched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(attack_suite, "attack_inside", lambda *_: [])
    monkeypatch.setattr(evidence, "take_inventory", lambda *_: [])
    monkeypatch.setattr(evidence, "find_relays", lambda *_: ())
    monkeypatch.setattr(process, "which", lambda _: None)
    backend = DockerBackend(cast("Engine", SimpleNamespace(api=Api(), endpoint="unix:///x")))

    def no_port() -> AbstractContextManager[Any]:
        raise PreconditionError("no port leads there", code="forward-missing")

    def run_attacks(token: str) -> tuple[tuple[Observation, ...], dict[str, Any]]:
        observations, inspection, _ = attack_suite.run_attacks(
            backend,
            "x",
            base="",
            open_port=no_port,
            ssh_port=0,
            is_ours=lambda: True,
            token=token,
            ssh_config=tmp_path,
            owner=1000,
            name_prefix="n.",
            labels={},
            record=None,
            on_progress=lambda _: None,
        )
        return observations, inspection

    observations, _ = run_attacks("")
    unconditional = ["audit.stopped", "audit.ssh", "audit.ssh_audit", "audit.neighbour", "audit.image"]
    assert [observation.name for observation in observations] == unconditional
    observations, inspection = run_attacks("sha256:1")
    assert [observation.name for observation in observations] == [*unconditional, "audit.traces"]
    assert inspection["Image"] == "[hidden]"
