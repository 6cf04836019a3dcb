"""A program in a container on our own stdin and stdout, without the SDK: its import takes longer than a login.

As with a glance, what is not a plain answer is for the ordinary road, which has the messages.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from envkit.backends.docker import fast_inspect, streams
from envkit.backends.docker.disconnected import connection_lost_error
from envkit.backends.docker.exec_errors import OutputBuffer
from envkit.net import http

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.errors import EngineUnavailable

OK, CREATED = 200, 201
ANSWER_TIMEOUT_S = 60  # as long as the SDK waits on the ordinary road


def run_raw(endpoint: str, container: str, argv: Sequence[str]) -> int | None:
    """Connect a program's stdin and stdout to the caller's, byte for byte, as `execs.raw` does.

    Returns:
        Its exit code, or None where the engine does not plainly start it. Should it have done so all the same, the
        program finds its stdin at an end, and ours was not read.

    Raises:
        EngineUnavailable: The engine went away.
        OSError: Our own stdout takes nothing.
        PassThrough: It could not be started, or the engine let go of it.
    """
    socket_path = fast_inspect.local_socket(endpoint)
    exec_config = {"AttachStdin": True, "AttachStdout": True, "AttachStderr": True, "Tty": False, "Cmd": list(argv)}
    exec_instance = _parse_json(
        http.post_unix(
            socket_path, f"/containers/{quote(container, safe='')}/exec", exec_config, timeout_s=ANSWER_TIMEOUT_S
        ),
        CREATED,
    )
    path = f"/exec/{quote(str(exec_instance.get('Id')), safe='')}"
    start_config = {"Detach": False, "Tty": False}
    stream = (
        http.upgrade_unix(socket_path, f"{path}/start", start_config, timeout_s=ANSWER_TIMEOUT_S)
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
    answer = http.get_unix(socket_path, f"{path}/json", timeout_s=ANSWER_TIMEOUT_S)
    if not answer.status:
        raise _connection_lost_error(container, "no answer")
    return streams.require_exit_code(_parse_json(answer, OK).get("ExitCode"))


def _connection_lost_error(container: str, detail: str) -> EngineUnavailable:
    return connection_lost_error(f"running a program in {container}", detail)


def _parse_json(answer: http.Response, status: int) -> dict[str, Any]:
    try:
        document = json.loads(answer.body) if answer.status == status else {}
    except ValueError:
        document = {}
    return document if isinstance(document, dict) else {}
