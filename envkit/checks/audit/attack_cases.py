"""The attacks from outside: what is sent, and what a server that is locked down answers. Data, read by both sides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

EVIL_ORIGIN = "http://evil.example"
TOKEN_GUESSES = 100  # of the token
REFUSAL_STATUSES = frozenset({401, 403, 404, 405, 400})
Identity = Literal["nobody", "stranger", "owner", "browser"]


@dataclass(frozen=True, slots=True)
class HttpAttack:
    """One request.

    Attributes:
        check: The check it belongs to.
        method: HTTP's.
        path: Sent as it is.
        identity: Who asks: `nobody` (no token), a `stranger` (a made-up token), the `owner` (the right token), or the
            owner's `browser` (the cookies of a login, which other pages can make it send).
        headers: What is sent beside that; `{port}` is the port.
        body: What is sent.
        statuses: Answers that withstand; 302 only to the login page.
        forbidden_text: What the answer must not hold.
        required_header: What a header of the answer must hold: name and text.
    """

    check: str
    method: str
    path: str
    identity: Identity = "nobody"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    statuses: frozenset[int] = REFUSAL_STATUSES
    forbidden_text: str = ""
    required_header: tuple[str, str] = ("", "")


def _http_attacks(check: str, method: str, *paths: str, **options: object) -> tuple[HttpAttack, ...]:
    return tuple(HttpAttack(check, method, path, **options) for path in paths)  # type: ignore[arg-type]


_UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "ZW52a2l0IGtub2NrcyAhIQ==",
}
LOGIN_STATUSES = REFUSAL_STATUSES | {302}

HTTP_ATTACKS: tuple[HttpAttack, ...] = (
    *_http_attacks(
        "audit/http-anonymous",
        "GET",
        "/api/status",
        "/api/me",
        "/api/contents",
        "/api/kernels",
        "/api/kernelspecs",
        "/api/sessions",
        "/api/terminals",
        "/api/config/notebook",
        "/metrics",
        "/lab/api/settings",
        "/lab",
        "/files/x",
        "/view/x",
        "/proxy/6006/",
        "/server-proxy/servers-info",
        "/api/spec.yaml",
        statuses=LOGIN_STATUSES,
    ),
    *_http_attacks(
        "audit/tensorboard-anonymous", "GET", "/tensorboard/", "/tensorboard/data/runs", statuses=LOGIN_STATUSES
    ),
    *_http_attacks(
        "audit/http-writes",
        "POST",
        "/api/kernels",
        "/api/sessions",
        "/api/terminals",
        "/api/contents",
        body="{}",
    ),
    *_http_attacks("audit/http-writes", "PUT", "/api/contents/x", "/lab/api/settings/a:b", body="{}"),
    *_http_attacks("audit/http-writes", "DELETE", "/api/contents/x"),
    *_http_attacks("audit/http-wrong-token", "GET", "/api/status", "/api/contents", "/metrics", identity="stranger"),
    HttpAttack("audit/http-wrong-token", "GET", "/api/status?token=jupyter"),
    *(
        HttpAttack("audit/http-host", "GET", path, "owner", {"Host": host})
        for host in ("evil.example", "127.0.0.1.evil.example", "169.254.169.254")
        for path in ("/api", "/api/status", "/login", "/tensorboard/")
    ),
    HttpAttack("audit/http-forgery", "POST", "/api/terminals", "browser", {"Content-Type": "text/plain"}, "{}"),
    HttpAttack("audit/http-forgery", "POST", "/api/kernels", "browser", {"X-XSRFToken": "guessed"}, "{}"),
    HttpAttack("audit/http-forgery", "POST", "/login", "nobody", {}, "password=x"),
    HttpAttack("audit/http-origin", "GET", "/api/contents", "browser", {"Origin": EVIL_ORIGIN}),
    HttpAttack("audit/http-origin", "DELETE", "/api/contents/x", "browser", {"Origin": EVIL_ORIGIN}),
    HttpAttack("audit/websockets", "GET", "/api/events/subscribe", "nobody", _UPGRADE, statuses=LOGIN_STATUSES),
    HttpAttack("audit/websockets", "GET", "/api/events/subscribe", "stranger", _UPGRADE, statuses=LOGIN_STATUSES),
    HttpAttack(
        "audit/websockets",
        "GET",
        "/api/events/subscribe",
        "browser",
        {**_UPGRADE, "Origin": EVIL_ORIGIN},
        statuses=LOGIN_STATUSES,
    ),
    *_http_attacks(
        "audit/traversal",
        "GET",
        "/api/contents/..%2f..%2fetc%2fpasswd",
        "/files/../../etc/passwd",
        "/files/..%2f..%2fetc%2fpasswd",
        "/static/..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/lab/static/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/view/..%2f..%2fetc/passwd",
        identity="owner",
        statuses=LOGIN_STATUSES | {200},
        forbidden_text="root:",
    ),
    HttpAttack(
        "audit/frames",
        "GET",
        "/lab",
        "owner",
        statuses=frozenset({200}),
        required_header=("content-security-policy", "frame-ancestors 'none'"),
    ),
)


@dataclass(frozen=True, slots=True)
class SshAttack:
    """One attack over SSH.

    Attributes:
        name: What is tried, in words.
        check: The check it belongs to.
        options: What the client is given before the host.
        refusal: What the client says when the server refuses; without that it was not refused.
        exit_code: What the client ends with then.
        command: What is run if it is let in; none for a connection that is only forwarded.
        breach: What the client says when the server did what it must not, beside ending with 0.
        display: Whether the client is to believe in a display.
        agent: Whether it has an agent of its own, which holds no key: there has to be one to forward.
        unknown_key: Whether it uses a key that was just made, in place of the owner's.
    """

    name: str
    check: str
    options: tuple[str, ...]
    refusal: str = "Permission denied ("
    exit_code: int = 255
    command: tuple[str, ...] = ("true",)
    breach: str = ""
    display: bool = False
    agent: bool = False
    unknown_key: bool = False


OWNER_LOGIN = SshAttack("owner", "", (), refusal="", exit_code=0)  # must be let in, or the others show nothing
SSH_ATTACKS: tuple[SshAttack, ...] = (
    SshAttack(
        "password",
        "audit/ssh-password",
        ("-oPubkeyAuthentication=no", "-oPreferredAuthentications=password,keyboard-interactive"),
    ),
    SshAttack("none", "audit/ssh-password", ("-oPubkeyAuthentication=no", "-oPreferredAuthentications=none")),
    SshAttack("root", "audit/ssh-users", ("-lroot",)),
    SshAttack("unknown user", "audit/ssh-users", ("-lnosuch",)),
    SshAttack("unknown key", "audit/ssh-keys", (), unknown_key=True),
    # Nobody has that address: a server that would forward there says at once that it cannot, and nobody is reached.
    SshAttack(
        "forward to another machine",
        "audit/ssh-forwarding",
        ("-W", "255.255.255.255:80"),
        command=(),
        refusal="administratively prohibited",
        breach="connect failed",
    ),
    # Port 0: any that is free, as a taken one would look like a refusal.
    SshAttack(
        "forward back",
        "audit/ssh-forwarding",
        ("-oExitOnForwardFailure=yes", "-R", "0:127.0.0.1:9"),
        refusal="remote port forwarding failed",
    ),
    SshAttack(
        "display",
        "audit/ssh-forwarding",
        ("-Y",),
        command=('test -n "$DISPLAY"',),
        display=True,
        exit_code=1,
        refusal="X11 forwarding request failed",
    ),
    # sshd answers nothing to that; what runs inside then has no agent.
    SshAttack(
        "agent",
        "audit/ssh-agent",
        ("-A",),
        command=('test -n "$SSH_AUTH_SOCK"',),
        agent=True,
        exit_code=1,
        refusal="Requesting authentication agent forwarding",
    ),
)
