"""`ssh-proxy`: connect an SSH client to an SSH server started in the container; `ssh_config` names it as ProxyCommand.

Every login runs it, so it has a fast path without the Docker SDK for a container that is certainly running.
"""

from __future__ import annotations

from pathlib import Path

from envkit import backends, naming, ssh_tunnel
from envkit.backends import endpoint
from envkit.errors import EnvkitError, ExecError, as_exec_errors

SSHD = ("/usr/sbin/sshd", "-i", "-f", "/etc/envkit/sshd_config")


def fast_ssh_proxy(container_name: str) -> int | None:
    """Connect stdin and stdout to a new SSH server in a container; return its exit code.

    Returns None if no server was started: `ssh_proxy` tries again and raises the reason.

    Raises:
        ExecError: The server could not be started, or the engine closed the connection.
    """
    try:
        engine_endpoint = _find_engine(container_name)
        with as_exec_errors():
            return backends.fast(engine_endpoint).run_raw(container_name, SSHD) if engine_endpoint else None
    finally:
        _close_tunnels()


def ssh_proxy(container_name: str) -> int:
    """Connect stdin and stdout to a new SSH server in a container; return its exit code.

    Raises:
        ExecError: The container is not running, or envkit did not create it.
    """
    from envkit.environment import project

    with as_exec_errors():
        backend = backends.connect(endpoint.current_endpoint())
        container = backend.container(container_name)
        if container is None or container.status != "running" or container.labels.get(naming.MANAGED) != "1":
            environments = (project.find_environment(Path(), name) for name in project.environment_names())
            hints = (environment.hint for environment in environments if environment.container_name == container_name)
            raise ExecError(
                f"{container_name} is not running", code="environment-not-running", hint=next(hints, "envkit up")
            )
        return backend.run_raw(container_name, SSHD)


def _find_engine(container_name: str) -> str:
    """Return the endpoint of the engine that runs a container of ours, or an empty string if that is not certain.

    The tunnel to a remote engine is acquired first, so that no other command closes it in between.
    """
    try:
        engine_endpoint = endpoint.current_endpoint()
        if ssh_tunnel.is_remote(engine_endpoint):
            ssh_tunnel.acquire(engine_endpoint)
        container = backends.fast(engine_endpoint).running_container(container_name)
    except (EnvkitError, OSError, ValueError):  # unreadable files, and container names that are not text
        return ""
    return engine_endpoint if container is not None and container.labels.get(naming.MANAGED) == "1" else ""


def _close_tunnels() -> None:
    if endpoints := ssh_tunnel.active_addresses():
        from envkit.environment.remote import ports  # not needed for a login on this machine

        for engine_endpoint in endpoints:
            ports.close_idle_tunnel(engine_endpoint)
