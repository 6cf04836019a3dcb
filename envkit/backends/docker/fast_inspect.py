"""One look at one container without the SDK, whose import costs more than all the rest of an unchanged `up`.

Whatever is not a plain answer counts as not seen; the caller then takes the ordinary road, with its messages.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from envkit import naming, ssh_tunnel
from envkit.model.engine_state import ContainerInfo
from envkit.net import http

if TYPE_CHECKING:
    from collections.abc import Mapping

OK = 200


def running_container(endpoint: str, name: str) -> ContainerInfo | None:
    """Return a container if an engine that can be asked at once says that it runs."""
    if not (socket_path := local_socket(endpoint)):
        return None
    try:
        answer = http.get_unix(socket_path, f"/containers/{quote(name, safe='')}/json")
        data = json.loads(answer.body) if answer.status == OK else {}
        return _parse_container(data) if data["State"]["Status"] == "running" else None
    except (ValueError, KeyError, TypeError):
        return None


def local_socket(endpoint: str) -> str:
    """Return the path of the socket where an engine can be asked at once, or nothing."""
    if ssh_tunnel.is_remote(endpoint):
        return str(ssh_tunnel.local_socket(endpoint))
    return endpoint.removeprefix("unix://") if endpoint.startswith("unix://") else ""


def owns_port(endpoint: str, name: str, port: int) -> bool:
    """Say whether a container runs and, with it, holds its port of loopback: what is asked there then is ours.

    Port 0 stands for none: JupyterLab listens on a socket.

    One that is restarting does not: between two starts anybody may listen at the port.
    """
    container = running_container(endpoint, name)
    return container is not None and container.labels.get(naming.PORT) == str(port or "")


def _parse_container(data: Mapping[str, Mapping[str, object]]) -> ContainerInfo:
    labels, networks = data["Config"]["Labels"], data["NetworkSettings"]["Networks"]
    if not isinstance(labels, dict) or not isinstance(networks, dict):
        raise TypeError(type(labels))
    return ContainerInfo(str(data["Id"]), "running", labels, str(data["Image"]), tuple(networks))
