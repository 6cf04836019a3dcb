"""Attack JupyterLab from outside: without a login, with a wrong token, from another website, and as its owner.

Requests with the token or login cookies are sent only while envkit's container holds the port.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from envkit.checks.audit.attack_cases import HTTP_ATTACKS, TOKEN_GUESSES, WEAK_PASSWORDS
from envkit.model.report import Observation
from envkit.net import http

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from envkit.checks.audit.attack_cases import HttpAttack

LIMIT_S = 60.0  # for all requests together
REQUEST_S = 10.0
SECRET_LENGTH_MIN = 16  # a shorter cookie value is not secret, and occurs within ordinary words
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
DENIED_STATUSES = frozenset({401, 403})
STATUS_PATH = "/api/status"
# No program listens on port 1, so the proxy answers with an error, and the server logs the request and its headers.
CLOSED_PORT_PATH, MISSING_PATH = "/proxy/1/envkit-audit", "/api/contents/envkit-audit-no-such-file"


class _AbortError(Exception):
    """Raised with the reason when no further request can be sent."""


@dataclass(frozen=True, slots=True)
class _Target:
    """The attacked server, and the deadline by the monotonic clock."""

    port: int
    token: str
    is_ours: Callable[[], bool]
    deadline: float

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> http.Response:
        remaining_s = self.deadline - time.monotonic()
        if remaining_s <= 0:
            raise _AbortError("JupyterLab did not answer all requests within the time limit")
        if not self.is_ours():
            raise _AbortError(f"the workspace no longer holds port {self.port}")
        return http.send(self.port, method, path, headers, body, timeout_s=min(REQUEST_S, remaining_s))


@dataclass(frozen=True, slots=True)
class _Login:
    """Result of a browser's login: all cookies, and the authenticating ones with their flags."""

    cookies: Mapping[str, str]
    auth_cookies: Mapping[str, Sequence[str]]

    @property
    def header(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())


def run_attacks(
    port: int,
    token: str,
    is_ours: Callable[[], bool],
    on_progress: Callable[[str], None] = lambda _: None,
    *,
    limit_s: float = LIMIT_S,
) -> tuple[Observation, ...]:
    """Send every attack of the table, guess tokens, and inspect the cookie of a login.

    Args:
        port: JupyterLab's port on loopback.
        token: Token of the environment; redacted from all observations.
        is_ours: Function that checks whether envkit's container holds the port now.
        on_progress: Callback for progress.
        limit_s: Time limit for all attacks, seconds.
    """
    secret_values = [token]
    observations = list(
        _run_until_abort(_Target(port, token, is_ours, time.monotonic() + limit_s), secret_values, on_progress)
    )
    return redact_observations(observations, secret_values)


def _run_until_abort(
    target: _Target, secret_values: list[str], on_progress: Callable[[str], None]
) -> Iterator[Observation]:
    try:
        yield from _attack(target, secret_values, on_progress)
    except _AbortError as error:
        yield Observation("audit.stopped", {"why": str(error)})


def _attack(target: _Target, secret_values: list[str], on_progress: Callable[[str], None]) -> Iterator[Observation]:
    on_progress("attacking JupyterLab")
    owner_status = target.send("GET", STATUS_PATH, {"Authorization": f"token {target.token}"}).status
    if not owner_status:
        raise _AbortError("JupyterLab does not answer")
    login = _log_in(target)
    secret_values += [value for value in login.cookies.values() if len(value) >= SECRET_LENGTH_MIN]
    browser_status = target.send("GET", STATUS_PATH, {"Cookie": login.header}).status
    yield Observation("audit.control", {"owner": owner_status, "browser": browser_status})
    yield Observation(
        "audit.cookie",
        {
            "cookies": [{"name": name, "flags": list(flags)} for name, flags in login.auth_cookies.items()],
        },
    )
    for attack in HTTP_ATTACKS:
        yield Observation("audit.http", _send_attack(attack, target, login.header))
    on_progress("guessing its token")
    yield Observation("audit.guesses", {**_guess_tokens(target), "passwords": _guess_passwords(target)})
    yield Observation("audit.canary", _provoke_log(target))


