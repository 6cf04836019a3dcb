"""The attacks on JupyterLab: what is sent, and what a server that is locked down answers. Data, read by both sides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

EVIL = "http://evil.example"
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
