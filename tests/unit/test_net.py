"""What listens on this host is seen, and what an answer says arrives."""

from __future__ import annotations

import base64
import http.server
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest

from envkit.net import http as http_

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[int]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.headers["Authorization"] == "token right" else 403)
            self.end_headers()
            self.wfile.write(b"body")

        def log_message(self, *_: object) -> None:
            return

    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made.server_address[1]
    made.shutdown()
    thread.join()
    made.server_close()


def test_an_answer_arrives_with_its_status(server: int) -> None:
    assert http_.get(server, "/", headers={"Authorization": "token right"}).status == 200
    assert http_.get(server, "/").status == 403


def test_no_server_is_status_nought() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert http_.get(unused.getsockname()[1], "/").status == 0


@pytest.mark.parametrize("door", ["port", "socket"])
@pytest.mark.parametrize("forever", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "], ids=["body", "header"])
def test_a_server_that_never_comes_to_an_end_has_not_answered(tmp_path: Path, door: str, forever: bytes) -> None:
    left = threading.Event()

    def trickle(listener: socket.socket) -> None:
        guest, _ = listener.accept()
        with guest:
            guest.sendall(forever)
            with suppress(OSError):
                while not left.wait(0.005):
                    guest.sendall(b"x")

    at = str(tmp_path / "door")
    with socket.socket(socket.AF_UNIX if door == "socket" else socket.AF_INET) as listener:
        listener.bind(at if door == "socket" else ("127.0.0.1", 0))
        listener.listen()
        thread = threading.Thread(target=trickle, args=(listener,), daemon=True)
        thread.start()
        got = (
            http_.get_unix(at, "/", timeout_s=0.05)
            if door == "socket"
            else http_.get(listener.getsockname()[1], "/", timeout_s=0.05)
        )
        left.set()
        thread.join()
    assert got == http_.Response(0, {})


def test_a_listening_port_is_busy_and_has_a_holder(server: int) -> None:
    assert server in http_.busy_ports()
    assert "process" in http_.port_listener(server)


@pytest.mark.parametrize(
    ("address", "busy"),
    [
        ("0100007F", True),
        ("00000000", True),
        ("00000000000000000000000000000000", True),
        ("0000000000000000FFFF00000100007F", True),
        ("00000000000000000000000001000000", True),
        ("0500A8C0", False),
    ],
)
def test_only_addresses_that_collide_with_loopback_count(tmp_path: Path, address: str, busy: bool) -> None:
    table = tmp_path / "tcp"
    table.write_text(f"  sl  local_address rem_address   st\n   0: {address}:22B8 00000000:0000 0A x\n")
    assert (8888 in http_.busy_ports((str(table),))) == busy


def test_a_connection_is_no_listener(tmp_path: Path) -> None:
    table = tmp_path / "tcp"
    table.write_text("  sl  local_address\n   0: 0100007F:22B8 0100007F:1234 01 x\n")
    assert http_.busy_ports((str(table),)) == frozenset()


def test_routes_are_read_without_the_default(tmp_path: Path) -> None:
    table = tmp_path / "route"
    table.write_text(
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
        "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\n"
        "eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\n"
    )
    assert http_.routes(str(table)) == ("172.17.0.0/16",)


def test_a_server_is_reachable_where_a_connection_is_taken_or_its_proxy_takes_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as open_, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        here, nowhere = (f"http://127.0.0.1:{one.getsockname()[1]}/x" for one in (open_, taken))
        assert http_.is_reachable(here, {})
        assert not http_.is_reachable(nowhere, {})
        assert http_.is_reachable(nowhere, {"http_proxy": here})
        assert not http_.is_reachable(here, {"http_proxy": nowhere})
        assert not http_.is_reachable("http://name.invalid/", {})


class Asked(BaseHTTPRequestHandler):
    """Answers with the status that the path names, and keeps what was asked."""

    seen: ClassVar[list[tuple[str, str | None]]] = []

    def do_HEAD(self) -> None:
        self.seen.append((self.path, self.headers.get("Authorization")))
        self.send_response(int(self.path.rpartition("/")[2]))
        self.send_header("Location", "/200")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def asked() -> Iterator[int]:
    Asked.seen.clear()
    with HTTPServer(("127.0.0.1", 0), Asked) as listening:
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        yield listening.server_port
        listening.shutdown()


@pytest.mark.parametrize("status", [200, 302, 401, 405, 503])
def test_a_server_is_asked_once_and_led_nowhere(asked: int, status: int) -> None:
    assert http_.send_head(f"http://127.0.0.1:{asked}/{status}", {}, timeout_s=5).status == status
    assert Asked.seen == [(f"/{status}", None)]


def test_a_login_goes_where_it_is_for_and_shows_nowhere(asked: int) -> None:
    http_.send_head(f"http://127.0.0.1:{asked}/200", {}, timeout_s=5, login="ada:hunter2")
    assert Asked.seen == [("/200", "Basic " + base64.b64encode(b"ada:hunter2").decode())]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x", "/etc/passwd", "", "http://[x"])
def test_nothing_but_http_is_asked(url: str) -> None:
    answer = http_.send_head(url, {}, timeout_s=5)
    assert (answer.status, answer.headers) == (0, {})
    assert answer.body


def test_an_address_that_is_none_is_told_without_what_stands_in_it() -> None:
    assert b"hunter2" not in http_.send_head("http://ada:hunter2@host:port/", {}, timeout_s=5).body
