"""HTTP requests get a response or status 0, and listeners and routes of this host are found."""

from __future__ import annotations

import base64
import http.server
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from envkit.net import http as http_
from envkit.net import plain_http, ports, unix_http

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Handler(http.server.BaseHTTPRequestHandler):
    """Checks a token on GET; on HEAD, answers with the status in the path and a redirect."""

    def do_GET(self) -> None:
        self.send_response(200 if self.headers["Authorization"] == "token right" else 403)
        self.end_headers()
        self.wfile.write(b"body")

    def do_HEAD(self) -> None:
        assert isinstance(self.server, Server)
        self.server.requests.append((self.path, self.headers.get("Authorization")))
        self.send_response(int(self.path.rpartition("/")[2]))
        self.send_header("Location", "/200")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


class Server(http.server.ThreadingHTTPServer):
    """A server on loopback that records HEAD requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, str | None]] = []


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as http_server:
        thread = threading.Thread(target=http_server.serve_forever, args=(0.01,))
        thread.start()
        yield http_server
        http_server.shutdown()
        thread.join()


def test_get_returns_the_status(server: Server) -> None:
    assert http_.get(server.server_port, "/", headers={"Authorization": "token right"}).status == 200
    assert http_.get(server.server_port, "/").status == 403


def test_a_port_without_a_server_has_status_0() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert http_.get(unused.getsockname()[1], "/").status == 0


def endless_response(listener: socket.socket, start: bytes, stopped: threading.Event) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.sendall(start)
        with suppress(OSError):
            while not stopped.wait(0.005):
                connection.sendall(b"x")


def test_an_endless_response_has_status_0(tmp_path: Path) -> None:
    for family in (socket.AF_INET, socket.AF_UNIX):
        for start in (b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "):
            path = tmp_path / f"{family}-{len(start)}"
            stopped = threading.Event()
            with socket.socket(family) as listener:
                listener.bind(str(path) if family == socket.AF_UNIX else ("127.0.0.1", 0))
                listener.listen()
                thread = threading.Thread(target=endless_response, args=(listener, start, stopped), daemon=True)
                thread.start()
                if family == socket.AF_UNIX:
                    response = unix_http.get(str(path), "/", timeout_s=0.05)
                else:
                    response = http_.get(listener.getsockname()[1], "/", timeout_s=0.05)
                stopped.set()
                thread.join()
            assert response == http_.Response(0, {}), (family, start)


RESPONSES: dict[bytes, tuple[int, bytes | None]] = {
    b"HTTP/1.0 200 OK\r\n\r\nbody": (200, b"body"),
    b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno more": (404, b"no"),
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody": (0, b""),  # incomplete
    b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nbody": (0, b""),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n": (200, None),
    b"HTTP/1.1 200": (0, b""),
    b"HTTP/1.1 OK\r\n\r\n": (0, b""),
    b"SSH-2.0-x\r\n\r\n": (0, b""),
    b"": (0, b""),
}


def test_a_plain_response_is_read_as_a_whole_or_has_status_0(tmp_path: Path) -> None:
    for number, (response, expected) in enumerate(RESPONSES.items()):
        path, stopped = str(tmp_path / str(number)), threading.Event()
        with answering(path, response, stopped):
            assert plain_http.get_from_socket(path, "/", timeout_s=0.2) == expected, response
            stopped.set()
    assert plain_http.get_from_socket(str(tmp_path / "none"), "/") == (0, b"")


def test_an_endless_plain_response_has_status_0(tmp_path: Path) -> None:
    for start in (b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "):
        path, stopped = str(tmp_path / str(len(start))), threading.Event()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            thread = threading.Thread(target=endless_response, args=(listener, start, stopped), daemon=True)
            thread.start()
            assert plain_http.get_from_socket(path, "/", timeout_s=0.05) == (0, b""), start
            stopped.set()
            thread.join()


def test_a_plain_request_holds_no_second_header(server: Server) -> None:
    assert plain_http.get_from_port(server.server_port, "/", authorization="token right") == (200, b"body")
    assert plain_http.get_from_port(server.server_port, "/") == (403, b"body")
    for path, authorization in (("/", "token a\r\nX: b"), ("/\r\nX: b", ""), ("/\u00e9", "")):
        with pytest.raises(ValueError, match="ASCII"):
            plain_http.get_from_port(server.server_port, path, authorization=authorization)


@contextmanager
def answering(path: str, response: bytes, stopped: threading.Event) -> Iterator[None]:
    """Answer one request; keep the connection open if the response ends with a body, as some servers do."""

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(response)
            if b"more" in response or b"chunked" in response:
                stopped.wait(5)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield
        thread.join()


def test_a_listening_port_is_busy_and_has_a_listener(server: Server) -> None:
    assert server.server_port in ports.busy()
    assert "process" in ports.listener(server.server_port)


def test_only_addresses_that_cover_loopback_are_busy(tmp_path: Path) -> None:
    cases = {
        "0100007F": True,
        "00000000": True,
        "00000000000000000000000000000000": True,
        "0000000000000000FFFF00000100007F": True,
        "00000000000000000000000001000000": True,
        "0500A8C0": False,
    }
    table = tmp_path / "tcp"
    for address, is_busy in cases.items():
        table.write_text(f"  sl  local_address rem_address   st\n   0: {address}:22B8 00000000:0000 0A x\n")
        assert (8888 in ports.busy((str(table),))) == is_busy, address


def test_an_open_connection_does_not_make_a_port_busy(tmp_path: Path) -> None:
    table = tmp_path / "tcp"
    table.write_text("  sl  local_address\n   0: 0100007F:22B8 0100007F:1234 01 x\n")
    assert ports.busy((str(table),)) == frozenset()


def test_routes_omit_the_default_route(tmp_path: Path) -> None:
    table = tmp_path / "route"
    table.write_text(
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
        "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\n"
        "eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\n"
    )
    assert ports.routes(str(table)) == ("172.17.0.0/16",)


def test_a_server_is_reachable_directly_or_by_its_proxy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # without listening
        open_url, closed_url = (f"http://127.0.0.1:{sock.getsockname()[1]}/x" for sock in (listening, closed))
        assert http_.is_reachable(open_url, {})
        assert not http_.is_reachable(closed_url, {})
        assert http_.is_reachable(closed_url, {"http_proxy": open_url})
        assert not http_.is_reachable(open_url, {"http_proxy": closed_url})
        assert not http_.is_reachable("http://name.invalid/", {})


def test_head_sends_one_request_and_ignores_redirects(server: Server) -> None:
    for status in (200, 302, 401, 405, 503):
        server.requests.clear()
        response = http_.send_head(f"http://127.0.0.1:{server.server_port}/{status}", {}, timeout_s=5)
        assert (response.status, server.requests) == (status, [(f"/{status}", None)])


def test_head_sends_the_login(server: Server) -> None:
    http_.send_head(f"http://127.0.0.1:{server.server_port}/200", {}, timeout_s=5, login="ada:hunter2")
    assert server.requests == [("/200", "Basic " + base64.b64encode(b"ada:hunter2").decode())]


def test_head_supports_only_http() -> None:
    for url in ("file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x", "/etc/passwd", "", "http://[x"):
        response = http_.send_head(url, {}, timeout_s=5)
        assert (response.status, response.headers) == (0, {}), url
        assert response.body, url


def test_the_error_of_an_invalid_url_hides_its_password() -> None:
    assert b"hunter2" not in http_.send_head("http://ada:hunter2@host:port/", {}, timeout_s=5).body
