"""Backends that run workspaces, behind one Protocol; the endpoint selects the backend.

- `endpoint`   select the endpoint
- `backend`    the Protocols that every backend implements
- `docker`     the Docker Engine API

Backends are imported inside functions: client libraries load slowly, and `endpoint` also runs before anything is
installed.
"""

from __future__ import annotations

TYPE_CHECKING = False  # not from typing, whose import an unchanged `up` does not need
if TYPE_CHECKING:
    from envkit.backends.backend import Backend, FastBackend
    from envkit.model.backend import Capabilities


def connect(endpoint: str) -> Backend:
    """Connect to the backend at an endpoint.

    Raises:
        PreconditionError: The address has an unsupported scheme.
        EngineUnavailable: Nothing answers there, or the caller may not use it.
    """
    from envkit.backends.docker import backend

    return backend.connect(endpoint)


def fast(endpoint: str) -> FastBackend:
    """Return the part of a backend that works without its client library; nothing is connected."""
    from envkit.backends.docker.fast_backend import DockerFastBackend

    return DockerFastBackend(endpoint)


def capabilities(endpoint: str) -> Capabilities:
    """Return the capabilities of the backend at an endpoint without a connection, as `render` needs them."""
    from envkit.backends.docker import backend

    return backend.capabilities(endpoint)


def preload(endpoint: str) -> None:  # noqa: ARG001 - all endpoints use the same client library
    """Import what `connect` needs, for callers that measure time."""
    from envkit.backends.docker import client  # noqa: F401
