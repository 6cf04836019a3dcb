"""An environment's resources on the engine, and other resources that conflict with its plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Status = Literal["created", "running", "paused", "restarting", "removing", "exited", "dead"]


@dataclass(frozen=True, slots=True)
class ContainerInfo:
    """A container with the name of the environment's container.

    Attributes:
        id: The engine's id.
        status: The engine's state of it.
        labels: Its labels.
        image_id: Id of its image.
        networks: Names of the networks it is attached to.
        exit_code: Exit code of its last run; 0 while it runs.
        is_unhealthy: Whether its health check failed several times in a row.
    """

    id: str
    status: Status
    labels: Mapping[str, str]
    image_id: str
    networks: tuple[str, ...] = ()
    exit_code: int = 0
    is_unhealthy: bool = False


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """An image under a reference that the plan uses.

    Attributes:
        id: The engine's id.
        labels: Its labels.
        size_bytes: Size of all of its layers, shared ones included.
        ref: The reference it was found under.
        system: Its operating system, as Docker names it.
        machine: Its architecture, as Docker names it.
        from_registry: Whether it has a registry's digest: it was pulled or pushed.
        has_onbuild: Whether it holds ONBUILD instructions.
        entrypoint: Its entrypoint, or empty.
    """

    id: str
    labels: Mapping[str, str]
    size_bytes: int = 0
    ref: str = ""
    system: str = "linux"
    machine: str = ""
    from_registry: bool = False
    has_onbuild: bool = False
    entrypoint: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageContents:
    """Contents of a foreign base image; each field is empty where the image lacks it.

    Attributes:
        title: Name of its system, such as `Ubuntu 20.04.6 LTS`.
        codename: Codename of that release, such as `focal`.
        manager: Its package manager, such as `apt-get`.
        libc: `glibc` or `musl`.
        libc_version: Version of that library, such as `2.31`.
        python: Version of the `python3` on its PATH, such as `3.8.10`.
        python_path: That interpreter outside of any virtual environment.
        tensorflow: Version of the TensorFlow installed for that interpreter, read without an import.
    """

    title: str = ""
    codename: str = ""
    manager: str = ""
    libc: str = ""
    libc_version: str = ""
    python: str = ""
    python_path: str = ""
    tensorflow: str = ""


@dataclass(frozen=True, slots=True)
class ForeignBase:
    """A base image that envkit did not build.

    Attributes:
        kind: TensorFlow's `official` image, or another `image`.
        ref: Its reference.
        id: The engine's id.
        contents: Its contents.
        python_mirror: Source of Pythons that uv manages: a URL, `default` for uv's own, or empty for none.
    """

    kind: Literal["official", "image"]
    ref: str
    id: str
    contents: ImageContents
    python_mirror: str = ""


@dataclass(frozen=True, slots=True)
class NetworkInfo:
    """A network with the name of the environment's network.

    Attributes:
        id: Its id.
        labels: Its labels.
        subnet: Its subnet in CIDR form, or empty.
        mtu: Its MTU in bytes, or 0 for the engine's default.
    """

    id: str
    labels: Mapping[str, str]
    subnet: str
    mtu: int = 0


@dataclass(frozen=True, slots=True)
class VolumeInfo:
    """A volume with the name of one of the environment's volumes.

    Attributes:
        labels: Its labels.
        creation_id: Random id from its creation; distinguishes a recreated volume from the old one.
    """

    labels: Mapping[str, str]
    creation_id: str


@dataclass(frozen=True, slots=True)
class BindInfo:
    """A file or folder of the host that is mounted in another environment's container.

    Attributes:
        environment: Name of that environment.
        source: Path on the host when that container was created.
        read_only: Whether the mount is read-only.
    """

    environment: str
    source: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class ActualState:
    """Everything the engine holds that the environment may reuse or collide with.

    Attributes:
        container: Its container.
        helper: Container that prepares its volumes, left behind by a killed envkit.
        image: The image of its plan.
        base: The base image of that image.
        foreign_base: Contents of the base image, if envkit did not build it.
        network: Its network.
        volumes: Its volumes, by name.
        subnets: Subnets of the engine's other networks, in CIDR form.
        binds: Files and folders of the host in other environments, of all users.
        replaced_mounts: Targets of its running container where the caller sees another file or folder.
        mtu: MTU of the engine's default network in bytes, or 0 if it is the usual one.
    """

    container: ContainerInfo | None = None
    helper: ContainerInfo | None = None
    image: ImageInfo | None = None
    base: ImageInfo | None = None
    foreign_base: ForeignBase | None = None
    network: NetworkInfo | None = None
    volumes: Mapping[str, VolumeInfo] = field(default_factory=dict)
    subnets: tuple[str, ...] = ()
    binds: tuple[BindInfo, ...] = ()
    replaced_mounts: tuple[str, ...] = ()
    mtu: int = 0
