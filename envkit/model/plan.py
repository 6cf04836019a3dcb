"""One environment, wholly decided."""

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
    """A file whose content the workspace may read, and no record may show.

    Attributes:
        name: As the config names it.
        source: Path on the host.
        sha256: Of its content, so that a change is noticed without keeping the content. It stays out of `repr` and
            of reports: who has it can try guesses.
    """

    name: str
    source: str
    sha256: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FilesPlan:
    """What is mounted read-only beside the image: replaced in place, nothing recreated.

    Attributes:
        artifacts: Files whose text is decided here (authorized_keys, passwd, group, settings).
        secrets: Files copied from the host.
    """

    artifacts: tuple[Artifact, ...]
    secrets: tuple[Secret, ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    """What lets somebody or something in: compared with the last approved plan.

    Each entry is one sentence a person can agree to.
    """

    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """One environment, wholly decided.

    Attributes:
        name: The environment's name.
        project: Real path of the project folder.
        owner: UID of the caller: whose environment this is.
        image: What to build.
        run: What to run.
        files: What to mount.
        access: What it lets in.
        notes: What was decided differently from what was asked, one sentence each.
        gpu_required: Whether a run without a usable GPU is a failure.
        logdir: TensorBoard's log folder inside the container.
        build_proxies: Proxy settings of the build alone; they may carry credentials.
        builder: What builds the image; `auto` is Docker's buildx where it is here, else the engine's classic builder.
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
    builder: Builder = "auto"
    netrc: str = ""


@dataclass(frozen=True, slots=True)
class Digests:
    """What a plan amounts to, in three parts that change for different reasons."""

    image: str
    run: str
    files: str
