"""One run of one program in an image that anybody may have made: without rights, and with nothing of the host in it.

It has no network, unless one is named.
"""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import docker.errors
import requests
import urllib3.exceptions

from envkit.checks import toolkit
from envkit.engines import execs
from envkit.engines.failure import translated
from envkit.engines.settings import device_requests
from envkit.errors import StartFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from envkit.engines.connect import Engine
    from envkit.model.run import Gpus

MEMORY = "8g"
PROCESSES = 4096
SCRATCH = {"/tmp": "rw,exec,nosuid,nodev,size=2g", "/run": "rw,nosuid,nodev,size=64m"}  # noqa: S108 - in the container
MISSING = r'exec: \\*"{}\\*": (stat \S+: )?(executable file not found|no such file or directory|not a directory)'


class NoProgram(StartFailed):
    """The image has no program of that name."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Attributes:
        code: The program's exit code, or None where it was stopped for taking too long.
        out_of_memory: Whether the kernel killed something in it for want of memory.
    """

    code: int | None
    out_of_memory: bool


def run(
    engine: Engine, image: str, argv: Sequence[str], text: str, on_line: Callable[[str], None],
    *, name: str, labels: Mapping[str, str], limit_s: float, gpus: Gpus | None = None, network: str = "none",
) -> Ended:
    """Run a program of an image with a text on its stdin, and hand over each line of its stdout.

    Args:
        engine: Where.
        image: Id of the image.
        argv: The program and its arguments; the image's own entrypoint is left out.
        text: What it reads.
        on_line: Gets each line.
        name: What to call the container.
        labels: Of the container.
        limit_s: How long it may take, seconds.
        gpus: Which GPUs it gets.
        network: The network it joins.

    Raises:
        NoProgram: There is none of that name in the image.
        StartFailed: The image cannot run.
    """
    with translated(f"trying the image {image}", StartFailed):
        made = engine.api.create_container(
            image, name=name, entrypoint=list(argv), command=[], stdin_open=True, labels=dict(labels), working_dir="/",
            environment={"HOME": "/tmp"}, network_disabled=network == "none", healthcheck={"test": ["NONE"]},  # noqa: S108
            use_config_proxy=False, host_config=_host_config(engine.api, gpus, network),
        )["Id"]
        try:
            return _talked(engine, made, argv[0], text, on_line, time.monotonic() + limit_s)
        finally:
            with suppress(docker.errors.NotFound):
                engine.api.remove_container(made, force=True, v=True)


def _host_config(api: Any, gpus: Gpus | None, network: str) -> Any:
    return api.create_host_config(
        network_mode=network, read_only=True, tmpfs=SCRATCH, cap_drop=["ALL"], security_opt=["no-new-privileges:true"],
        mem_limit=MEMORY, pids_limit=PROCESSES, ipc_mode="private", init=False, shm_size="256m",
        log_config={"type": "none"}, **device_requests(gpus),
    )


def _talked(
    engine: Engine, container: str, program: str, text: str, on_line: Callable[[str], None], until: float
) -> Ended:
    with execs.attached_to(engine, container) as stream:
        try:
            engine.api.start(container)
        except docker.errors.APIError as error:
            said = str(error.explanation or error)
            if not toolkit.refused(said) and re.search(MISSING.format(re.escape(program)), said):
                raise NoProgram(f"the image has no program {program}") from error
            raise
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # it ended before it had read everything
                execs.talk(stream, text.encode(), on_line, until)
        except TimeoutError:
            return Ended(None, out_of_memory=False)
    try:
        code = engine.api.wait(container, timeout=max(1, int(until - time.monotonic())))["StatusCode"]
    except (requests.exceptions.ReadTimeout, requests.exceptions.ConnectionError) as error:
        if not _took_too_long(error):
            raise
        return Ended(None, out_of_memory=False)
    state = engine.api.inspect_container(container)["State"]
    return Ended(int(code), bool(state.get("OOMKilled")))


def _took_too_long(error: requests.exceptions.RequestException) -> bool:
    """Say whether an engine was silent for too long, and not gone: the SDK tells both by one type at times."""
    said = error.args[:1]
    return isinstance(error, requests.exceptions.ReadTimeout) or any(
        isinstance(one, urllib3.exceptions.ReadTimeoutError) for one in said
    )
