"""A program in a container on our own stdin and stdout, without the SDK: its import takes longer than a login.

As with a glance, what is not a plain answer is for the ordinary road, which has the messages.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from envkit import net
from envkit.engines import glance, streams
from envkit.engines.unstarted import Output

if TYPE_CHECKING:
    from collections.abc import Sequence

OK, MADE = 200, 201


def raw(endpoint: str, container: str, argv: Sequence[str]) -> int | None:
    """Connect a program's stdin and stdout to the caller's, byte for byte, as `execs.raw` does.

    Returns:
        Its exit code, or None where it was not started.

    Raises:
        PassThrough: It could not be started, or the engine let go of it.
    """
    at = glance.door(endpoint)
    wanted = {"AttachStdin": True, "AttachStdout": True, "AttachStderr": True, "Tty": False, "Cmd": list(argv)}
    made = _told(net.post_local(at, f"/containers/{quote(container, safe='')}/exec", wanted), MADE)
    path = f"/exec/{quote(str(made.get('Id')), safe='')}"
    stream = net.upgraded(at, f"{path}/start", {"Detach": False, "Tty": False}) if "Id" in made else None
    if stream is None:
        return None
    output = Output(streams.write)
    try:
        with stream:
            streams.pump(stream, output, framed=True)
    except streams.ReaderLeft:
        return streams.READER_LEFT
    except OSError:
        return streams.ended(None)
    code = streams.ended(_told(net.get_local(at, f"{path}/json"), OK).get("ExitCode"))
    output.end(code, argv[0])
    return code


def _told(answer: net.Answer, status: int) -> dict[str, Any]:
    try:
        found = json.loads(answer.body) if answer.status == status else {}
    except ValueError:
        found = {}
    return found if isinstance(found, dict) else {}
