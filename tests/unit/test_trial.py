# ruff: noqa: ARG002 - a stand-in takes what the engine's API takes
"""One run in an image: each way in which it may not end well is told as what it is."""

from __future__ import annotations

import socket
from typing import Any

import docker.errors
import pytest
import requests
import urllib3.exceptions

from envkit.backends.docker import run_once
from envkit.backends.docker.client import Engine
from envkit.backends.docker.sdk_errors import GpuRefused
from envkit.errors import EngineUnavailable, StartFailed

RUNC = "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed:"
HOOK = (
    f"{RUNC} error running hook #0: exit status 1, stderr: nvidia-container-cli: initialization error: load library "
    "failed: libnvidia-ml.so.1: cannot open shared object file: no such file or directory: unknown"
)
OLD = "OCI runtime create failed: container_linux.go:380: starting container process caused:"


class Api:
    """A stand-in for the engine: a container that starts, says something and ends."""

    def __init__(
        self, start: Exception | None = None, wait: Exception | None = None, *, hangs_up: bool = False
    ) -> None:
        self.start_error, self.wait_error, self.hangs_up = start, wait, hangs_up
        self.removed: list[str] = []
        self.ours, self.its = socket.socketpair()
        self.asked: dict[str, Any] = {}

    def create_host_config(self, **settings: Any) -> dict[str, Any]:
        return settings

    def create_container(self, image: str, **settings: Any) -> dict[str, str]:
        self.asked = settings
        return {"Id": "made"}

    def attach_socket(self, container: str, params: dict[str, int]) -> socket.socket:
        return self.ours

    def start(self, container: str) -> None:
        if self.start_error:
            raise self.start_error
        self.its.close() if self.hangs_up else self.its.shutdown(socket.SHUT_WR)

    def wait(self, container: str, timeout: int) -> dict[str, int]:
        if self.wait_error:
            raise self.wait_error
        return {"StatusCode": 3}

    def inspect_container(self, container: str) -> dict[str, Any]:
        return {"State": {"OOMKilled": False}}

    def remove_container(self, container: str, **how: bool) -> None:
        self.removed.append(container)


def run(api: Api, text: str = "pass", program: str = "python", **more: str) -> run_once.RunResult:
    try:
        return run_once.run(
            Engine("unix:///x", api),  # type: ignore[arg-type]
            "i",
            (program, "-"),
            text,
            lambda _: None,
            name="n",
            labels={},
            limit_s=5,
            **more,  # type: ignore[arg-type]
        )
    finally:
        api.its.close()
        assert api.removed == ["made"]


def refused(text: str) -> docker.errors.APIError:
    return docker.errors.APIError("500 Server Error", explanation=text)


@pytest.mark.parametrize(
    "said",
    [
        f'{RUNC} unable to start container process: exec: "python": executable file not found in $PATH: unknown',
        f'{OLD} exec: "python": executable file not found in $PATH: unknown',
        f'{RUNC} error during container init: exec: "python": executable file not found in $PATH: unknown',
        r'container_linux.go:349: starting container process caused "exec: \"python\": executable file not found in $PATH"',
        f'{OLD} exec: "python": stat python: no such file or directory: unknown',
    ],
)
def test_an_image_without_the_program_is_told_as_that(said: str) -> None:
    with pytest.raises(run_once.ProgramNotFound):
        run(Api(refused(said)))


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (HOOK, GpuRefused),
        (
            'error gathering device information while adding custom device "/dev/nvidia0": no such file or directory',
            GpuRefused,
        ),
        (f'{OLD} exec: "nvidia-container-runtime-hook": executable file not found in $PATH', StartFailed),
        (f"{RUNC} rootfs_linux.go:76: mounting /x: no such file or directory", StartFailed),
        (f'{RUNC} exec: "python": permission denied: unknown', StartFailed),
    ],
)
def test_another_fault_of_the_start_is_not_a_missing_program(said: str, kind: type[Exception]) -> None:
    with pytest.raises(kind) as raised:
        run(Api(refused(said)))
    assert not isinstance(raised.value, run_once.ProgramNotFound)


def test_a_trial_is_on_no_network_unless_one_is_named_and_has_no_rights_on_any() -> None:
    alone, joined = Api(), Api()
    run(alone)
    run(joined, network="bridge")
    assert (alone.asked["network_disabled"], alone.asked["host_config"]["network_mode"]) == (True, "none")
    assert (joined.asked["network_disabled"], joined.asked["host_config"]["network_mode"]) == (False, "bridge")
    for one in (alone, joined):
        given = one.asked["host_config"]
        assert (given["cap_drop"], given["read_only"]) == (["ALL"], True)
        assert given["security_opt"] == ["no-new-privileges:true"]


READ_TIMED_OUT = urllib3.exceptions.ReadTimeoutError(None, "", "Read timed out.")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "late",
    [
        requests.exceptions.ReadTimeout("Read timed out."),
        requests.exceptions.ConnectionError(READ_TIMED_OUT),
    ],
)
def test_only_a_wait_that_took_too_long_is_one_that_took_too_long(late: Exception) -> None:
    assert run(Api(wait=late)).code is None


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (refused("no such container"), StartFailed),
        (requests.exceptions.ConnectionError("refused"), EngineUnavailable),
    ],
)
def test_a_fault_of_the_engine_is_the_engines(fault: Exception, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        run(Api(wait=fault))


def test_a_program_that_ends_before_it_read_everything_is_asked_for_its_code() -> None:
    assert run(Api(hangs_up=True), "x" * 10_000_000).code == 3
