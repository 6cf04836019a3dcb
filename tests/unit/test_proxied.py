"""A login by the quick way: to the sshd of a container of ours that plainly runs, and to nothing else."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

import pytest

from envkit import naming
from envkit.backends.docker import endpoint, fast_inspect, streams
from envkit.commands import ssh_proxy
from envkit.errors import EngineUnavailable, ExecError
from tests.unit.plain_engine import GREETING, answer, engine_at, typed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def door(tmp_path: Path) -> Path:
    return tmp_path / "engine"


@pytest.mark.parametrize(
    ("container", "status"),
    [
        ({"Config": {"Labels": {}}}, "running"),
        ({"Config": {"Labels": {naming.MANAGED: "1"}}}, "paused"),
        ({"Config": {"Labels": None}}, "running"),
    ],
)
def test_nothing_is_started_in_what_is_not_ours_or_does_not_run(
    container: dict[str, Any], status: str, door: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"Id": "c1", "Image": "i1", "State": {"Status": status}, "NetworkSettings": {"Networks": {}}, **container}
    with engine_at(door, answers={"GET /containers/c/json": answer(200, told)}) as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.address)
        assert ssh_proxy.ssh_proxy("c") is None
    assert [request for request, _ in engine.asked] == ["GET /containers/c/json"]


def test_an_sshd_is_started_in_ours(
    door: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    with engine_at(door) as engine, typed(b""):
        monkeypatch.setenv("DOCKER_HOST", engine.address)
        assert ssh_proxy.ssh_proxy("c") == 7
    assert capfdbinary.readouterr().out == GREETING
    assert engine.asked[1][1]["Cmd"] == ["/usr/sbin/sshd", "-i", "-f", "/etc/envkit/sshd_config"]


def test_an_engine_that_goes_away_ends_it_with_the_code_of_no_program(
    door: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine_at(door, answers={"GET /exec/e%2F1/json": b""}) as engine, typed(b""):
        monkeypatch.setenv("DOCKER_HOST", engine.address)
        with pytest.raises(ExecError, match="the engine went away while running a program in c"):
            ssh_proxy.ssh_proxy("c")


def test_an_output_that_takes_nothing_ends_it_with_that_code_too(door: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(streams, "write", full)
    with engine_at(door) as engine, typed(b""):
        monkeypatch.setenv("DOCKER_HOST", engine.address)
        with pytest.raises(ExecError, match="No space left on device"):
            ssh_proxy.ssh_proxy("c")


@pytest.mark.parametrize("error", [EngineUnavailable("which engine cannot be told"), PermissionError(), ValueError()])
def test_an_engine_that_cannot_be_named_is_for_the_ordinary_road(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged() -> str:
        raise error

    monkeypatch.setattr(endpoint, "current_endpoint", damaged)
    assert ssh_proxy.ssh_proxy("c") is None


def test_a_folder_of_settings_that_cannot_be_looked_at_is_for_the_ordinary_road(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", f"/{'a' * 300}")  # longer than any name may be
    assert ssh_proxy.ssh_proxy("c") is None


def test_a_name_that_is_no_text_is_for_the_ordinary_road(door: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with engine_at(door) as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.address)
        assert ssh_proxy.ssh_proxy("\udcff") is None
        assert fast_inspect.running_container(engine.address, "\udcff") is None
    assert engine.asked == []


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "ssh://-oProxyCommand=x", "nothing"])
def test_engines_that_cannot_be_asked_at_once_are_for_the_ordinary_road(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", address)
    assert ssh_proxy.ssh_proxy("c") is None
