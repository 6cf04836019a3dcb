"""A program in a container on our own stdin and stdout, without the SDK: its import takes longer than a login.

As with a glance, what is not a plain answer is for the ordinary road, which has the messages.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from envkit import net
from envkit.engines import glance, streams
from envkit.engines.gone import went_away
from envkit.engines.unstarted import Output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.errors import EngineUnavailable

OK, MADE = 200, 201
ANSWER_S = 60  # as long as the SDK waits on the ordinary road


def raw(endpoint: str, container: str, argv: Sequence[str]) -> int | None:
    """Connect a program's stdin and stdout to the caller's, byte for byte, as `execs.raw` does.

    Returns:
        Its exit code, or None where the engine does not plainly start it. Should it have done so all the same, the
        program finds its stdin at an end, and ours was not read.

    Raises:
        EngineUnavailable: The engine went away.
        OSError: Our own stdout takes nothing.
        PassThrough: It could not be started, or the engine let go of it.
    """
    at = glance.door(endpoint)
    wanted = {"AttachStdin": True, "AttachStdout": True, "AttachStderr": True, "Tty": False, "Cmd": list(argv)}
    made = _told(net.post_local(at, f"/containers/{quote(container, safe='')}/exec", wanted, timeout_s=ANSWER_S), MADE)
    path = f"/exec/{quote(str(made.get('Id')), safe='')}"
    how = {"Detach": False, "Tty": False}
    stream = net.upgraded(at, f"{path}/start", how, timeout_s=ANSWER_S) if "Id" in made else None
    if stream is None:
        return None
    output = Output(streams.write)
    try:
        with stream:
            streams.pump(stream, output, framed=True)
        code = _exit_code(at, path, container)
        output.end(code, argv[0])
    except streams.ReaderLeft:
        return streams.READER_LEFT
    except ConnectionError as error:
        raise _gone(container, type(error).__name__) from error
    return code


def _exit_code(at: str, path: str, container: str) -> int:
    answer = net.get_local(at, f"{path}/json", timeout_s=ANSWER_S)
    if not answer.status:
        raise _gone(container, "no answer")
    return streams.ended(_told(answer, OK).get("ExitCode"))


def _gone(container: str, seen: str) -> EngineUnavailable:
    return went_away(f"running a program in {container}", seen)


def _told(answer: net.Answer, status: int) -> dict[str, Any]:
    try:
        found = json.loads(answer.body) if answer.status == status else {}
    except ValueError:
        found = {}
    return found if isinstance(found, dict) else {}
