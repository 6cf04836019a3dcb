"""How a container is reached: its published ports, its network, and what its SSH server allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Port:
    """A container port on the host, on loopback unless said otherwise."""

    host: int
    container: int
    address: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Network:
    """The environment's own bridge, without traffic between containers and with ports on loopback, or none at all.

    Attributes:
        name: The engine's name for it.
        subnet: Of the bridge; empty where there is none.
        mode: `bridge`, or `none`: nothing but the container's own loopback.
    """

    name: str
    subnet: str
    mode: Literal["bridge", "none"] = "bridge"


@dataclass(frozen=True, slots=True)
class Ssh:
    """What the SSH server allows beyond the default, which is nothing.

    Attributes:
        agent: Whether clients may forward their agent, which what runs inside can then use.
        socket: Whether clients may connect to JupyterLab's socket.
        kex: The only key exchanges it takes; empty for all that the image's own settings name.
    """

    agent: bool = False
    socket: bool = False
    kex: tuple[str, ...] = ()
