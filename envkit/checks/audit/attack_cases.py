"""Attacks from outside: requests, and the answers of a hardened server. Data for the attacker and the checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from envkit import naming

if TYPE_CHECKING:
    from collections.abc import Mapping

# A pattern of allowed origins may miss one of them.
EVIL_ORIGINS = ("http://evil.example", "https://evil.example", "https://localhost.evil.example", "null")
TOKEN_GUESSES = 100
REFUSAL_STATUSES = frozenset({401, 403, 404, 405, 400})
Identity = Literal["anonymous", "wrong-token", "owner", "browser"]


@dataclass(frozen=True, slots=True)
class HttpAttack:
    """One HTTP request.

    Attributes:
        check: Check that it belongs to.
        method: HTTP method.
        path: Request path, sent unchanged.
        identity: Sender: `anonymous` (no token), `wrong-token` (a made-up one), `owner` (the right token), or the
            owner's `browser` (the cookies of a login, which other pages can make it send).
        headers: Additional headers; `{port}` is replaced by the port.
        body: Request body.
        statuses: Status codes that withstand the attack; 302 only to the login page.
        forbidden_text: Text that the answer must not contain.
        required_header: Name of a header of the answer, and a directive that it must contain, exactly.
        also: Further checks that fail with the same fault.
    """

    check: str
    method: str
    path: str
    identity: Identity = "anonymous"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    statuses: frozenset[int] = REFUSAL_STATUSES
    forbidden_text: str = ""
    required_header: tuple[str, str] = ("", "")
    also: tuple[str, ...] = ()


def _http_attacks(check: str, method: str, *paths: str, **options: object) -> tuple[HttpAttack, ...]:
    return tuple(HttpAttack(check, method, path, **options) for path in paths)  # type: ignore[arg-type]


_UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "ZW52a2l0IGtub2NrcyAhIQ==",
}
LOGIN_STATUSES = REFUSAL_STATUSES | {302}
PAGE_STATUSES = frozenset({200})

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
    *_http_attacks("audit/http-wrong-token", "GET", "/api/status", "/api/contents", "/metrics", identity="wrong-token"),
    HttpAttack("audit/http-wrong-token", "GET", "/api/status?token=jupyter"),
    *(
        HttpAttack("audit/http-host", "GET", path, "owner", {"Host": host})
        for host in ("evil.example", "127.0.0.1.evil.example", "169.254.169.254")
        for path in ("/api", "/api/status", "/login", "/tensorboard/")
    ),
    HttpAttack("audit/http-forgery", "POST", "/api/terminals", "browser", {"Content-Type": "text/plain"}, "{}"),
    HttpAttack("audit/http-forgery", "POST", "/api/kernels", "browser", {"X-XSRFToken": "guessed"}, "{}"),
    HttpAttack("audit/http-forgery", "POST", "/login", "anonymous", {}, "password=x"),
    # No machine has this address: a proxy that leads to other machines fails at once, with another status.
    *_http_attacks(
        "audit/http-host",
        "GET",
        "/proxy/255.255.255.255:80/",
        "/proxy/absolute/255.255.255.255:80/",
        identity="owner",
        also=("audit/escapes", "audit/neighbours"),
    ),
    *(
        HttpAttack("audit/http-origin", method, path, "browser", {"Origin": origin})
        for origin in EVIL_ORIGINS
        for method, path in (("GET", "/api/contents"), ("DELETE", "/api/contents/x"))
    ),
    HttpAttack("audit/websockets", "GET", "/api/events/subscribe", "anonymous", _UPGRADE, statuses=LOGIN_STATUSES),
    HttpAttack("audit/websockets", "GET", "/api/events/subscribe", "wrong-token", _UPGRADE, statuses=LOGIN_STATUSES),
    *(
        HttpAttack(
            "audit/websockets",
            "GET",
            "/api/events/subscribe",
            "browser",
            {**_UPGRADE, "Origin": origin},
            statuses=LOGIN_STATUSES,
        )
        for origin in EVIL_ORIGINS
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
    *(
        attack
        for header in (("content-security-policy", "frame-ancestors 'none'"), ("x-frame-options", "DENY"))
        for attack in (
            HttpAttack("audit/frames", "GET", "/lab", "owner", statuses=PAGE_STATUSES, required_header=header),
            HttpAttack("audit/frames", "GET", "/login", statuses=PAGE_STATUSES, required_header=header),
            HttpAttack("audit/frames", "GET", "/api/status", "owner", statuses=PAGE_STATUSES, required_header=header),
        )
    ),
    # Pages of programs inside may frame each other. The port need not be open: the server's own error page counts.
    HttpAttack(
        "audit/frames",
        "GET",
        f"/proxy/{naming.JUPYTER_PORT}/api",
        "owner",
        statuses=frozenset({200, 500, 599}),
        required_header=("x-frame-options", "SAMEORIGIN"),
    ),
)
# Passwords that people choose first: a server with one of them accepts more than its token.
WEAK_PASSWORDS = (
    "",
    "password",
    "jupyter",
    "admin",
    "123456",
    "12345678",
    "123456789",
    "1234",
    "12345",
    "qwerty",
    "letmein",
    "changeme",
    "secret",
    "test",
    "tensorflow",
    "notebook",
    "envkit",
    "dev",
    "root",
    "docker",
    "welcome",
    "abc123",
    "password1",
    "Password1",
    "iloveyou",
    "111111",
    "000000",
    "hunter2",
)


@dataclass(frozen=True, slots=True)
class SshAttack:
    """One attack over SSH.

    Attributes:
        name: Short description.
        check: Check that it belongs to.
        options: Options of the client, before the host.
        refusal: Message of the client after a refusal; without it the attack was not refused.
        exit_code: Exit code of the client after a refusal.
        command: Command to run after a login; empty for a connection that is only forwarded.
        breach: Message of the client if the server tried the attack, besides exit code 0.
        display: Whether DISPLAY is set for the client.
        agent: Whether the client has an empty agent, as there must be one to forward.
        unknown_key: Whether it uses a newly generated key instead of the owner's.
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


OWNER_LOGIN = SshAttack("owner", "", (), refusal="", exit_code=0)  # must succeed, or the others prove nothing
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
    # No machine has this address: a server that forwards fails at once, and reaches no other machine.
    SshAttack(
        "forward to another machine",
        "audit/ssh-forwarding",
        ("-W", "255.255.255.255:80"),
        command=(),
        refusal="administratively prohibited",
        breach="connect failed",
    ),
    # Port 0 selects a free port; a taken one would look like a refusal.
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
    # sshd does not answer this request; the command then has no agent.
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
