"""The quick way of a login: to the SSH server of a container that plainly runs, over a connection of our own."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from envkit import naming, ssh_tunnel
from envkit.backends.docker import endpoint, fast_exec, fast_inspect
from envkit.errors import EnvkitError, ExecError

if TYPE_CHECKING:
    from collections.abc import Iterator

SSHD = ("/usr/sbin/sshd", "-i", "-f", "/etc/envkit/sshd_config")


def ssh_proxy(container_name: str) -> int | None:
    """Connect stdin and stdout to a fresh SSH server inside a container; return its exit code.

    Returns None where nobody was let in: the ordinary road tries that again, and says why it cannot be.

    Raises:
        PassThrough: It could not be started, or the engine let go of it, or went away.
    """
    try:
        engine_endpoint = _find_engine(container_name)
        with as_exec_errors():
            return fast_exec.run_raw(engine_endpoint, container_name, SSHD) if engine_endpoint else None
    finally:
        _close_tunnels()


def _find_engine(container_name: str) -> str:
    """Return the address of the engine where a container of ours plainly runs, or nothing.

    The way to an engine on another machine is held from before the look: no command elsewhere ends it meanwhile.
    """
    try:
        engine_endpoint = endpoint.current_endpoint()
        if ssh_tunnel.is_remote(engine_endpoint):
            ssh_tunnel.acquire(engine_endpoint)
        container = fast_inspect.running_container(engine_endpoint, container_name)
    except (EnvkitError, OSError, ValueError):  # of files that cannot be read, and of names that are no text
        return ""
    return engine_endpoint if container is not None and container.labels.get(naming.MANAGED) == "1" else ""


def _close_tunnels() -> None:
    if endpoints := ssh_tunnel.active_addresses():
        from envkit.environment.remote import ports  # a login on this machine needs none of it

        for engine_endpoint in endpoints:
            ports.close_idle_tunnel(engine_endpoint)


@contextmanager
def as_exec_errors() -> Iterator[None]:
    """Give every failure of envkit's own the exit code that no program inside is likely to have."""
    try:
        yield
    except ExecError:
        raise
    except EnvkitError as error:
        raise ExecError(error.message, detail=error.detail, hint=error.hint) from error
    except OSError as error:
        prefix = f"{error.filename}: " if error.filename else ""
        raise ExecError(f"{prefix}{error.strerror or error}", hint="look at that path and who may use it") from error
