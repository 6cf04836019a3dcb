"""The complete plan of one environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.model.artifact import Artifact
    from envkit.model.image import ImagePlan
    from envkit.model.run import RunPlan

Builder = Literal["auto", "buildx", "classic"]


@dataclass(frozen=True, slots=True)
class Secret:
    """A file whose content the workspace may read and no record may show.

    Attributes:
        name: Name in the config.
        source: Path on the host.
        sha256: SHA-256 of its content, to detect changes without storing the content. It is not part of `repr` or
            reports, because a short secret can be guessed from it.
    """

    name: str
    source: str
    sha256: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FilesPlan:
    """Files mounted read-only into the container. A change replaces them in place and recreates nothing.

    Attributes:
        artifacts: Files that envkit renders (authorized_keys, passwd, group, settings).
        secrets: Files to copy from the host.
    """

    artifacts: tuple[Artifact, ...]
    secrets: tuple[Secret, ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    """What the environment grants beyond the default; compared with the last approval.

    Each entry is one sentence that a person can approve.
    """

    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The complete plan of one environment.

    Attributes:
        name: The environment's name.
        project: Real path of the project folder.
        owner: UID of the caller, who owns the environment.
        image: The image to build.
        run: The container to run.
        files: The files to mount.
        access: What it grants beyond the default.
        notes: What differs from the request, one sentence each.
        gpu_required: Whether a run fails without a usable GPU.
        creation_path: Path of the project folder at the first `up`, if it was moved since.
        logdir: TensorBoard's log folder inside the container.
        build_proxies: Proxy settings of the build only; they may contain credentials.
        host_proxies: Proxy settings of a build on the host itself, which reaches its loopback.
        builder: Builder of the image; `auto` is Docker's buildx if it is installed, else the engine's classic builder.
        netrc: Real path of the file with the login for the Python index, or empty.
    """

    name: str
    project: str
    owner: int
    image: ImagePlan
    run: RunPlan
    files: FilesPlan
    access: Access = Access()
    notes: tuple[str, ...] = ()
    gpu_required: bool = False
    logdir: str = "/workspace/logs"
    build_proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    host_proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    builder: Builder = "auto"
    netrc: str = ""
    creation_path: str = ""

    @property
    def label_path(self) -> str:
        """Path that the labels of the environment's resources refer to."""
        return self.creation_path or self.project


@dataclass(frozen=True, slots=True)
class Digests:
    """Digests of a plan in three parts that change for different reasons."""

    image: str
    run: str
    files: str
