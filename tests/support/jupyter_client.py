"""A JupyterLab client: requests exactly as given, sessions with cookies, and kernels over WebSockets."""

from __future__ import annotations

import http.client
import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.support.websocket import Refused, WebSocket

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from docker.models.containers import Container

    from tests.support.workspaces import Envkit

TIMEOUT_S = 120
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """Return the value of a header, or all values if it occurs more than once."""
        return ", ".join(value for key, value in self.headers if key.lower() == name.lower())

    def cookies(self) -> dict[str, SimpleCookie]:
        """Return each cookie of the response by name, with its attributes."""
        cookies = [SimpleCookie(value) for key, value in self.headers if key.lower() == "set-cookie"]
        return {next(iter(cookie)): cookie for cookie in cookies}

    def json(self) -> Any:
        """Return the decoded body."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Session:
    """The cookies of a logged-in browser."""

    cookie: str
    xsrf: str

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that a browser adds to every request to this host."""
        return {"Cookie": self.cookie}


@dataclass(frozen=True, slots=True)
class Jupyter:
    """A server on a loopback port, and its token."""

    port: int
    token: str = field(repr=False)

    @property
    def authorized(self) -> dict[str, str]:
        """Return the header that authorizes a request."""
        return {"Authorization": f"token {self.token}"}

    def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: str = "",
    ) -> Response:
        """Send a request as given: only Host and Content-Length are added, and the path is not normalized."""
        all_headers = {"Host": f"127.0.0.1:{self.port}", **(headers or {})}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in all_headers.items():
                connection.putheader(name, value)
            if body:
                connection.putheader("Content-Length", str(len(body.encode())))
            connection.endheaders(body.encode())
            response = connection.getresponse()
            return Response(response.status, tuple(response.getheaders()), response.read())
        finally:
            connection.close()

    def responds(self, path: str) -> bool:
        """Check whether a path is answered without a server error."""
        try:
            return self.request("GET", path).status < 500
        except (OSError, http.client.HTTPException):
            return False

    def api(self, method: str, path: str, body: Any = None) -> Response:
        """Send an authorized request that must succeed."""
        response = self.request(method, path, self.authorized, "" if body is None else json.dumps(body))
        assert response.status < 300, f"{method} {path} returned {response.status} {response.body[:300]!r}"
        return response

    def login(self) -> Session:
        """Log in with the form, as a browser does."""
        xsrf = self.request("GET", "/login").cookies()["_xsrf"]["_xsrf"].value
        form = urlencode({"_xsrf": xsrf, "password": self.token})
        response = self.request("POST", "/login", {**FORM, "Cookie": f"_xsrf={xsrf}"}, form)
        assert response.status == 302, response
        cookies = {"_xsrf": xsrf} | {name: cookie[name].value for name, cookie in response.cookies().items()}
        return Session("; ".join(f"{name}={value}" for name, value in cookies.items()), cookies["_xsrf"])

    def handshake_status(self, path: str, headers: Mapping[str, str]) -> int:
        """Return the status of a WebSocket handshake; 101 means that it was accepted."""
        try:
            with WebSocket(self.port, path, headers):
                return 101
        except Refused as refused:
            return refused.status

    @contextmanager
    def kernel(self) -> Iterator[Kernel]:
        """Start a kernel, and shut it down afterwards."""
        kernel_id = self.api("POST", "/api/kernels", {}).json()["id"]
        path = f"/api/kernels/{kernel_id}/channels"
        try:
            with WebSocket(self.port, path, self.authorized, timeout_s=TIMEOUT_S) as socket:
                yield Kernel(kernel_id, socket)
        finally:
            self.api("DELETE", f"/api/kernels/{kernel_id}")


@dataclass(frozen=True, slots=True)
class Kernel:
    """A running kernel and its connection."""

    id: str
    socket: WebSocket

    def run(self, code: str) -> str:
        """Run a cell and return everything that it printed, displayed or raised."""
        msg_id = secrets.token_hex(16)
        header = {"msg_id": msg_id, "msg_type": "execute_request", "username": "", "session": msg_id, "version": "5.3"}
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
        output = ""
        while True:
            message = json.loads(self.socket.receive())
            if message.get("parent_header", {}).get("msg_id") != msg_id:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return output
            output += _text(message)


def jupyter_of(project: Path, container: Container, envkit: Envkit) -> Jupyter:
    """Return the server of a running environment, with the token of its owner."""
    token = envkit(["token", "--show", "--project", project])
    assert token.code == 0, str(token)
    return Jupyter(port_of(container), token.out.strip())


def port_of(container: Container) -> int:
    """Return the loopback port at which a container's port 8888 is published."""
    container.reload()
    (binding,) = container.ports["8888/tcp"] or []
    return int(binding["HostPort"])


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
