"""Run a program in a container on this process's stdin and stdout, without the Docker SDK.

Importing the SDK takes longer than an SSH login. After any unexpected answer, the caller uses the SDK instead, which
has the error messages.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from envkit.backends.connection_errors import connection_lost_error
from envkit.backends.docker import fast_inspect, streams
from envkit.backends.docker.exec_errors import OutputBuffer
from envkit.net import unix_http

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.errors import EngineUnavailable
    from envkit.net.http import Response

OK, CREATED = 200, 201
ANSWER_TIMEOUT_S = 60  # the same as with the SDK


def run_raw(endpoint: str, container: str, argv: Sequence[str]) -> int | None:
    """Connect a program's stdin and stdout to the caller's, byte for byte, as `container_exec.run_raw` does.

    Returns:
        The program's exit code; None if the engine does not clearly start it. If it started nevertheless, its stdin
        is closed, and nothing was read from the caller's.

    Raises:
        EngineUnavailable: The connection to the engine was lost.
        OSError: Writing to the caller's stdout failed.
        ExecError: The program could not be started, or the engine closed the connection before it finished.
    """
    socket_path = fast_inspect.local_socket(endpoint)
    exec_config = {"AttachStdin": True, "AttachStdout": True, "AttachStderr": True, "Tty": False, "Cmd": list(argv)}
    exec_instance = _parse_json(
        unix_http.post(
            socket_path, f"/containers/{quote(container, safe='')}/exec", exec_config, timeout_s=ANSWER_TIMEOUT_S
        ),
        CREATED,
    )
    path = f"/exec/{quote(str(exec_instance.get('Id')), safe='')}"
    start_config = {"Detach": False, "Tty": False}
    stream = (
        unix_http.upgrade(socket_path, f"{path}/start", start_config, timeout_s=ANSWER_TIMEOUT_S)
        if "Id" in exec_instance
        else None
    )
    if stream is None:
        return None
    output = OutputBuffer(streams.write)
    try:
        with stream:
            streams.pump(stream, output, framed=True)
        code = _exit_code(socket_path, path, container)
        output.end(code, argv[0])
    except streams.OutputClosed:
        return streams.SIGPIPE_EXIT_CODE
    except ConnectionError as error:
        raise _connection_lost_error(container, type(error).__name__) from error
    return code


def _exit_code(socket_path: str, path: str, container: str) -> int:
    answer = unix_http.get(socket_path, f"{path}/json", timeout_s=ANSWER_TIMEOUT_S)
    if not answer.status:
        raise _connection_lost_error(container, "no answer")
    return streams.require_exit_code(_parse_json(answer, OK).get("ExitCode"))


def _connection_lost_error(container: str, detail: str) -> EngineUnavailable:
    return connection_lost_error(f"running a program in {container}", detail)


def _parse_json(answer: Response, status: int) -> dict[str, Any]:
    try:
        document = json.loads(answer.body) if answer.status == status else {}
    except ValueError:
        document = {}
    return document if isinstance(document, dict) else {}
