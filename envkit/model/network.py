"""How a container is reached: published ports, network, and extra rights of SSH clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Port:
    """A container port published on the host, on loopback by default."""

    host: int
    container: int
    address: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Network:
    """The environment's own bridge without traffic between containers, or no network.

    Attributes:
        name: The engine's name for it.
        subnet: Subnet of the bridge; empty without one.
        mode: `bridge`, or `none`: only the container's own loopback.
        mtu: Largest packet in bytes, or 0 for the engine's default.
    """

    name: str
    subnet: str
    mode: Literal["bridge", "none"] = "bridge"
    mtu: int = 0


@dataclass(frozen=True, slots=True)
class Ssh:
    """Settings of the SSH server that allow more than its defaults.

    Attributes:
        agent: Whether clients may forward their agent, which container code can then use.
        socket: Whether clients may connect to JupyterLab's socket.
        kex: The only key exchanges it accepts; empty for those of the image's own settings.
    """

    agent: bool = False
    socket: bool = False
    kex: tuple[str, ...] = ()
