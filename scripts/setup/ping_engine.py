"""Ping the container engine on a Unix socket: `ping_engine.py SOCKET`.

Exit codes: 0 the engine answers, 1 no engine answers, 4 the caller has no access to the socket.
Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import socket
import sys

OK, UNREACHABLE, DENIED = 0, 1, 4
# Socket activation starts the engine on the first connection, so the first answer may take long.
TIMEOUT_S = 20


def ping(path: str) -> int:
    """Send one ping and return the result as an exit code."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(TIMEOUT_S)
        try:
            sock.connect(path)
            sock.sendall(b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n")
            status = sock.makefile("rb").readline()
        except PermissionError:
            return DENIED
        except OSError:
            return UNREACHABLE
    return OK if b" 200 " in status else UNREACHABLE


if __name__ == "__main__":
    sys.exit(ping(sys.argv[1]))
