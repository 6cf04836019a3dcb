"""HTTP over TCP."""

from __future__ import annotations

import base64
import http.client
import socket
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from envkit.net.plain_http import BODY_BYTES_MAX, LOOPBACK, DeadlineSocket

if TYPE_CHECKING:
    from collections.abc import Mapping

INVALID_URL = b"invalid URL"


@dataclass(frozen=True, slots=True)
class Response:
    """The response of an HTTP server.

    Attributes:
        status: HTTP status code; 0 if no server answered.
        headers: Header values by name; the last one if a name is repeated.
        body: At most 1 MiB of the body.
        cookies: Every `Set-Cookie` header.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    cookies: tuple[str, ...] = ()


class Connection(http.client.HTTPConnection):
    """HTTP over a socket of this host, with one time limit for everything."""

    def __init__(
        self, host: str, port: int | None, family: int, address: str | tuple[str, int], timeout_s: float
    ) -> None:
        super().__init__(host, port, timeout=timeout_s)
        self._family, self._address, self._limit_s = family, address, timeout_s

    def connect(self) -> None:
        """Connect before the deadline."""
        self.sock = DeadlineSocket(self._family, self._limit_s)
        self.sock.connect(self._address)


def get(port: int, path: str, *, headers: Mapping[str, str] | None = None, timeout_s: float = 5) -> Response:
    """Send a GET request to a server on loopback; the status is 0 after `timeout_s` in total. Redirects are ignored."""
    return request(_loopback_connection(port, timeout_s), path, headers)


def send(
    port: int, method: str, path: str, headers: Mapping[str, str], body: bytes = b"", *, timeout_s: float = 10
) -> Response:
    """Send a request to a server on loopback without normalizing its path.

    The status is 0 after `timeout_s` in total, and for a header that cannot be sent.
    """
    connection = _loopback_connection(port, timeout_s)
    all_headers = {"Host": f"{LOOPBACK}:{port}", **headers, **({"Content-Length": str(len(body))} if body else {})}
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in all_headers.items():
            connection.putheader(name, value)
        connection.endheaders(body or None)
        response = connection.getresponse()
        cookies = tuple(response.headers.get_all("Set-Cookie", ()))
        return Response(response.status, dict(response.getheaders()), response.read(BODY_BYTES_MAX), cookies)
    except (OSError, http.client.HTTPException, ValueError):  # ValueError: a value that no header can hold
        return Response(0, {})
    finally:
        connection.close()


def request(
    connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str] | None, body: bytes | None = None
) -> Response:
    """Send a GET request, or a POST request if there is a body, and close the connection."""
    try:
        connection.request("GET" if body is None else "POST", path, body, dict(headers or {}))
        response = connection.getresponse()
        return Response(response.status, dict(response.getheaders()), response.read(BODY_BYTES_MAX))
    except (OSError, http.client.HTTPException):
        return Response(0, {})
    finally:
        connection.close()


def send_head(url: str, proxies: Mapping[str, str], *, timeout_s: float, login: str = "") -> Response:
    """Send a HEAD request to any server through the caller's proxies, without following redirects.

    If no server answers, the status is 0 and the body holds the reason.

    Args:
        url: Address with http or https, without a login.
        proxies: The caller's proxies.
        timeout_s: Time limit of each step.
        login: `user:password` for the server, or empty.
    """
    import urllib.error
    import urllib.request

    class NoRedirectHandler(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            """Follow no redirect."""

    if not url.startswith(("http://", "https://")):
        return Response(0, {}, b"only http and https are supported")
    headers = {"User-Agent": "envkit"}
    if login:
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    proxies_by_scheme = {name.partition("_")[0]: address for name, address in proxies.items() if name != "no_proxy"}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler(proxies_by_scheme), NoRedirectHandler)
    try:
        head_request = urllib.request.Request(url, method="HEAD", headers=headers)  # noqa: S310 - checked above
        with opener.open(head_request, timeout=timeout_s) as response:
            return Response(response.status, {name.lower(): value for name, value in response.headers.items()})
    except urllib.error.HTTPError as error:
        return Response(error.code, {name.lower(): value for name, value in error.headers.items()})
    except http.client.InvalidURL:  # its message may hold a password from the URL
        return Response(0, {}, INVALID_URL)
    except (OSError, http.client.HTTPException) as error:
        return Response(0, {}, str(getattr(error, "reason", error)).encode() or type(error).__name__.encode())
    except ValueError:  # its message may hold a password, too
        return Response(0, {}, INVALID_URL)


def is_proxy_bypassed(server: str) -> bool:
    """Check whether the caller's `no_proxy` names a server, given as `host` or `host:port`."""
    import urllib.request

    return bool(urllib.request.proxy_bypass(server))


def is_reachable(url: str, proxies: Mapping[str, str], *, timeout_s: float = 1.5) -> bool:
    """Check whether a server, or the proxy for it, accepts a connection within `timeout_s` in total."""
    parts = urlsplit(proxies.get(f"{url.partition(':')[0]}_proxy") or url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    results: Queue[bool] = Queue(1)

    def try_connect() -> None:
        connected = False
        with suppress(OSError), socket.create_connection((parts.hostname or "", port), timeout=timeout_s):
            connected = True
        results.put(connected)

    # Name resolution has no time limit, so it runs in a thread that may outlast this call.
    Thread(target=try_connect, daemon=True).start()
    try:
        return results.get(timeout=timeout_s)
    except Empty:
        return False


def _loopback_connection(port: int, timeout_s: float) -> Connection:
    return Connection(LOOPBACK, port, socket.AF_INET, (LOOPBACK, port), timeout_s)
