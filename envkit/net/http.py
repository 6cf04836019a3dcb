"""The one door to HTTP and TCP on this host."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

INVALID_URL = b"this is no address"
UNKNOWN_PROCESS = "a process that you may not see"
HEAD_BYTES_MAX, HEAD_END = 1 << 14, b"\r\n\r\n"  # of an answer
STREAM_TYPES = {b"application/vnd.docker.raw-stream", b"application/vnd.docker.multiplexed-stream"}
LISTENING = "0A"  # the kernel's number for TCP_LISTEN in /proc/net/tcp


@dataclass(frozen=True, slots=True)
class Response:
    """What an HTTP server said; `status` 0 means that none answered.

    Of a header that comes more than once, `headers` keeps the last; each `Set-Cookie` is in `cookies`.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    cookies: tuple[str, ...] = ()


def get(port: int, path: str, *, headers: Mapping[str, str] | None = None, timeout_s: float = 5) -> Response:
    """Ask a server on this host's loopback, and follow no redirect; after `timeout_s` in all it has not answered."""
    return _request(_Connection("127.0.0.1", port, socket.AF_INET, ("127.0.0.1", port), timeout_s), path, headers)


def send(
    port: int, method: str, path: str, headers: Mapping[str, str], body: bytes = b"", *, timeout_s: float = 10
) -> Response:
    """Send a request to a server on this host's loopback exactly as given: the path is not tidied up.

    After `timeout_s` in all it has not answered; nor has it where a header cannot be sent at all.
    """
    connection = _Connection("127.0.0.1", port, socket.AF_INET, ("127.0.0.1", port), timeout_s)
    all_headers = {"Host": f"127.0.0.1:{port}", **headers, **({"Content-Length": str(len(body))} if body else {})}
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in all_headers.items():
            connection.putheader(name, value)
        connection.endheaders(body or None)
        response = connection.getresponse()
        cookies = tuple(response.headers.get_all("Set-Cookie", ()))
        return Response(response.status, dict(response.getheaders()), response.read(1 << 20), cookies)
    except (OSError, http.client.HTTPException, ValueError):  # ValueError: no header can hold what was to be sent
        return Response(0, {})
    finally:
        connection.close()


def get_unix(socket_path: str, path: str, *, timeout_s: float = 5) -> Response:
    """Ask a server at a unix socket of this host; after `timeout_s` in all it has not answered."""
    return _request(_Connection("localhost", None, socket.AF_UNIX, socket_path, timeout_s), path, None)


def post_unix(socket_path: str, path: str, payload: object, *, timeout_s: float = 60) -> Response:
    """Send JSON to a server at a unix socket of this host; after `timeout_s` in all it has not answered."""
    connection = _Connection("localhost", None, socket.AF_UNIX, socket_path, timeout_s)
    return _request(connection, path, {"Content-Type": "application/json"}, json.dumps(payload).encode())


def upgrade_unix(socket_path: str, path: str, payload: object, *, timeout_s: float = 60) -> socket.socket | None:
    """Send JSON to a server at a unix socket of this host, and keep the connection for what both say from then on.

    Returns None where the server does not agree to that within `timeout_s` in all; what it began all the same finds
    the connection closed.
    """
    body = json.dumps(payload).encode()
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Connection: Upgrade",
        "Upgrade: tcp",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "",
        "",
    )
    connection = _DeadlineSocket(socket.AF_UNIX, timeout_s)
    try:
        connection.connect(socket_path)
        connection.sendall("\r\n".join(lines).encode() + body)
        accepted = _is_upgrade(_read_head(connection))
    except OSError:
        accepted = False
    if not accepted:
        connection.close()
        return None
    stream = socket.socket(fileno=connection.detach())
    stream.settimeout(None)
    return stream


