"""JupyterLab as its clients see it: requests exactly as given, sessions with cookies, kernels over WebSockets."""

from __future__ import annotations

import http.client
import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.functional.websocket import Refused, WebSocket

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from docker.models.containers import Container

    from tests.functional.workspaces import Envkit

TIMEOUT_S = 120
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """Return a header's value, all of them when it came more than once."""
        return ", ".join(value for key, value in self.headers if key.lower() == name.lower())

    def cookies(self) -> dict[str, SimpleCookie]:
        """Return each cookie that was set, by name, with its attributes."""
        set_ = [SimpleCookie(value) for key, value in self.headers if key.lower() == "set-cookie"]
        return {next(iter(one)): one for one in set_}

    def json(self) -> Any:
        """Return the body as the value it encodes."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Session:
    """The cookies of a browser that logged in."""

    cookie: str
    xsrf: str

    @property
    def headers(self) -> dict[str, str]:
        """Return what such a browser sends by itself, to any request for this host."""
        return {"Cookie": self.cookie}


@dataclass(frozen=True, slots=True)
class Jupyter:
    """A server at a port of loopback, and its token."""

    port: int
    token: str = field(repr=False)

    @property
    def authorized(self) -> dict[str, str]:
        """Return the header that lets in."""
        return {"Authorization": f"token {self.token}"}

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: str = "",
    ) -> Answer:
        """Ask as given: no header is added but Host and the body's length, the path is not tidied up."""
        given = {"Host": f"127.0.0.1:{self.port}", **(headers or {})}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in given.items():
                connection.putheader(name, value)
            if body:
                connection.putheader("Content-Length", str(len(body.encode())))
            connection.endheaders(body.encode())
            response = connection.getresponse()
            return Answer(response.status, tuple(response.getheaders()), response.read())
        finally:
            connection.close()

    def answers(self, path: str) -> bool:
        """Say whether anything answers there."""
        try:
            return self.ask("GET", path).status < 500
        except (OSError, http.client.HTTPException):
            return False

    def api(self, method: str, path: str, body: Any = None) -> Answer:
        """Ask with the token, and insist on success."""
        answer = self.ask(method, path, self.authorized, "" if body is None else json.dumps(body))
        assert answer.status < 300, f"{method} {path} was answered with {answer.status} {answer.body[:300]!r}"
        return answer

    def login(self) -> Session:
        """Log in by the form, as a browser does."""
        xsrf = self.ask("GET", "/login").cookies()["_xsrf"]["_xsrf"].value
        form = urlencode({"_xsrf": xsrf, "password": self.token})
        answer = self.ask("POST", "/login", {**FORM, "Cookie": f"_xsrf={xsrf}"}, form)
        assert answer.status == 302, answer
        jar = {"_xsrf": xsrf} | {name: one[name].value for name, one in answer.cookies().items()}
        return Session("; ".join(f"{name}={value}" for name, value in jar.items()), jar["_xsrf"])

    def knock(self, path: str, headers: Mapping[str, str]) -> int:
        """Return the status that a WebSocket handshake is answered with; 101 lets in."""
        try:
            with WebSocket(self.port, path, headers):
                return 101
        except Refused as refused:
            return refused.status

    @contextmanager
    def kernel(self) -> Iterator[Kernel]:
        """Start a kernel, and end it afterwards."""
        made = self.api("POST", "/api/kernels", {}).json()["id"]
        try:
            with WebSocket(self.port, f"/api/kernels/{made}/channels", self.authorized, timeout_s=TIMEOUT_S) as socket:
                yield Kernel(made, socket)
        finally:
            self.api("DELETE", f"/api/kernels/{made}")


@dataclass(frozen=True, slots=True)
class Kernel:
    """A running kernel, and the connection to it."""

    id: str
    socket: WebSocket

    def run(self, code: str) -> str:
        """Run a cell and return everything that it printed, showed or raised."""
        asked = secrets.token_hex(16)
        header = {"msg_id": asked, "msg_type": "execute_request", "username": "", "session": asked, "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False, "stop_on_error": True}
        self.socket.send(
            json.dumps(
                {
                    "header": header,
                    "parent_header": {},
                    "metadata": {},
                    "content": content,
                    "channel": "shell",
                }
            )
        )
        said = ""
        while True:
            message = json.loads(self.socket.receive())
            if message.get("parent_header", {}).get("msg_id") != asked:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return said
            said += _text(message)


def jupyter_of(project: Path, container: Container, envkit: Envkit) -> Jupyter:
    """Return the server of a running environment, as its owner reaches it."""
    token = envkit(["token", "--show", "--project", project])
    assert token.code == 0, str(token)
    return Jupyter(port_of(container), token.out.strip())


def port_of(container: Container) -> int:
    """Return the port of loopback where a container's own 8888 is published."""
    container.reload()
    (published,) = container.ports["8888/tcp"] or []
    return int(published["HostPort"])


def _text(message: dict[str, Any]) -> str:
    content = message["content"]
    match message["msg_type"]:
        case "stream":
            return str(content["text"])
        case "execute_result" | "display_data":
            return str(content["data"].get("text/plain", "")) + "\n"
        case "error":
            return f"{content['ename']}: {content['evalue']}\n"
    return ""
