"""The attacks themselves: sent to our own alone, in limited time, harmless, and no secret is in what is told."""

from __future__ import annotations

import http.server
import json
import secrets
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from envkit import net, proc
from envkit.checks.attacks import ATTACKS, LOGINS
from envkit.observe import attacks, logins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


TOKEN = secrets.token_urlsafe(32)
COOKIE = secrets.token_urlsafe(32)


class Server(http.server.BaseHTTPRequestHandler):
    """Repeats what it is asked with, and sets two cookies at a login."""

    asked: list[str]
    xsrf = "_xsrf=a"

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self) -> None:
        self.asked.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        known = self.headers["Authorization"] == f"token {TOKEN}" or COOKIE in (self.headers["Cookie"] or "")
        self.send_response(200 if known else 403)
        self.send_header("Location", f"/x?{self.headers['Authorization']}&{self.headers['Cookie']}")
        self.send_header("Set-Cookie", self.xsrf)
        if self.command == "POST" and self.path == "/login":
            self.send_header("Set-Cookie", f"username-127-0-0-1={COOKIE}; Path=/; HttpOnly; SameSite=Strict")
            self.send_header("Set-Cookie", "other=1; Path=/")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[http.server.ThreadingHTTPServer]:
    Server.asked, Server.xsrf = [], "_xsrf=a"
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def told(port: int, ours: Callable[[], bool] = lambda: True, limit_s: float = 60) -> dict[str, Any]:
    """Return what was observed, the last of each name."""
    return {one.what: one.data for one in attacks.over_http(port, TOKEN, ours, limit_s=limit_s)}


def test_neither_token_nor_cookie_reaches_what_is_told(server: Any) -> None:
    seen = attacks.over_http(server.server_port, TOKEN, lambda: True)
    assert len(seen) == len(ATTACKS) + 3
    text = json.dumps([one.data for one in seen])
    assert TOKEN not in text
    assert COOKIE not in text
    assert "[hidden]" in text


def test_the_login_cookie_is_judged_by_its_own_flags_alone(server: Any) -> None:
    seen = told(server.server_port)
    assert seen["audit.cookie"] == {"cookies": [
        {"name": "username-127-0-0-1", "flags": ["HttpOnly", "SameSite=Strict"]},
    ]}
    assert seen["audit.control"] == {"owner": 200, "browser": 200}
    assert seen["audit.guesses"]["refused"] == 100


def test_a_cookie_that_no_header_can_hold_ends_nothing(server: Any) -> None:
    Server.xsrf = r'_xsrf="a\012b"'
    assert "audit.guesses" in told(server.server_port)
    assert net.send(server.server_port, "GET", "/", {"Cookie": "a\nb"}) == net.Answer(0, {})


@pytest.mark.parametrize("asked", [0, 1, 5, 40])
def test_nothing_is_sent_once_the_port_is_not_ours(server: Any, asked: int) -> None:
    answers = iter([True] * asked)
    seen = told(server.server_port, lambda: next(answers, False))
    assert len(Server.asked) == asked
    assert "does not hold port" in seen["audit.stopped"]["why"]


def test_a_server_that_says_nothing_is_asked_once() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        may_be_asked = iter([True])
        seen = told(listener.getsockname()[1], lambda: next(may_be_asked), limit_s=0.05)
    assert seen == {"audit.stopped": {"why": "JupyterLab does not answer"}}


def test_guessing_ends_at_the_first_silence(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real, sent = net.send, []

    def send(port: int, method: str, path: str, headers: dict[str, str], *rest: Any, **more: Any) -> net.Answer:
        sent.append(path)
        return real(port, method, path, headers, *rest, **more) if len(sent) <= len(ATTACKS) + 4 else net.Answer(0, {})

    monkeypatch.setattr(net, "send", send)
    assert told(server.server_port)["audit.guesses"]["tried"] == 1


# ── SSH ──


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[list[str]]]:
    """Return a function that puts a client in place of ssh; what it was started with is returned."""
    (tmp_path / "ssh_config").write_text("Host x\n    IdentityFile owner\n")

    def put(run: Callable[[list[str]], proc.Done], programs: tuple[str, ...] = ("ssh", "ssh-agent")) -> list[list[str]]:
        started: list[list[str]] = []

        def stand_in(argv: list[str], **_: object) -> proc.Done:
            started.append(argv)
            return run(argv)

        monkeypatch.setattr(proc, "which", lambda name: name if name in programs else None)
        monkeypatch.setattr(proc, "run", stand_in)
        return started

    return put


def test_nothing_is_attacked_where_the_owner_does_not_get_in(client: Any, tmp_path: Path) -> None:
    started = client(lambda _: proc.Done(255, "", "ssh: connect to host x: Connection refused"))
    seen = logins.over_ssh(tmp_path / "ssh_config", "x")
    assert [one.data["attack"] for one in seen] == ["owner"]
    assert len(started) == 1


def test_a_client_that_hangs_has_no_code_and_saw_no_refusal(client: Any, tmp_path: Path) -> None:
    def hang(argv: list[str]) -> proc.Done:
        if argv[-1] == "true" and not any("Authentication" in one for one in argv):
            return proc.Done(0, "", "")
        raise proc.TimeoutExpired(argv, 1)

    client(hang)
    seen = {one.data["attack"]: one.data for one in logins.over_ssh(tmp_path / "ssh_config", "x")}
    assert seen["password"]["code"] is None
    assert not seen["password"].get("refused")


def test_without_an_agent_that_attack_alone_is_left_out(client: Any, tmp_path: Path) -> None:
    client(lambda _: proc.Done(0, "", ""), programs=("ssh",))
    seen = {one.data["attack"]: one.data for one in logins.over_ssh(tmp_path / "ssh_config", "x")}
    assert {name for name, data in seen.items() if data["skipped"]} == {"agent"}
    assert seen.keys() == {"owner", *(one.name for one in LOGINS)}
