"""Attack an environment from outside: over HTTP as nobody, a stranger, another page; over SSH as somebody else."""

from __future__ import annotations

import secrets
import tempfile
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from envkit import net, proc
from envkit.checks.attacks import ATTACKS
from envkit.model.report import Observation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkit.checks.attacks import Attack

BODY_KEPT = 400
LIMIT_S = 20
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BRUTE = 100
# What is asked of the SSH client: name -> options before the host, and the command.
SSH: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "password": (("-oPubkeyAuthentication=no", "-oPreferredAuthentications=password,keyboard-interactive"), ("true",)),
    "none": (("-oPubkeyAuthentication=no", "-oPreferredAuthentications=none"), ("true",)),
    "root": (("-lroot",), ("true",)),
    "unknown user": (("-lnosuch",), ("true",)),
    "forward to another machine": (("-W", "169.254.169.254:80"), ()),
    "forward back": (("-oExitOnForwardFailure=yes", "-R", "19999:127.0.0.1:22"), ("true",)),
    "agent": (("-A",), ('test -n "$SSH_AUTH_SOCK"',)),
    "display": (("-X",), ('test -n "$DISPLAY"',)),
}


def over_http(port: int, token: str) -> tuple[Observation, ...]:
    """Send every attack of the table, guess tokens, and look at the cookie of a login."""
    cookies, flags = _logged_in(port, token)
    seen = [Observation("audit.http", _sent(one, port, token, cookies)) for one in ATTACKS]
    guesses = [
        net.send(port, "GET", "/api/status", {"Authorization": f"token {secrets.token_urlsafe(32)}"}).status
        for _ in range(BRUTE)
    ]
    seen.append(Observation("audit.guesses", {
        "tried": BRUTE, "let_in": sum(status == 200 for status in guesses), "characters": len(token),
        "different": len(set(token)),
    }))
    seen.append(Observation("audit.cookie", {"flags": flags}))
    return tuple(seen)


def _sent(attack: Attack, port: int, token: str, cookies: str) -> dict[str, Any]:
    lets_in = {
        "nobody": {}, "stranger": {"Authorization": f"token {secrets.token_urlsafe(32)}"},
        "owner": {"Authorization": f"token {token}"}, "browser": {"Cookie": cookies},
    }[attack.who]
    answer = net.send(port, attack.method, attack.path, {**lets_in, **attack.headers}, attack.body.encode())
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return {
        "check": attack.check, "attack": f"{attack.method} {attack.path} as {attack.who}", "status": answer.status,
        "location": headers.get("location", ""), "allows": headers.get("access-control-allow-origin", ""),
        "leaked": bool(attack.never) and attack.never.encode() in answer.body,
        "header": headers.get(attack.has[0], "") if attack.has[0] else "",
    }


def _logged_in(port: int, token: str) -> tuple[str, list[str]]:
    """Log in as a browser does; return its cookies, and the flags of the one that lets in."""
    asked = net.send(port, "GET", "/login", {})
    jar = _cookies(asked.headers.get("Set-Cookie", ""))
    xsrf = jar["_xsrf"].value if "_xsrf" in jar else ""
    form = urlencode({"_xsrf": xsrf, "password": token}).encode()
    answer = net.send(port, "POST", "/login", {**FORM, "Cookie": f"_xsrf={xsrf}"}, form)
    given = _cookies(answer.headers.get("Set-Cookie", ""))
    flags = [flag for name, one in given.items() if name != "_xsrf" for flag in (
        "HttpOnly" if one["httponly"] else "", f"SameSite={one['samesite']}" if one["samesite"] else "")]
    words = {**{name: one.value for name, one in jar.items()}, **{name: one.value for name, one in given.items()}}
    return "; ".join(f"{name}={value}" for name, value in words.items()), [flag for flag in flags if flag]


def _cookies(header: str) -> SimpleCookie:
    jar = SimpleCookie()
    try:
        jar.load(header)
    except CookieError:
        return SimpleCookie()
    return jar


def over_ssh(config: Path, host: str) -> tuple[Observation, ...]:
    """Try to get in as somebody else, and to get out to where an owner must not."""
    if proc.which("ssh") is None:
        return (Observation("audit.ssh", {"attack": "", "skipped": "there is no ssh client on this host"}),)
    return tuple(_tried(config, host))


def _tried(config: Path, host: str) -> Iterator[Observation]:
    for name, (options, command) in SSH.items():
        yield _ssh(config, host, name, options, command)
    with tempfile.TemporaryDirectory(prefix="envkit-") as folder:
        key = Path(folder) / "id_ed25519"
        made = proc.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], timeout_s=LIMIT_S)
        if made.code == 0:
            options = (f"-oIdentityFile={key}", "-oIdentitiesOnly=yes")
            text = config.read_text("utf-8")
            other = Path(folder) / "ssh_config"
            other.write_text("".join(f"{line}\n" for line in text.splitlines() if "IdentityFile" not in line), "utf-8")
            yield _ssh(other, host, "unknown key", options, ("true",))


def _ssh(config: Path, host: str, name: str, options: tuple[str, ...], command: tuple[str, ...]) -> Observation:
    # With an agent of its own, which holds no key: there has to be one to forward.
    agent = ["ssh-agent"] if name == "agent" and proc.which("ssh-agent") else []
    argv = [*agent, "ssh", "-F", str(config), "-oBatchMode=yes", "-oControlMaster=no", "-v", *options, host, *command]
    try:
        done = proc.run(argv, timeout_s=LIMIT_S)
    except Exception as error:  # noqa: BLE001 - a client that hangs is no attack that succeeded
        return Observation("audit.ssh", {"attack": name, "code": None, "said": type(error).__name__})
    offers = [line.partition("can continue: ")[2] for line in done.err.splitlines() if "can continue: " in line]
    return Observation("audit.ssh", {
        "attack": name, "code": done.code, "offers": offers[-1].strip() if offers else "",
        "said": done.err.strip().splitlines()[-1] if done.err.strip() else "",
    })
