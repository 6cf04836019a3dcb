"""What the engine already holds of an environment, and what is in its way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Status = Literal["created", "running", "paused", "restarting", "removing", "exited", "dead"]


@dataclass(frozen=True, slots=True)
class ContainerInfo:
    """A container that stands under the name envkit would use.

    Attributes:
        id: The engine's id.
        status: The engine's word for its state.
        labels: Its labels.
        image_id: Id of the image it was made from.
        networks: Names of the networks it is attached to.
        exit_code: Of its last end; 0 while it runs.
    """

    id: str
    status: Status
    labels: Mapping[str, str]
    image_id: str
    networks: tuple[str, ...] = ()
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """An image that stands under a reference envkit would use.

    Attributes:
        id: The engine's id.
        labels: Its labels.
        size_bytes: All of its layers, shared ones included.
        ref: The reference it was found under.
        system: The operating system it is for, as Docker names it.
        machine: The architecture it is for, as Docker names it.
        from_registry: Whether it carries the digest of a registry: it was pulled from one, or pushed to it.
        has_onbuild: Whether it holds instructions for whoever builds on it.
    """

    id: str
    labels: Mapping[str, str]
    size_bytes: int = 0
    ref: str = ""
    system: str = "linux"
    machine: str = ""
    from_registry: bool = False
    has_onbuild: bool = False


@dataclass(frozen=True, slots=True)
class ImageContents:
    """What lies inside an image that a workspace shall be built on; empty where there is none.

    Attributes:
        title: What its system calls itself, such as `Ubuntu 20.04.6 LTS`.
        codename: The release's own word for itself, such as `focal`.
        manager: Its package manager, such as `apt-get`.
        libc: `glibc` or `musl`.
        libc_version: Such as `2.31`.
        python: Version of the `python3` on its PATH, such as `3.8.10`.
        python_path: The interpreter itself, outside of any virtual environment.
        tensorflow: Version of the TensorFlow installed for that interpreter; it was not imported.
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
    """The image somebody else made that a workspace is built on.

    Attributes:
        kind: TensorFlow's `official` image, or another `image`.
        ref: What it is called.
        id: The engine's id of it.
        contents: What lies in it.
        python_mirror: Where Pythons that uv manages can be had, `default` for uv's own place, or empty for nowhere.
    """

    kind: Literal["official", "image"]
    ref: str
    id: str
    contents: ImageContents
    python_mirror: str = ""


@dataclass(frozen=True, slots=True)
class NetworkInfo:
    """A network that stands under the name envkit would use."""

    id: str
    labels: Mapping[str, str]
    subnet: str


@dataclass(frozen=True, slots=True)
class VolumeInfo:
    """A volume that stands under a name envkit would use.

    Attributes:
        labels: Its labels.
        creation_id: What it was given when it was made: tells a new volume of an old name.
    """

    labels: Mapping[str, str]
    creation_id: str


@dataclass(frozen=True, slots=True)
class BindInfo:
    """A file or folder of the host that the container of another environment shows.

    Attributes:
        environment: That environment's name.
        source: Path on the host, as it was when the container was made.
        read_only: Whether it can only be read there.
    """

    environment: str
    source: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class ActualState:
    """Everything the engine holds that this environment may collide with or reuse.

    Attributes:
        container: Its container.
        helper: What prepared its volumes, left behind by an envkit that was killed.
        image: The image its plan asks for.
        base: What that image is built on.
        foreign_base: What the base is and holds, where that is not one of envkit's own Debian.
        network: Its network.
        volumes: Its volumes, by name.
        subnets: What the engine's other networks take, in CIDR form.
        binds: What other environments show of the host, everybody's.
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
