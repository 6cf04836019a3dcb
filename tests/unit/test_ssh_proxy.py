"""Fast path of `ssh-proxy`: it starts sshd only in a running container of envkit."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from envkit import naming
from envkit.backends import endpoint
from envkit.backends.docker import fast_inspect, streams
from envkit.commands import ssh_proxy
from envkit.errors import EngineUnavailable, ExecError
from tests.support.recorded_engine import GREETING, answer, engine_at, stdin_text

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def socket_path(tmp_path: Path) -> Path:
    return tmp_path / "engine"


def test_sshd_starts_only_in_a_running_container_of_envkit(socket_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases: list[tuple[dict[str, str] | None, str]] = [
        ({}, "running"),
        ({naming.MANAGED: "1"}, "paused"),
        (None, "running"),
    ]
    for labels, status in cases:
        container = {
            "Id": "c1",
            "Image": "i1",
            "State": {"Status": status},
            "NetworkSettings": {"Networks": {}},
            "Config": {"Labels": labels},
        }
        with engine_at(socket_path, answers={"GET /containers/c/json": answer(200, container)}) as engine:
            monkeypatch.setenv("DOCKER_HOST", engine.address)
            assert ssh_proxy.fast_ssh_proxy("c") is None, (labels, status)
        assert [request for request, _ in engine.requests] == ["GET /containers/c/json"], (labels, status)


def test_sshd_is_connected_to_stdin_and_stdout(
    socket_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    with engine_at(socket_path) as engine, stdin_text(b""):
        monkeypatch.setenv("DOCKER_HOST", engine.address)
        assert ssh_proxy.fast_ssh_proxy("c") == 7
    assert capfdbinary.readouterr().out == GREETING
    assert engine.requests[1][1]["Cmd"] == ["/usr/sbin/sshd", "-i", "-f", "/etc/envkit/sshd_config"]


def test_lost_engine_connection_is_an_exec_error(socket_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with engine_at(socket_path, answers={"GET /exec/e%2F1/json": b""}) as engine, stdin_text(b""):
        monkeypatch.setenv("DOCKER_HOST", engine.address)
        with pytest.raises(ExecError) as error:
            ssh_proxy.fast_ssh_proxy("c")
    assert error.value.code == "engine-connection-lost"


def test_failed_write_to_stdout_is_an_exec_error(socket_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(streams, "write", write)
    with engine_at(socket_path) as engine, stdin_text(b""):
        monkeypatch.setenv("DOCKER_HOST", engine.address)
        with pytest.raises(ExecError, match="No space left on device"):
            ssh_proxy.fast_ssh_proxy("c")


def test_unknown_engine_needs_the_full_path(monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (EngineUnavailable("unknown engine", code="engine-unavailable"), PermissionError(), ValueError()):

        def current_endpoint(error: Exception = error) -> str:
            raise error

        monkeypatch.setattr(endpoint, "current_endpoint", current_endpoint)
        assert ssh_proxy.fast_ssh_proxy("c") is None, error


def test_unusable_docker_context_needs_the_full_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONTEXT", "absent")
    monkeypatch.setenv("DOCKER_CONFIG", f"/{'a' * 300}")  # longer than the limit for file names
    assert ssh_proxy.fast_ssh_proxy("c") is None


def test_name_that_is_not_text_needs_the_full_path(socket_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with engine_at(socket_path) as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.address)
        assert ssh_proxy.fast_ssh_proxy("\udcff") is None
        assert fast_inspect.running_container(engine.address, "\udcff") is None
    assert engine.requests == []


def test_unsupported_endpoints_need_the_full_path(monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("tcp://127.0.0.1:1", "ssh://-oProxyCommand=x", "nothing"):
        monkeypatch.setenv("DOCKER_HOST", address)
        assert ssh_proxy.fast_ssh_proxy("c") is None, address