def _send_attack(attack: HttpAttack, target: _Target, cookies: str) -> dict[str, Any]:
    auth_headers = {
        "anonymous": {},
        "wrong-token": {"Authorization": f"token {secrets.token_urlsafe(32)}"},
        "owner": {"Authorization": f"token {target.token}"},
        "browser": {"Cookie": cookies},
    }[attack.identity]
    answer = target.send(attack.method, attack.path, {**auth_headers, **attack.headers}, attack.body.encode())
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return {
        "check": attack.check,
        "attack": f"{attack.method} {attack.path} as {attack.identity}",
        "status": answer.status,
        "location": headers.get("location", ""),
        "allows": headers.get("access-control-allow-origin", ""),
        "leaked": bool(attack.forbidden_text) and attack.forbidden_text.encode() in answer.body,
        "header": headers.get(attack.required_header[0], "") if attack.required_header[0] else "",
    }


def _guess_tokens(target: _Target) -> dict[str, Any]:
    """Try random tokens, until one is not answered."""
    statuses: list[int] = []
    while len(statuses) < TOKEN_GUESSES and 0 not in statuses:
        headers = {"Authorization": f"token {secrets.token_urlsafe(32)}"}
        statuses.append(target.send("GET", STATUS_PATH, headers).status)
    return {
        "attempts": len(statuses),
        "refused": sum(status in DENIED_STATUSES for status in statuses),
        "let_in": sum(200 <= status < 300 for status in statuses),
        "characters": len(target.token),
        **measure_randomness(target.token),
    }


def measure_randomness(token: str) -> dict[str, int]:
    """Count distinct characters, pairs of neighbors and distances between neighbors of a token."""
    pairs = list(pairwise(token))
    return {
        "different": len(set(token)),
        "pairs": len(set(pairs)),
        "distances": len({ord(second) - ord(first) for first, second in pairs}),
    }


def _guess_passwords(target: _Target) -> int:
    """Try passwords that people choose first, and return how many log in."""
    jar = _parse_cookies(target.send("GET", "/login", {}))
    xsrf = jar["_xsrf"].coded_value if "_xsrf" in jar else ""
    count = 0
    for password in WEAK_PASSWORDS:
        form = urlencode({"_xsrf": xsrf, "password": password}).encode()
        answer = target.send("POST", "/login", {**FORM, "Cookie": f"_xsrf={xsrf}"}, form)
        count += any(name.startswith("username-") and cookie.value for name, cookie in _parse_cookies(answer).items())
    return count


def _provoke_log(target: _Target) -> dict[str, str]:
    """Send made-up tokens in requests that fail, because the server logs those; return the tokens."""
    canary = secrets.token_urlsafe(32)
    headers = {
        "Authorization": f"token {target.token}",
        "Referer": f"http://127.0.0.1/?token={canary}",
        "User-Agent": f"token {canary}",
    }
    for path in (CLOSED_PORT_PATH, MISSING_PATH):
        target.send("GET", f"{path}?token={canary}", headers)
    return {"token": canary}


def _log_in(target: _Target) -> _Login:
    jar = _parse_cookies(target.send("GET", "/login", {}))
    xsrf = jar["_xsrf"].coded_value if "_xsrf" in jar else ""
    form = urlencode({"_xsrf": xsrf, "password": target.token}).encode()
    login_cookies = _parse_cookies(target.send("POST", "/login", {**FORM, "Cookie": f"_xsrf={xsrf}"}, form))
    auth_cookies = {
        name: cookie for name, cookie in login_cookies.items() if name.startswith("username-") and cookie.value
    }
    flags = {
        name: [
            *(["HttpOnly"] if cookie["httponly"] else []),
            *([f"SameSite={cookie['samesite']}"] if cookie["samesite"] else []),
        ]
        for name, cookie in auth_cookies.items()
    }
    # Cookies keep their encoded values, which a browser sends back unchanged.
    return _Login({name: cookie.coded_value for name, cookie in (*jar.items(), *login_cookies.items())}, flags)


def _parse_cookies(answer: http.Response) -> SimpleCookie:
    jar = SimpleCookie()
    for header in answer.cookies:
        try:
            jar.load(header)
        except CookieError:
            continue
    return jar


def redact_observations(observations: Sequence[Observation], secret_values: Sequence[str]) -> tuple[Observation, ...]:
    """Remove secrets from observations, because the output of a server or a program may repeat them."""
    return tuple(
        Observation(observation.name, redact(observation.data, secret_values), observation.seconds)
        for observation in observations
    )


def redact(value: Any, secret_values: Sequence[str]) -> Any:
    """Replace secrets in a JSON value."""
    if isinstance(value, str):
        for secret in filter(None, secret_values):
            value = value.replace(secret, "[hidden]")
        return value
    if isinstance(value, dict):
        return {redact(key, secret_values): redact(item, secret_values) for key, item in value.items()}
    return [redact(item, secret_values) for item in value] if isinstance(value, list | tuple) else value
