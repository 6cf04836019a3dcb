# ruff: noqa: ARG002 - the fake has the signatures of the engine's API
"""A run of a program in an image reports each kind of failure as what it is."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any

import docker.errors
import pytest
import requests
import urllib3.exceptions

from envkit.backends.docker import run_once
from envkit.backends.docker.client import Engine
from envkit.errors import EngineUnavailable, GpuRefused, ProgramNotFound, StartFailed
from envkit.model.run import Gpus

if TYPE_CHECKING:
    from envkit.model.backend import RunResult

RUNC = "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed:"
HOOK = (
    f"{RUNC} error running hook #0: exit status 1, stderr: nvidia-container-cli: initialization error: load library "
    "failed: libnvidia-ml.so.1: cannot open shared object file: no such file or directory: unknown"
)
NOT_IN_PATH = "executable file not found in $PATH"
OLD_RUNC = "OCI runtime create failed: container_linux.go:380: starting container process caused:"


class Api:
    """A fake of the engine's API: a container that starts and exits."""

    def __init__(
        self, start: Exception | None = None, wait: Exception | None = None, *, closes_stdin: bool = False
    ) -> None:
        self.start_error, self.wait_error, self.closes_stdin = start, wait, closes_stdin
        self.removed: list[str] = []
        self.client_socket, self.server_socket = socket.socketpair()
        self.settings: dict[str, Any] = {}

    def create_host_config(self, **settings: Any) -> dict[str, Any]:
        return settings

    def create_container(self, image: str, **settings: Any) -> dict[str, str]:
        self.settings = settings
        return {"Id": "created"}

    def attach_socket(self, container: str, params: dict[str, int]) -> socket.socket:
        return self.client_socket

    def start(self, container: str) -> None:
        if self.start_error:
            raise self.start_error
        self.server_socket.close() if self.closes_stdin else self.server_socket.shutdown(socket.SHUT_WR)

    def wait(self, container: str, timeout: int) -> dict[str, int]:
        if self.wait_error:
            raise self.wait_error
        return {"StatusCode": 3}

    def inspect_container(self, container: str) -> dict[str, Any]:
        return {"State": {"OOMKilled": False}}

    def remove_container(self, container: str, **options: bool) -> None:
        self.removed.append(container)


def run(api: Api, text: str = "pass", program: str = "python", **options: Any) -> RunResult:
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
            **options,
        )
    finally:
        api.server_socket.close()
        assert api.removed == ["created"]


def api_error(text: str) -> docker.errors.APIError:
    return docker.errors.APIError("500 Server Error", explanation=text)


def test_a_missing_program_is_recognized() -> None:
    for message in (
        f'{RUNC} unable to start container process: exec: "python": {NOT_IN_PATH}: unknown',
        f'{OLD_RUNC} exec: "python": {NOT_IN_PATH}: unknown',
        f'{RUNC} error during container init: exec: "python": {NOT_IN_PATH}: unknown',
        rf'container_linux.go:349: starting container process caused "exec: \"python\": {NOT_IN_PATH}"',
        f'{OLD_RUNC} exec: "python": stat python: no such file or directory: unknown',
    ):
        with pytest.raises(ProgramNotFound) as error:
            run(Api(api_error(message)))
        assert error.value.code == "image-program-missing", message


def test_other_start_errors_are_not_a_missing_program() -> None:
    cases: list[tuple[str, type[Exception]]] = [
        (HOOK, GpuRefused),
        (
            'error gathering device information while adding custom device "/dev/nvidia0": no such file or directory',
            GpuRefused,
        ),
        (f'{OLD_RUNC} exec: "nvidia-container-runtime-hook": executable file not found in $PATH', GpuRefused),
        (f"{RUNC} rootfs_linux.go:76: mounting /x: no such file or directory", StartFailed),
        (f'{RUNC} exec: "python": permission denied: unknown', StartFailed),
    ]
    for message, error_type in cases:
        with pytest.raises(error_type) as error:
            run(Api(api_error(message)))
        assert not isinstance(error.value, ProgramNotFound), message


def test_a_run_has_no_network_unless_named_and_no_privileges() -> None:
    isolated, networked = Api(), Api()
    run(isolated)
    run(networked, network="bridge")
    for api, network_disabled, network_mode in ((isolated, True, "none"), (networked, False, "bridge")):
        host_config = api.settings["host_config"]
        assert (api.settings["network_disabled"], host_config["network_mode"]) == (network_disabled, network_mode)
        assert (host_config["cap_drop"], host_config["read_only"]) == (["ALL"], True)
        assert host_config["security_opt"] == ["no-new-privileges:true"]
        assert host_config["cgroupns"] == "private"


def test_the_nvidia_runtime_receives_the_requested_gpus() -> None:
    for method, variable in (("runtime", {"NVIDIA_VISIBLE_DEVICES": "all"}), ("hook", {}), ("cdi", {})):
        api = Api()
        run(api, gpus=Gpus(method, ("all",)))
        assert {"HOME": "/tmp", **variable} == api.settings["environment"], method


def test_a_run_has_the_given_user_and_entrypoint() -> None:
    plain, through = Api(), Api()
    run(plain, user="1000:1000")
    run(through, through_entrypoint=True)
    assert (plain.settings["user"], plain.settings["entrypoint"]) == ("1000:1000", ["python", "-"])
    assert (through.settings["entrypoint"], through.settings["command"]) == (None, ["python", "-"])


def test_the_end_of_stderr_is_returned_even_if_stdin_is_not_read() -> None:
    api, message = Api(), b"error while loading shared libraries: libz.so.1"
    start = api.start

    def print_and_exit(container: str) -> None:
        api.server_socket.sendall(struct.pack(">BxxxL", 2, len(message)) + message)
        start(container)

    api.start = print_and_exit  # type: ignore[method-assign]
    assert run(api).errors == message.decode()


READ_TIMED_OUT = urllib3.exceptions.ReadTimeoutError(None, "", "Read timed out.")  # type: ignore[arg-type]


def test_a_timeout_of_the_wait_has_no_exit_code() -> None:
    for error in (
        requests.exceptions.ReadTimeout("Read timed out."),
        requests.exceptions.ConnectionError(READ_TIMED_OUT),
    ):
        assert run(Api(wait=error)).code is None, error


def test_other_errors_of_the_wait_are_raised() -> None:
    cases: list[tuple[Exception, type[Exception]]] = [
        (api_error("no such container"), StartFailed),
        (requests.exceptions.ConnectionError("refused"), EngineUnavailable),
    ]
    for error, error_type in cases:
        with pytest.raises(error_type):
            run(Api(wait=error))


def test_a_program_may_exit_before_it_has_read_its_stdin() -> None:
    assert run(Api(closes_stdin=True), "x" * 10_000_000).code == 3
