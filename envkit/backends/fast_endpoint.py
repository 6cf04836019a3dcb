"""Select the endpoint without loading `endpoint`, in the usual cases: an unchanged `up` needs no more."""

from __future__ import annotations

import json
import os

UNIX_SCHEME = "unix://"
DEFAULT_SOCKET = "/var/run/docker.sock"
DEFAULT_CONTEXT = "default"


def current_endpoint() -> str:
    """Return `endpoint.current_endpoint()`, in the usual cases without importing that module; `--engine` is ignored.

    Raises:
        EngineUnavailable: The selected Docker context does not exist, or Docker's configuration is invalid.
    """
    if host := os.environ.get("DOCKER_HOST"):
        return host
    if _is_default_context() and os.path.lexists(DEFAULT_SOCKET) and not os.path.isdir(DEFAULT_SOCKET):
        return f"{UNIX_SCHEME}{DEFAULT_SOCKET}"
    from envkit.backends import endpoint

    return endpoint.current_endpoint()


def _is_default_context() -> bool:
    """Check whether Docker's client uses its default context; False if that is not certain."""
    if context := os.environ.get("DOCKER_CONTEXT"):
        return context == DEFAULT_CONTEXT
    folder = os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
    try:
        with open(f"{folder}/config.json", "rb") as file:
            config = json.load(file)
    except FileNotFoundError:
        return True
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(config, dict) and config.get("currentContext") in (None, "", DEFAULT_CONTEXT)
