"""What an engine tells of a container and its image: traces of the token, and how old what it stands on is."""

from __future__ import annotations

import secrets
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import docker.errors
import pytest

from envkit import process
from envkit.backends.docker import leak_scan
from envkit.errors import PreconditionError
from envkit.observe import attack_suite as audit_probes

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from envkit.backends.docker.client import Engine
    from envkit.model.report import Observation

TOKEN = secrets.token_urlsafe(32)


class Api:
    """An engine whose log driver does not read."""

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


def test_a_log_that_cannot_be_read_is_told_and_the_rest_is_searched() -> None:
    engine = cast("Engine", SimpleNamespace(api=Api()))
    assert leak_scan.find_leaks(engine, "x", TOKEN) == (("the image's history",), ("the container's log",))


UPDATED = "RUN |1 NETRC=/root/.netrc /opt/envkit/build/install-apt --upgrade -- ca-certificates curl # buildkit"


class Dated(Api):
    """An engine whose images were made in steps."""

    def __init__(self, *steps: dict[str, Any]) -> None:
        self.steps = steps

    def inspect_image(self, image: str) -> dict[str, str]:
        if image == "gone":
            raise docker.errors.NotFound("no such image")
        return {"Created": "2022-05-16T00:00:00Z" if image == "base" else "2026-11-23T12:29:57Z"}

    def history(self, _: str) -> list[Any]:
        return list(self.steps)


@pytest.mark.parametrize(
    ("steps", "base", "expected"),
    [
        # As BuildKit writes it and as the builder before it; copying the program is no run of it.
        (
            [
                {"CreatedBy": "COPY build/install-apt /opt/envkit/build/ # buildkit", "Created": 9},
                {"CreatedBy": UPDATED, "Created": 1795436946},
            ],
            "base",
            ("2026-11-23T12:29:06+00:00", "2022-05-16T00:00:00Z"),
        ),
        (
            [{"CreatedBy": UPDATED.removeprefix("RUN ").removesuffix(" # buildkit"), "Created": 0}],
            "",
            ("1970-01-01T00:00:00+00:00", ""),
        ),
        # On somebody else's image nothing is updated.
        (
            [
                {"CreatedBy": "RUN /opt/envkit/build/install-apt -- curl", "Created": 9},
                {"CreatedBy": None, "Created": 9},
            ],
            "gone",
            ("", ""),
        ),
    ],
)
def test_an_image_tells_when_its_system_was_updated_and_its_base_was_made(
    steps: list[dict[str, Any]], base: str, expected: tuple[str, str]
) -> None:
    found = leak_scan.image_dates(cast("Engine", SimpleNamespace(api=Dated(*steps))), "x", base)
    assert (found["updated"], found["base"]) == expected
    assert found["made"] == "2026-11-23T12:29:57Z"


def test_no_token_is_no_trace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(audit_probes, "attack_inside", lambda *_: [])
    monkeypatch.setattr(process, "which", lambda _: None)
    engine = cast("Engine", SimpleNamespace(api=Api(), endpoint="unix:///x"))

    def no_way() -> AbstractContextManager[Any]:
        raise PreconditionError("no way leads there")

    def everything(token: str) -> tuple[tuple[Observation, ...], dict[str, Any]]:
        return audit_probes.run_attacks(
            engine,
            "x",
            base="",
            open_port=no_way,
            ssh_port=0,
            is_ours=lambda: True,
            token=token,
            ssh_config=tmp_path,
            owner=1000,
            name_prefix="n.",
            labels={},
            on_progress=lambda _: None,
        )

    seen, _ = everything("")
    always = ["audit.stopped", "audit.ssh", "audit.ssh_audit", "audit.neighbour", "audit.image"]
    assert [one.name for one in seen] == always
    seen, inspected = everything("sha256:1")
    assert [one.name for one in seen] == [*always, "audit.traces"]
    assert inspected["Image"] == "[hidden]"
