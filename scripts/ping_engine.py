"""Ask whether a container engine answers on a Unix socket: `ping_engine.py SOCKET`.

Exit codes: 0 it answers, 1 nothing does, 4 the caller may not use the socket.
Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import socket
import sys

ANSWERS, NOTHING, DENIED = 0, 1, 4
# Socket activation starts the engine on the first connection, which takes its time to answer.
TIMEOUT_S = 20


def ping(path: str) -> int:
    """Send one ping and say how it went, as an exit code."""
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(TIMEOUT_S)
        try:
            door.connect(path)
            door.sendall(b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n")
            status = door.makefile("rb").readline()
        except PermissionError:
            return DENIED
        except OSError:
            return NOTHING
    return ANSWERS if b" 200 " in status else NOTHING


if __name__ == "__main__":
    sys.exit(ping(sys.argv[1]))