def _is_upgrade(head: bytes) -> bool:
    """Say whether both may speak from now on: an engine says so also by 200, where nothing of our wish came to it."""
    status, *lines = head.lower().split(b"\r\n") if head.endswith(HEAD_END) else [b""]
    headers = {name: value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    return status.startswith(b"http/1.1 101 ") or (
        status.startswith(b"http/1.1 200 ")
        and headers.get(b"content-type") in STREAM_TYPES
        and not headers.keys() & {b"content-length", b"transfer-encoding"}  # such a stream has neither
    )


def _read_head(connection: socket.socket) -> bytes:
    """Read the head of an answer, and nothing of what comes behind it."""
    head = b""
    while not head.endswith(HEAD_END) and len(head) < HEAD_BYTES_MAX and (chunk := connection.recv(1)):
        head += chunk
    return head


def read_banner(port: int, *, timeout_s: float = 5) -> bytes:
    """Return the first bytes a server on this host's loopback says unasked, or nothing."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout_s) as connection:
            return connection.recv(256)
    except OSError:
        return b""


class _DeadlineSocket(socket.socket):
    """A socket with one time limit for everything: who answers may send a byte at a time."""

    def __init__(self, family: int, limit_s: float) -> None:
        super().__init__(family, socket.SOCK_STREAM)
        self._deadline = time.monotonic() + limit_s
        self.settimeout(limit_s)

    def sendall(self, data: Any, flags: int = 0) -> None:
        self._apply_deadline()
        super().sendall(data, flags)

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        self._apply_deadline()
        return super().recv(bufsize, flags)

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        self._apply_deadline()
        return super().recv_into(buffer, nbytes, flags)

    def _apply_deadline(self) -> None:
        remaining_s = self._deadline - time.monotonic()
        if remaining_s <= 0:
            raise TimeoutError
        self.settimeout(remaining_s)


class _Connection(http.client.HTTPConnection):
    """HTTP over a socket of this host, with one time limit for everything."""

    def __init__(
        self, host: str, port: int | None, family: int, address: str | tuple[str, int], timeout_s: float
    ) -> None:
        super().__init__(host, port, timeout=timeout_s)
        self._family, self._address, self._limit_s = family, address, timeout_s

    def connect(self) -> None:
        self.sock = _DeadlineSocket(self._family, self._limit_s)
        self.sock.connect(self._address)


def _request(
    connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str] | None, body: bytes | None = None
) -> Response:
    try:
        connection.request("GET" if body is None else "POST", path, body, dict(headers or {}))
        response = connection.getresponse()
        return Response(response.status, dict(response.getheaders()), response.read(1 << 20))
    except (OSError, http.client.HTTPException):
        return Response(0, {})
    finally:
        connection.close()


def send_head(url: str, proxies: Mapping[str, str], *, timeout_s: float, login: str = "") -> Response:
    """Ask a server anywhere for its headers, as the caller's other programs would; who does not answer has status 0.

    Then the body says why, in the words of whatever failed. No redirect is followed: who is asked is who was meant.

    Args:
        url: Its address, http or https, without a login.
        proxies: The caller's.
        timeout_s: How long each step may take.
        login: `user:password` for the server, or empty.
    """
    import urllib.error
    import urllib.request

    class NoRedirectHandler(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            """Follow none."""

    if not url.startswith(("http://", "https://")):
        return Response(0, {}, b"only http and https are asked")
    headers = {"User-Agent": "envkit"}
    if login:
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    proxies_by_scheme = {name.partition("_")[0]: address for name, address in proxies.items() if name != "no_proxy"}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler(proxies_by_scheme), NoRedirectHandler)
    try:
        request = urllib.request.Request(url, method="HEAD", headers=headers)  # noqa: S310 - looked at above
        with opener.open(request, timeout=timeout_s) as response:
            return Response(response.status, {name.lower(): value for name, value in response.headers.items()})
    except urllib.error.HTTPError as error:
        return Response(error.code, {name.lower(): value for name, value in error.headers.items()})
    except http.client.InvalidURL:  # its message holds what stands in the address
        return Response(0, {}, INVALID_URL)
    except (OSError, http.client.HTTPException) as error:
        return Response(0, {}, str(getattr(error, "reason", error)).encode() or type(error).__name__.encode())
    except ValueError:  # and so do these
        return Response(0, {}, INVALID_URL)


def is_reachable(url: str, proxies: Mapping[str, str], *, timeout_s: float = 1.5) -> bool:
    """Say whether the server of an address takes a connection, or the proxy on the way to it; in `timeout_s` in all."""
    parts = urlsplit(proxies.get(f"{url.partition(':')[0]}_proxy") or url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    results: Queue[bool] = Queue(1)

    def try_connect() -> None:
        connected = False
        with suppress(OSError), socket.create_connection((parts.hostname or "", port), timeout=timeout_s):
            connected = True
        results.put(connected)

    # Looking up a name obeys no time limit: whoever takes longer is not waited for.
    Thread(target=try_connect, daemon=True).start()
    try:
        return results.get(timeout=timeout_s)
    except Empty:
        return False


def busy_ports(tables: tuple[str, ...] = ("/proc/net/tcp", "/proc/net/tcp6")) -> frozenset[int]:
    """Return the TCP ports somebody listens on at an address that a loopback port would collide with."""
    ports: set[int] = set()
    for table in tables:
        try:
            lines = Path(table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            local_address, state = line.split()[1], line.split()[3]
            if state == LISTENING and _covers_loopback(local_address.rsplit(":", 1)[0]):
                ports.add(int(local_address.rsplit(":", 1)[1], 16))
    return frozenset(ports)


def port_listener(port: int) -> str:
    """Say who listens on a port, as far as the caller may see it."""
    import psutil

    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and _port_of(connection.laddr) == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass
    return UNKNOWN_PROCESS


def routes(table: str = "/proc/net/route") -> tuple[str, ...]:
    """Return the IPv4 networks this host routes, in CIDR form, the default route left out."""
    import ipaddress

    try:
        lines = Path(table).read_text("ascii").splitlines()[1:]
    except OSError:
        return ()
    networks = []
    for line in lines:
        fields = line.split()
        # Both are little-endian hexadecimal, as the kernel prints them.
        address, mask = (ipaddress.IPv4Address(int(fields[index], 16).to_bytes(4, "little")) for index in (1, 7))
        if int(mask):
            networks.append(str(ipaddress.IPv4Network(f"{address}/{mask}", strict=False)))
    return tuple(sorted(set(networks)))


def _port_of(address: object) -> int:
    return int(getattr(address, "port", 0))


def _covers_loopback(address: str) -> bool:
    # 127.x.x.x is little-endian in the table, so its first octet comes last; all zeroes is every address.
    return set(address) == {"0"} or address.endswith(("7F", "01000000"))
