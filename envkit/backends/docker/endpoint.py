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
DEFAULT_CONTEXT = "default"  # the name by which Docker calls the usual socket
FLAG = "--engine"
_override: ContextVar[str] = ContextVar("engine", default="")  # of the command line, once for the whole command


@dataclass(frozen=True, slots=True)
class Choice:
    """An address, and how it came to be chosen.

    Attributes:
        address: Such as `unix:///var/run/docker.sock`.
        source: What named it: `--engine`, `DOCKER_HOST` or a Docker context; empty for a usual place.
        undo: The command that takes this choice back.
        skipped_sources: What was asked before, each with why it decided nothing.
    """

    address: str
    source: str = ""
    undo: str = "sudo systemctl start docker"
    skipped_sources: tuple[str, ...] = ()


@contextmanager
def override(address: str) -> Iterator[None]:
    """Have the engine at an address count while the body runs, whatever the environment says; none for an empty one.

    The bare path of a socket is understood.
    """
    token = _override.set(f"unix://{address}" if address.startswith("/") else address)
    try:
        yield
    finally:
        _override.reset(token)


def current_endpoint() -> str:
    """Return where the engine should be.

    Raises:
        EngineUnavailable: A Docker context should say so, and its files are not as they should be.
    """
    return choose().address


def choose() -> Choice:
    """Choose: `--engine`, `DOCKER_HOST`, `DOCKER_CONTEXT`, Docker's current context, or a usual socket, in this order.

    Docker's sockets come before Podman's, and the machine's before the user's own, as long as it is Docker's.

    Raises:
        EngineUnavailable: A Docker context should say so, and its files are not as they should be.
    """
    host, context = os.environ.get("DOCKER_HOST"), os.environ.get("DOCKER_CONTEXT")
    if address := _override.get():
        return Choice(address, FLAG, f"leave {FLAG} out")
    if host:
        return Choice(host, "DOCKER_HOST", "unset DOCKER_HOST")
    if context and context != DEFAULT_CONTEXT:
        return Choice(
            _context_host(context), f"the Docker context {context}", "unset DOCKER_CONTEXT", ("DOCKER_HOST: not set",)
        )
    config_path = docker_config_dir() / "config.json"
    current_context = None if context else _current_context(config_path)
    if current_context and current_context != DEFAULT_CONTEXT:
        skipped_sources = ("DOCKER_HOST: not set", "DOCKER_CONTEXT: not set")
        return Choice(
            _context_host(current_context),
            f"the Docker context {current_context}",
            "docker context use default",
            skipped_sources,
        )
    reason = (
        "DOCKER_CONTEXT: the default one" if context else f"DOCKER_CONTEXT: not set; {config_path}: names no context"
    )
    return _choose_socket(("DOCKER_HOST: not set", reason))


def engine_flag() -> str:
    """Return what a further command needs to be about the same engine: the flag, where that named it, else nothing."""
    address = _override.get()
    return f" {FLAG} {shlex.quote(address)}" if address else ""


def _choose_socket(skipped_sources: tuple[str, ...]) -> Choice:
    runtime_dir = os.environ.get("XDG_RUNTIME_DIR")
    user_addresses = (
        (f"unix://{runtime_dir}/docker.sock", f"unix://{runtime_dir}/podman/podman.sock") if runtime_dir else ()
    )
    missing: list[str] = []
    for address in (DEFAULT, *user_addresses, PODMAN):
        if socket_exists(address):
            return Choice(address, skipped_sources=(*skipped_sources, *missing))
        missing.append(f"{address}: not there")
    return Choice(DEFAULT, skipped_sources=(*skipped_sources, *missing[1:]))


def socket_exists(address: str) -> bool:
    """Say whether there is something at the path of a `unix://` address."""
    return os.path.lexists(address.removeprefix("unix://"))


def docker_config_dir() -> Path:
    """Return where Docker's own client keeps its config."""
    return Path(os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker"))  # noqa: PTH111 - no home, no error


def _current_context(config_path: Path) -> str:
    if not config_path.exists():
        return ""
    name = _read_json(config_path).get("currentContext") or ""
    if not isinstance(name, str):
        raise _invalid_config(config_path, "its currentContext is no text")
    return name


def _context_host(context: str) -> str:
    path = (
        docker_config_dir()
        / "contexts"
        / "meta"
        / hashlib.sha256(context.encode(errors="replace")).hexdigest()
        / "meta.json"
    )
    if not path.exists():
        raise EngineUnavailable(
            f"there is no Docker context {context}",
            detail=str(path),
            hint="docker context ls shows those there are; docker context use default goes back to the usual engine",
        )
    try:
        host = _read_json(path)["Endpoints"]["docker"]["Host"]
    except (KeyError, TypeError) as error:
        raise _invalid_config(path, f"it names no engine for the Docker context {context}") from error
    if not isinstance(host, str) or not host.isprintable() or not host:
        raise _invalid_config(path, f"the engine's address of the Docker context {context} is no text of one line")
    return host


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise _invalid_config(path, error.strerror or type(error).__name__) from error
    except (ValueError, RecursionError) as error:
        raise _invalid_config(path, "it is no JSON") from error
    if not isinstance(document, dict):
        raise _invalid_config(path, "it is no JSON object")
    return document


def _invalid_config(path: Path, reason: str) -> EngineUnavailable:
    return EngineUnavailable(
        f"which engine to use cannot be told: {path}: {reason}",
        detail="DOCKER_HOST, DOCKER_CONTEXT, Docker's current context",
        hint=f"mend that file, or name an engine: {FLAG} {DEFAULT}, or DOCKER_HOST",
    )
