"""Inspect one container without the Docker SDK, whose import takes longer than the rest of an unchanged `up`.

Any unexpected answer counts as not found; the caller then uses the SDK, which has the error messages.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from envkit import naming, ssh_tunnel
from envkit.model.engine_state import ContainerInfo
from envkit.net import unix_http

if TYPE_CHECKING:
    from collections.abc import Mapping

OK = 200


def running_container(endpoint: str, name: str) -> ContainerInfo | None:
    """Return a running container; None if the engine cannot be asked directly or does not report it as running."""
    if not (socket_path := local_socket(endpoint)):
        return None
    try:
        answer = unix_http.get(socket_path, f"/containers/{quote(name, safe='')}/json")
        data = json.loads(answer.body) if answer.status == OK else {}
        return _parse_container(data) if data["State"]["Status"] == "running" else None
    except (ValueError, KeyError, TypeError):
        return None


def local_socket(endpoint: str) -> str:
    """Return the path of the local socket of an engine, or an empty string."""
    if ssh_tunnel.is_remote(endpoint):
        return str(ssh_tunnel.local_socket(endpoint))
    return endpoint.removeprefix("unix://") if endpoint.startswith("unix://") else ""


def owns_port(endpoint: str, name: str, port: int) -> bool:
    """Check whether a container runs and therefore holds its loopback port, so that requests to it reach envkit.

    Port 0 means no port: JupyterLab listens on a socket. A restarting container does not hold its port: between two
    starts, another process may listen on it.
    """
    container = running_container(endpoint, name)
    return container is not None and container.labels.get(naming.PORT) == str(port or "")


def _parse_container(data: Mapping[str, Mapping[str, object]]) -> ContainerInfo:
    labels, networks = data["Config"]["Labels"], data["NetworkSettings"]["Networks"]
    if not isinstance(labels, dict) or not isinstance(networks, dict):
        raise TypeError(type(labels))
    return ContainerInfo(str(data["Id"]), "running", labels, str(data["Image"]), tuple(networks))
