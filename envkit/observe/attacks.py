"""Attack JupyterLab from outside: as nobody, as a stranger, as another page, and as its owner.

What carries the token or the cookies of a login is sent only while our own container holds the port.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from envkit import net
from envkit.checks.attacks import ATTACKS, GUESSES
from envkit.model.report import Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from envkit.checks.attacks import Attack

LIMIT_S = 60.0  # for all requests together
EACH_S = 10.0
TOKEN_KEPT_CHARACTERS = 16  # a cookie's value that is shorter is no secret, and stands in many words
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
REFUSED = frozenset({401, 403})
STATUS = "/api/status"


class _Stopped(Exception):
    """Nothing more can be sent; says why."""


@dataclass(frozen=True, slots=True)
class _Target:
    """Who is attacked, and until when by the monotonic clock."""

    port: int
    token: str
    ours: Callable[[], bool]
    until: float

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> net.Answer:
        left = self.until - time.monotonic()
        if left <= 0:
            raise _Stopped("JupyterLab took too long for all the requests together")
        if not self.ours():
            raise _Stopped(f"the workspace does not hold port {self.port} any more")
        return net.send(self.port, method, path, headers, body, timeout_s=min(EACH_S, left))


@dataclass(frozen=True, slots=True)
class _Login:
    """What came of logging in as a browser does: all its cookies, and those that let in, with their flags."""

    cookies: Mapping[str, str]
    letting_in: Mapping[str, Sequence[str]]

    @property
    def header(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())


def over_http(
    port: int, token: str, ours: Callable[[], bool], say: Callable[[str], None] = lambda _: None,
    *, limit_s: float = LIMIT_S,
) -> tuple[Observation, ...]:
    """Send every attack of the table, guess tokens, and look at the cookie of a login.

    Args:
        port: Where JupyterLab answers, on loopback.
        token: The right one. It stands in no observation, whatever the server answers.
        ours: Says whether our container holds the port at this moment.
        say: Gets the news.
        limit_s: How long all may take.
    """
    hidden = [token]
    seen = list(_told(_Target(port, token, ours, time.monotonic() + limit_s), hidden, say))
    return without(seen, hidden)


def _told(target: _Target, hidden: list[str], say: Callable[[str], None]) -> Iterator[Observation]:
    try:
        yield from _attacked(target, hidden, say)
    except _Stopped as stopped:
        yield Observation("audit.stopped", {"why": str(stopped)})


def _attacked(target: _Target, hidden: list[str], say: Callable[[str], None]) -> Iterator[Observation]:
    say("attacking JupyterLab")
    owner = target.send("GET", STATUS, {"Authorization": f"token {target.token}"}).status
    if not owner:
        raise _Stopped("JupyterLab does not answer")
    login = _logged_in(target)
    hidden += [value for value in login.cookies.values() if len(value) >= TOKEN_KEPT_CHARACTERS]
    browser = target.send("GET", STATUS, {"Cookie": login.header}).status
    yield Observation("audit.control", {"owner": owner, "browser": browser})
    yield Observation("audit.cookie", {
        "cookies": [{"name": name, "flags": list(flags)} for name, flags in login.letting_in.items()],
    })
    for one in ATTACKS:
        yield Observation("audit.http", _sent(one, target, login.header))
    say("guessing its token")
    yield Observation("audit.guesses", _guessed(target))


def _sent(attack: Attack, target: _Target, cookies: str) -> dict[str, Any]:
    lets_in = {
        "nobody": {}, "stranger": {"Authorization": f"token {secrets.token_urlsafe(32)}"},
        "owner": {"Authorization": f"token {target.token}"}, "browser": {"Cookie": cookies},
    }[attack.who]
    answer = target.send(attack.method, attack.path, {**lets_in, **attack.headers}, attack.body.encode())
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return {
        "check": attack.check, "attack": f"{attack.method} {attack.path} as {attack.who}", "status": answer.status,
        "location": headers.get("location", ""), "allows": headers.get("access-control-allow-origin", ""),
        "leaked": bool(attack.never) and attack.never.encode() in answer.body,
        "header": headers.get(attack.has[0], "") if attack.has[0] else "",
    }


def _guessed(target: _Target) -> dict[str, Any]:
    """Try made-up tokens, up to the first that is not answered."""
    told: list[int] = []
    while len(told) < GUESSES and 0 not in told:
        made_up = {"Authorization": f"token {secrets.token_urlsafe(32)}"}
        told.append(target.send("GET", STATUS, made_up).status)
    return {
        "tried": len(told), "refused": sum(status in REFUSED for status in told),
        "let_in": sum(200 <= status < 300 for status in told), "characters": len(target.token),
        "different": len(set(target.token)),
    }


def _logged_in(target: _Target) -> _Login:
    jar = _cookies(target.send("GET", "/login", {}))
    xsrf = jar["_xsrf"].coded_value if "_xsrf" in jar else ""
    form = urlencode({"_xsrf": xsrf, "password": target.token}).encode()
    given = _cookies(target.send("POST", "/login", {**FORM, "Cookie": f"_xsrf={xsrf}"}, form))
    lets_in = {name: one for name, one in given.items() if name.startswith("username-") and one.value}
    flags = {
        name: [
            *(["HttpOnly"] if one["httponly"] else []), *([f"SameSite={one['samesite']}"] if one["samesite"] else []),
        ]
        for name, one in lets_in.items()
    }
    # As they came, as a browser sends them back.
    return _Login({name: one.coded_value for name, one in (*jar.items(), *given.items())}, flags)


def _cookies(answer: net.Answer) -> SimpleCookie:
    jar = SimpleCookie()
    for header in answer.cookies:
        try:
            jar.load(header)
        except CookieError:
            continue
    return jar


def without(observations: Sequence[Observation], hidden: Sequence[str]) -> tuple[Observation, ...]:
    """Return observations in which no secret stands: what a server or a program says may repeat it."""
    return tuple(Observation(one.what, replaced(one.data, hidden), one.seconds) for one in observations)


def replaced(value: Any, hidden: Sequence[str]) -> Any:
    """Return a JSON value with other words where secrets stood."""
    if isinstance(value, str):
        for secret in filter(None, hidden):
            value = value.replace(secret, "[hidden]")
        return value
    if isinstance(value, dict):
        return {replaced(key, hidden): replaced(one, hidden) for key, one in value.items()}
    return [replaced(one, hidden) for one in value] if isinstance(value, list | tuple) else value
