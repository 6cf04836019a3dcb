"""Values that cross the Protocol of `backends`: capabilities, requests and results."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.model.plan import Builder


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Features of a backend that `resolve` needs to know; a missing one makes the keys that need it errors.

    Attributes:
        binds: Whether it mounts files and folders of this host. Without it, the workspace is a copy in a volume.
        local_ports: Whether published ports are on the loopback of this host.
        gpus: Whether it passes GPUs that envkit detects.
    """

    binds: bool = True
    local_ports: bool = True
    gpus: bool = True


@dataclass(frozen=True, slots=True)
class EngineDetails:
    """Details of an engine that only a report shows.

    Attributes:
        api: Version of its API.
        cgroup: Version of its cgroups.
        root: Folder where it keeps images.
        images: Number of its images, or None if unknown.
    """

    api: str
    cgroup: str
    root: str
    images: int | None


@dataclass(frozen=True, slots=True)
class PortPublisher:
    """A container that publishes a port.

    Attributes:
        name: Its name, or a short id.
        labels: Its labels.
    """

    name: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file or folder to store in a volume.

    The content is not part of `repr`, so it does not reach logs and tracebacks.

    Attributes:
        path: Relative path.
        content: Content of a file; None for a folder.
        mode: Permission bits.
        uid: User id of the owner.
        gid: Group id of the owner.
    """

    path: str
    content: bytes | None = field(repr=False)
    mode: int
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True, slots=True)
class BuilderRequest:
    """Requirements of a build on its builder.

    Attributes:
        kind: Builder from the configuration.
        needs_login: Whether a step of the build needs a login, which no image may store.
        writable_folders: Folders that container code can write to; a program in one of them is never executed.
    """

    kind: Builder = "auto"
    needs_login: bool = False
    writable_folders: tuple[str, ...] = ()


class PullProblem(NamedTuple):
    """Why an image cannot be pulled.

    Attributes:
        code: Error code, such as `registry-unreachable`.
        reason: Reason, to follow a colon.
        hint: Command or change that helps.
    """

    code: str
    reason: str
    hint: str


@dataclass(frozen=True, slots=True)
class ImageDates:
    """Dates of a container's image in ISO 8601; unknown ones are empty.

    Attributes:
        made: When the image was built.
        updated: When its system packages were updated, which may be earlier because of the build cache.
        base: When its base image was built.
    """

    made: str = ""
    updated: str = ""
    base: str = ""


@dataclass(frozen=True, slots=True)
class RunResult:
    """Result of a program in a temporary container.

    Attributes:
        code: The program's exit code; None if it exceeded the time limit and was killed.
        out_of_memory: Whether the kernel killed a process of the container for lack of memory.
        errors: The end of its stderr, which may hold anything.
    """

    code: int | None
    out_of_memory: bool
    errors: str = ""


@dataclass(frozen=True, slots=True)
class UnusedResource:
    """One unused container, network or image.

    Attributes:
        kind: `container`, `network` or `image`.
        name: Name or reference.
        id: Id on the engine.
    """

    kind: str
    name: str
    id: str

    def __str__(self) -> str:
        """Return kind and name."""
        return f"{self.kind} {self.name}"
