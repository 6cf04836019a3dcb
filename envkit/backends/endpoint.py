"""Select the engine endpoint as Docker's client does, without importing the Docker SDK."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envkit.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT = "unix:///var/run/docker.sock"
PODMAN = "unix:///run/podman/podman.sock"  # root's Podman; a user's socket is in XDG_RUNTIME_DIR
DEFAULT_CONTEXT = "default"  # Docker's name for the default socket
FLAG = "--engine"
_override: ContextVar[str] = ContextVar("engine", default="")  # from the command line


@dataclass(frozen=True, slots=True)
class Choice:
    """An endpoint, and how it was selected.

    Attributes:
        address: Address, such as `unix:///var/run/docker.sock`.
        source: `--engine`, `DOCKER_HOST` or a Docker context; empty for a default socket.
        undo: Command that reverts the selection.
        skipped_sources: Sources with higher precedence, each with the reason why it was skipped.
        warning: Why Docker's configuration was ignored, with a hint; empty if it was not.
    """

    address: str
    source: str = ""
    undo: str = "sudo systemctl start docker"
    skipped_sources: tuple[str, ...] = ()
    warning: str = ""


@contextmanager
def override(address: str) -> Iterator[None]:
    """Select the engine at an address while the body runs; an empty address overrides nothing.

    The path of a socket is accepted, too.
    """
    token = _override.set(f"unix://{address}" if address.startswith("/") else address)
    try:
        yield
    finally:
        _override.reset(token)


def current_endpoint() -> str:
    """Return the address of the selected engine.

    Raises:
        EngineUnavailable: The selected Docker context does not exist, or Docker's configuration is invalid.
    """
    return choose().address


def choose() -> Choice:
    """Select from `--engine`, `DOCKER_HOST`, `DOCKER_CONTEXT`, Docker's current context and default sockets, in order.

    Docker's sockets take precedence over Podman's; of Docker's, the system's over the user's. A configuration file
    that is unreadable or damaged is ignored, as Docker's client does.

    Raises:
        EngineUnavailable: The selected Docker context does not exist, or its file is invalid.
    """
    host, context = os.environ.get("DOCKER_HOST"), os.environ.get("DOCKER_CONTEXT")
    if address := _override.get():
        return Choice(address, FLAG, f"omit {FLAG}")
    if host:
        return Choice(host, "DOCKER_HOST", "unset DOCKER_HOST")
    if context and context != DEFAULT_CONTEXT:
        return Choice(
            _context_host(context), f"the Docker context {context}", "unset DOCKER_CONTEXT", ("DOCKER_HOST: not set",)
        )
    config_path = docker_config_dir() / "config.json"
    try:
        current_context, warning = None if context else _current_context(config_path), ""
    except EngineUnavailable as error:
        current_context, warning = None, f"{error.message}\n  hint: {error.hint}"
    if current_context and current_context != DEFAULT_CONTEXT:
        skipped_sources = ("DOCKER_HOST: not set", "DOCKER_CONTEXT: not set")
        return Choice(
            _context_host(current_context),
            f"the Docker context {current_context}",
            "docker context use default",
            skipped_sources,
        )
    config_note = "damaged or unreadable" if warning else "no current context"
    reason = "DOCKER_CONTEXT: default" if context else f"DOCKER_CONTEXT: not set; {config_path}: {config_note}"
    return replace(_choose_socket(("DOCKER_HOST: not set", reason)), warning=warning)


def engine_flag() -> str:
    """Return the flag that makes another command use the same engine; empty if none was given."""
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
        is_directory = os.path.isdir(address.removeprefix("unix://"))  # noqa: PTH112
        missing.append(f"{address}: {'is a directory' if is_directory else 'does not exist'}")
    return Choice(DEFAULT, skipped_sources=(*skipped_sources, *missing[1:]))


def socket_exists(address: str) -> bool:
    """Check whether the path of a `unix://` address exists and is not a directory."""
    path = address.removeprefix("unix://")
    return os.path.lexists(path) and not os.path.isdir(path)  # noqa: PTH112 - as in `fast_endpoint`


def docker_config_dir() -> Path:
    """Return the configuration folder of Docker's client."""
    return Path(os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker"))  # noqa: PTH111 - no home, no error


def _current_context(config_path: Path) -> str:
    name = _read_json(config_path).get("currentContext") or ""
    if not isinstance(name, str):
        raise _invalid_config(config_path, "currentContext is not a string")
    return name


def _context_host(context: str) -> str:
    path = (
        docker_config_dir()
        / "contexts"
        / "meta"
        / hashlib.sha256(context.encode(errors="replace")).hexdigest()
        / "meta.json"
    )
    document = _read_json(path)
    if not document:
        raise EngineUnavailable(
            f"the Docker context {context} does not exist",
            code="docker-context-not-found",
            detail=str(path),
            hint="docker context ls lists the contexts; docker context use default selects the default engine",
        )
    try:
        host = document["Endpoints"]["docker"]["Host"]
    except (KeyError, TypeError) as error:
        raise _invalid_config(path, f"the Docker context {context} has no engine address") from error
    if not isinstance(host, str) or not host.isprintable() or not host:
        raise _invalid_config(path, f"the engine address of the Docker context {context} is not a one-line string")
    return host


def _read_json(path: Path) -> dict[str, Any]:
    """Read a file of Docker's client; a missing one counts as empty."""
    try:
        document = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise _invalid_config(path, error.strerror or type(error).__name__) from error
    except (ValueError, RecursionError) as error:
        raise _invalid_config(path, "invalid JSON") from error
    if not isinstance(document, dict):
        raise _invalid_config(path, "not a JSON object")
    return document


def _invalid_config(path: Path, reason: str) -> EngineUnavailable:
    folder = docker_config_dir()
    repair = f'sudo chown -R "$USER" {shlex.quote(str(folder))}' if _is_foreign(path) else "correct that file"
    return EngineUnavailable(
        f"Docker's configuration cannot be used: {path}: {reason}",
        code="docker-config-invalid",
        detail="DOCKER_HOST, DOCKER_CONTEXT, Docker's current context",
        hint=f"{repair}, or select an engine with {FLAG} {DEFAULT} or DOCKER_HOST",
    )


def _is_foreign(path: Path) -> bool:
    """Check whether a file or its folder belongs to another user, such as root after `sudo docker login`."""
    with suppress(OSError):
        return path.stat().st_uid != os.getuid()
    with suppress(OSError):
        return docker_config_dir().stat().st_uid != os.getuid()
    return False
