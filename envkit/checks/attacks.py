"""The attacks from outside: what is sent, and what a server that is locked down answers. Data, read by both sides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

EVIL = "http://evil.example"
GUESSES = 100  # of the token
REFUSED = frozenset({401, 403, 404, 405, 400})
As = Literal["nobody", "stranger", "owner", "browser"]


@dataclass(frozen=True, slots=True)
class Attack:
    """One request.

    Attributes:
        check: The check it belongs to.
        method: HTTP's.
        path: Sent as it is.
        who: Who asks: `nobody` (no token), a `stranger` (a made-up token), the `owner` (the right token), or the
            owner's `browser` (the cookies of a login, which other pages can make it send).
        headers: What is sent beside that; `{port}` is the port.
        body: What is sent.
        good: Answers that withstand; 302 only to the login page.
        never: What the answer must not hold.
        has: What a header of the answer must hold: name and text.
    """

    check: str
    method: str
    path: str
    who: As = "nobody"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    good: frozenset[int] = REFUSED
    never: str = ""
    has: tuple[str, str] = ("", "")


def _all(check: str, method: str, *paths: str, **given: object) -> tuple[Attack, ...]:
    return tuple(Attack(check, method, path, **given) for path in paths)  # type: ignore[arg-type]


_SOCKET = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "ZW52a2l0IGtub2NrcyAhIQ==",
}
LOGIN = REFUSED | {302}

ATTACKS: tuple[Attack, ...] = (
    *_all(
        "audit/http-anonymous", "GET", "/api/status", "/api/me", "/api/contents", "/api/kernels", "/api/kernelspecs",
        "/api/sessions", "/api/terminals", "/api/config/notebook", "/metrics", "/lab/api/settings", "/lab", "/files/x",
        "/view/x", "/proxy/6006/", "/server-proxy/servers-info", "/api/spec.yaml", good=LOGIN,
    ),
    *_all("audit/tensorboard-anonymous", "GET", "/tensorboard/", "/tensorboard/data/runs", good=LOGIN),
    *_all(
        "audit/http-writes", "POST", "/api/kernels", "/api/sessions", "/api/terminals", "/api/contents", body="{}",
    ),
    *_all("audit/http-writes", "PUT", "/api/contents/x", "/lab/api/settings/a:b", body="{}"),
    *_all("audit/http-writes", "DELETE", "/api/contents/x"),
    *_all("audit/http-wrong-token", "GET", "/api/status", "/api/contents", "/metrics", who="stranger"),
    Attack("audit/http-wrong-token", "GET", "/api/status?token=jupyter"),
    *(
        Attack("audit/http-host", "GET", path, "owner", {"Host": host})
        for host in ("evil.example", "127.0.0.1.evil.example", "169.254.169.254")
        for path in ("/api", "/api/status", "/login", "/tensorboard/")
    ),
    Attack("audit/http-forgery", "POST", "/api/terminals", "browser", {"Content-Type": "text/plain"}, "{}"),
    Attack("audit/http-forgery", "POST", "/api/kernels", "browser", {"X-XSRFToken": "guessed"}, "{}"),
    Attack("audit/http-forgery", "POST", "/login", "nobody", {}, "password=x"),
    Attack("audit/http-origin", "GET", "/api/contents", "browser", {"Origin": EVIL}),
    Attack("audit/http-origin", "DELETE", "/api/contents/x", "browser", {"Origin": EVIL}),
    Attack("audit/websockets", "GET", "/api/events/subscribe", "nobody", _SOCKET, good=LOGIN),
    Attack("audit/websockets", "GET", "/api/events/subscribe", "stranger", _SOCKET, good=LOGIN),
    Attack("audit/websockets", "GET", "/api/events/subscribe", "browser", {**_SOCKET, "Origin": EVIL}, good=LOGIN),
    *_all(
        "audit/traversal", "GET", "/api/contents/..%2f..%2fetc%2fpasswd", "/files/../../etc/passwd",
        "/files/..%2f..%2fetc%2fpasswd", "/static/..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/lab/static/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd", "/view/..%2f..%2fetc/passwd", who="owner",
        good=LOGIN | {200}, never="root:",
    ),
    Attack(
        "audit/frames", "GET", "/lab", "owner", good=frozenset({200}),
        has=("content-security-policy", "frame-ancestors 'none'"),
    ),
)


@dataclass(frozen=True, slots=True)
class Login:
    """One attack over SSH.

    Attributes:
        name: What is tried, in words.
        check: The check it belongs to.
        options: What the client is given before the host.
        refused: What the client says when the server refuses; without that it was not refused.
        code: What the client ends with then.
        command: What is run if it is let in; none for a connection that is only forwarded.
        reached: What the client says when the server did what it must not, beside ending with 0.
        display: Whether the client is to believe in a display.
        agent: Whether it has an agent of its own, which holds no key: there has to be one to forward.
        key: Whether it uses a key that was just made, in place of the owner's.
    """

    name: str
    check: str
    options: tuple[str, ...]
    refused: str = "Permission denied ("
    code: int = 255
    command: tuple[str, ...] = ("true",)
    reached: str = ""
    display: bool = False
    agent: bool = False
    key: bool = False


OWNER = Login("owner", "", (), refused="", code=0)  # must be let in, or the others show nothing
LOGINS: tuple[Login, ...] = (
    Login(
        "password", "audit/ssh-password",
        ("-oPubkeyAuthentication=no", "-oPreferredAuthentications=password,keyboard-interactive"),
    ),
    Login("none", "audit/ssh-password", ("-oPubkeyAuthentication=no", "-oPreferredAuthentications=none")),
    Login("root", "audit/ssh-users", ("-lroot",)),
    Login("unknown user", "audit/ssh-users", ("-lnosuch",)),
    Login("unknown key", "audit/ssh-keys", (), key=True),
    # Nobody has that address: a server that would forward there says at once that it cannot, and nobody is reached.
    Login(
        "forward to another machine", "audit/ssh-forwarding", ("-W", "255.255.255.255:80"), command=(),
        refused="administratively prohibited", reached="connect failed",
    ),
    # Port 0: any that is free, as a taken one would look like a refusal.
    Login(
        "forward back", "audit/ssh-forwarding", ("-oExitOnForwardFailure=yes", "-R", "0:127.0.0.1:9"),
        refused="remote port forwarding failed",
    ),
    Login(
        "display", "audit/ssh-forwarding", ("-Y",), command=('test -n "$DISPLAY"',), display=True, code=1,
        refused="X11 forwarding request failed",
    ),
    # sshd answers nothing to that; what runs inside then has no agent.
    Login(
        "agent", "audit/ssh-agent", ("-A",), command=('test -n "$SSH_AUTH_SOCK"',), agent=True, code=1,
        refused="Requesting authentication agent forwarding",
    ),
)
