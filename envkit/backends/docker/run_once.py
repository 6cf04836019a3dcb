"""Run one program of an untrusted image in a temporary container, without privileges or access to the host.

The container has no network unless the caller names one.
"""

from __future__ import annotations

import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import docker.errors
import docker.types
import requests
import urllib3.exceptions

from envkit.backends.docker import container_exec
from envkit.backends.docker.create_options import gpu_options
from envkit.backends.docker.sdk_errors import translate_errors
from envkit.checks.gpu import engine_errors
from envkit.errors import ProgramNotFound, StartFailed
from envkit.model.backend import RunResult
from envkit.model.run_options import gpu_env

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from envkit.backends.docker.client import Engine
    from envkit.model.run import Gpus

MEMORY_LIMIT = "8g"
PIDS_LIMIT = 4096
TMPFS = {"/tmp": "rw,exec,nosuid,nodev,size=2g", "/run": "rw,nosuid,nodev,size=64m"}  # noqa: S108 - in the container
PROGRAM_MISSING = (
    r'exec: \\*"{}\\*": (stat \S+: )?(executable file not found|no such file or directory|not a directory)'
)


def run(
    engine: Engine,
    image: str,
    argv: Sequence[str],
    text: str,
    on_line: Callable[[str], None],
    *,
    name: str,
    labels: Mapping[str, str],
    limit_s: float,
    gpus: Gpus | None = None,
    network: str = "none",
    user: str = "",
    through_entrypoint: bool = False,
) -> RunResult:
    """Run a program of an image with a text on its stdin, and pass each line of its stdout to `on_line`.

    Args:
        engine: Engine to use.
        image: Id of the image.
        argv: Program and arguments.
        text: Text for stdin.
        on_line: Callback for each line.
        name: Name of the container.
        labels: Labels of the container.
        limit_s: Time limit in seconds.
        gpus: GPU request, or None.
        network: Name of the container's network.
        user: `UID:GID` of the program, or empty for the image's user.
        through_entrypoint: Whether the image's entrypoint receives the program; otherwise it is ignored.

    Raises:
        ProgramNotFound: The image does not contain the program.
        StartFailed: The container cannot be created or started.
    """
    with translate_errors(f"running the image {image}", StartFailed):
        container_id = engine.api.create_container(
            image,
            name=name,
            entrypoint=None if through_entrypoint else list(argv),
            command=list(argv) if through_entrypoint else [],
            user=user or None,
            stdin_open=True,
            labels=dict(labels),
            working_dir="/",
            environment={"HOME": "/tmp", **gpu_env(gpus)},  # noqa: S108 - in the container
            network_disabled=network == "none",
            healthcheck={"test": ["NONE"]},
            use_config_proxy=False,
            host_config=_host_config(engine.api, gpus, network),
        )["Id"]
        try:
            return _communicate(engine, container_id, argv[0], text, on_line, time.monotonic() + limit_s)
        finally:
            with suppress(docker.errors.NotFound):
                engine.api.remove_container(container_id, force=True, v=True)


def _host_config(api: Any, gpus: Gpus | None, network: str) -> Any:
    return api.create_host_config(
        network_mode=network,
        read_only=True,
        tmpfs=TMPFS,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true"],
        mem_limit=MEMORY_LIMIT,
        pids_limit=PIDS_LIMIT,
        ipc_mode="private",
        cgroupns="private",
        ulimits=[docker.types.Ulimit(name="core", soft=0, hard=0)],
        init=False,
        shm_size="256m",
        log_config={"type": "none"},
        **gpu_options(gpus),
    )


def _communicate(
    engine: Engine, container: str, program: str, text: str, on_line: Callable[[str], None], deadline: float
) -> RunResult:
    with container_exec.attach(engine, container) as stream:
        try:
            engine.api.start(container)
        except docker.errors.APIError as error:
            message = str(error.explanation or error)
            if not engine_errors.find_error(message) and re.search(PROGRAM_MISSING.format(re.escape(program)), message):
                raise ProgramNotFound(
                    f"the image does not contain the program {program}", code="image-program-missing"
                ) from error
            raise
        errors = b""
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # it exited before it had read everything
                errors = container_exec.communicate(stream, text.encode(), on_line, deadline, must_read=False)
        except TimeoutError:
            return RunResult(None, out_of_memory=False)
    try:
        code = engine.api.wait(container, timeout=max(1, int(deadline - time.monotonic())))["StatusCode"]
    except (requests.exceptions.ReadTimeout, requests.exceptions.ConnectionError) as error:
        if not _is_timeout(error):
            raise
        return RunResult(None, out_of_memory=False)
    state = engine.api.inspect_container(container)["State"]
    return RunResult(int(code), bool(state.get("OOMKilled")), errors.decode(errors="replace"))


def _is_timeout(error: requests.exceptions.RequestException) -> bool:
    """Check whether the engine was silent for too long; the SDK may raise the same type for a lost connection."""
    causes = error.args[:1]
    return isinstance(error, requests.exceptions.ReadTimeout) or any(
        isinstance(cause, urllib3.exceptions.ReadTimeoutError) for cause in causes
    )
