"""Where the engine should be, chosen as the Docker client chooses. No SDK here: what only asks this needs none."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envkit.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT = "unix:///var/run/docker.sock"
PODMAN = "unix:///run/podman/podman.sock"  # of root's Podman; a user's own is below XDG_RUNTIME_DIR
NO_CONTEXT = "default"  # the name by which Docker calls the usual socket
FLAG = "--engine"
_given: ContextVar[str] = ContextVar("engine", default="")  # of the command line, once for the whole command


@dataclass(frozen=True, slots=True)
class Choice:
    """An address, and how it came to be chosen.

    Attributes:
        address: Such as `unix:///var/run/docker.sock`.
        by: What named it: `--engine`, `DOCKER_HOST` or a Docker context; empty for a usual place.
        undo: The command that takes this choice back.
        passed_over: What was asked before, each with why it decided nothing.
    """

    address: str
    by: str = ""
    undo: str = "sudo systemctl start docker"
    passed_over: tuple[str, ...] = ()


@contextmanager
def using(address: str) -> Iterator[None]:
    """Have the engine at an address count while the body runs, whatever the environment says; none for an empty one.

    The bare path of a socket is understood.
    """
    before = _given.set(f"unix://{address}" if address.startswith("/") else address)
    try:
        yield
    finally:
        _given.reset(before)


def endpoint() -> str:
    """Return where the engine should be.

    Raises:
        EngineUnavailable: A Docker context should say so, and its files are not as they should be.
    """
    return choice().address


def choice() -> Choice:
    """Choose: `--engine`, `DOCKER_HOST`, `DOCKER_CONTEXT`, Docker's current context, or a usual socket, in this order.

    Docker's sockets come before Podman's, and the machine's before the user's own, as long as it is Docker's.

    Raises:
        EngineUnavailable: A Docker context should say so, and its files are not as they should be.
    """
    host, named = os.environ.get("DOCKER_HOST"), os.environ.get("DOCKER_CONTEXT")
    if given := _given.get():
        return Choice(given, FLAG, f"leave {FLAG} out")
    if host:
        return Choice(host, "DOCKER_HOST", "unset DOCKER_HOST")
    if named and named != NO_CONTEXT:
        return Choice(_host(named), f"the Docker context {named}", "unset DOCKER_CONTEXT", ("DOCKER_HOST: not set",))
    config = folder() / "config.json"
    current = None if named else _current(config)
    if current and current != NO_CONTEXT:
        passed_over = ("DOCKER_HOST: not set", "DOCKER_CONTEXT: not set")
        return Choice(_host(current), f"the Docker context {current}", "docker context use default", passed_over)
    why = "DOCKER_CONTEXT: the default one" if named else f"DOCKER_CONTEXT: not set; {config}: names no context"
    return _usual(("DOCKER_HOST: not set", why))


def named() -> str:
    """Return what a further command needs to be about the same engine: the flag, where that named it, else nothing."""
    given = _given.get()
    return f" {FLAG} {shlex.quote(given)}" if given else ""


def _usual(passed_over: tuple[str, ...]) -> Choice:
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    own = (f"unix://{runtime}/docker.sock", f"unix://{runtime}/podman/podman.sock") if runtime else ()
    missing: list[str] = []
    for address in (DEFAULT, *own, PODMAN):
        if is_there(address):
            return Choice(address, passed_over=(*passed_over, *missing))
        missing.append(f"{address}: not there")
    return Choice(DEFAULT, passed_over=(*passed_over, *missing[1:]))


def is_there(address: str) -> bool:
    """Say whether there is something at the path of a `unix://` address."""
    return os.path.lexists(address.removeprefix("unix://"))


def folder() -> Path:
    """Return where Docker's own client keeps its config."""
    return Path(os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker"))  # noqa: PTH111 - no home, no error


def _current(config: Path) -> str:
    if not config.exists():
        return ""
    named = _read(config).get("currentContext") or ""
    if not isinstance(named, str):
        raise _damaged(config, "its currentContext is no text")
    return named


def _host(context: str) -> str:
    path = folder() / "contexts" / "meta" / hashlib.sha256(context.encode(errors="replace")).hexdigest() / "meta.json"
    if not path.exists():
        raise EngineUnavailable(
            f"there is no Docker context {context}", tried=str(path),
            mend="docker context ls shows those there are; docker context use default goes back to the usual engine",
        )
    try:
        host = _read(path)["Endpoints"]["docker"]["Host"]
    except (KeyError, TypeError) as error:
        raise _damaged(path, f"it names no engine for the Docker context {context}") from error
    if not isinstance(host, str) or not host.isprintable() or not host:
        raise _damaged(path, f"the engine's address of the Docker context {context} is no text of one line")
    return host


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise _damaged(path, error.strerror or type(error).__name__) from error
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "it is no JSON") from error
    if not isinstance(found, dict):
        raise _damaged(path, "it is no JSON object")
    return found


def _damaged(path: Path, why: str) -> EngineUnavailable:
    return EngineUnavailable(
        f"which engine to use cannot be told: {path}: {why}",
        tried="DOCKER_HOST, DOCKER_CONTEXT, Docker's current context",
        mend=f"mend that file, or name an engine: {FLAG} {DEFAULT}, or DOCKER_HOST",
    )
