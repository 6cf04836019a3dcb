"""Inspect one container without the Docker SDK, whose import takes longer than the rest of an unchanged `up`.

Any unexpected answer counts as not found; the caller then uses the SDK, which has the error messages.
"""

from __future__ import annotations

import json

from envkit import naming
from envkit.backends.fast_endpoint import UNIX_SCHEME
from envkit.net import plain_http

TYPE_CHECKING = False  # not from typing, whose import an unchanged `up` does not need
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from envkit.model.engine_state import ContainerInfo

OK = 200


def running_container(endpoint: str, name: str) -> ContainerInfo | None:
    """Return a running container; None if the engine cannot be asked directly or does not report it as running."""
    from envkit.model.engine_state import ContainerInfo  # an unchanged `up` does without this class

    if (data := _inspect_running(endpoint, name)) is None:
        return None
    labels, networks = data["Config"]["Labels"], data["NetworkSettings"]["Networks"]
    return ContainerInfo(str(data["Id"]), "running", labels, str(data["Image"]), tuple(networks))


def is_running(endpoint: str, name: str, labels: Mapping[str, str], network: str) -> bool:
    """Check whether a container runs with these labels, of which missing ones are empty, in a network."""
    if (data := _inspect_running(endpoint, name)) is None:
        return False
    actual_labels = data["Config"]["Labels"]
    return network in data["NetworkSettings"]["Networks"] and all(
        actual_labels.get(key, "") == value for key, value in labels.items()
    )


def _inspect_running(endpoint: str, name: str) -> dict[str, Any] | None:
    """Return what the engine says about a running container, with its labels and networks checked for their type."""
    if not (socket_path := local_socket(endpoint)):
        return None
    try:
        data = json.loads(_get(socket_path, f"/containers/{_quote(name)}/json"))
        is_complete = isinstance(data["Config"]["Labels"], dict) and isinstance(
            data["NetworkSettings"]["Networks"], dict
        )
        return data if data["State"]["Status"] == "running" and data["Id"] and data["Image"] and is_complete else None
    except (ValueError, KeyError, TypeError):
        return None


def _get(socket_path: str, path: str) -> bytes:
    """Return the body of a successful answer; otherwise an empty one."""
    status, body = plain_http.get_from_socket(socket_path, path)
    if body is not None:
        return body if status == OK else b""
    from envkit.net import unix_http  # reads an answer in chunks, which no known engine sends to HTTP/1.0

    answer = unix_http.get(socket_path, path)
    return answer.body if answer.status == OK else b""


def _quote(name: str) -> str:
    if name.isascii() and name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        return name  # as are all names that envkit chooses
    from urllib.parse import quote

    return quote(name, safe="")


def local_socket(endpoint: str) -> str:
    """Return the path of the local socket of an engine, or an empty string."""
    if endpoint.startswith(UNIX_SCHEME):
        return endpoint.removeprefix(UNIX_SCHEME)
    from envkit import ssh_tunnel

    return str(ssh_tunnel.local_socket(endpoint)) if ssh_tunnel.is_remote(endpoint) else ""


def owns_port(endpoint: str, name: str, port: int) -> bool:
    """Check whether a container runs and therefore holds its loopback port, so that requests to it reach envkit.

    Port 0 means no port: JupyterLab listens on a socket. A restarting container does not hold its port: between two
    starts, another process may listen on it. Published ports decide: a label may lie.
    """
    data = _inspect_running(endpoint, name)
    if data is None:
        return False
    return port in _published_ports(data) if port else data["Config"]["Labels"].get(naming.PORT) == ""


def _published_ports(data: Mapping[str, Any]) -> set[int]:
    bindings = (data["NetworkSettings"].get("Ports") or {}).get(f"{naming.JUPYTER_PORT}/tcp") or ()
    return {int(binding["HostPort"]) for binding in bindings if str(binding.get("HostPort", "")).isdecimal()}
