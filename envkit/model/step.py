"""What will be done to the engine, one step a value; `decide` makes them, `engines` carries them out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MakeBase:
    """Assemble the root file system of a Debian suite and give it to the engine under a reference."""

    suite: str
    ref: str


@dataclass(frozen=True, slots=True)
class BuildImage:
    """Build the workspace image under a reference; `no_cache`: with nothing that the builder keeps of earlier builds."""

    ref: str
    no_cache: bool = False


@dataclass(frozen=True, slots=True)
class CreateNetwork:
    """Create the environment's own network."""

    name: str
    subnet: str


@dataclass(frozen=True, slots=True)
class RemoveNetwork:
    """Remove a network of ours."""

    name: str


@dataclass(frozen=True, slots=True)
class CreateVolume:
    """Create a named volume."""

    name: str


@dataclass(frozen=True, slots=True)
class PrepareVolumes:
    """Give the roots of new volumes to the container user, without touching what is in them.

    Attributes:
        names: The volumes.
        image: An image the engine has; nothing of it runs.
    """

    names: tuple[str, ...]
    image: str


@dataclass(frozen=True, slots=True)
class RemoveVolume:
    """Remove a volume of ours and what is in it."""

    name: str


@dataclass(frozen=True, slots=True)
class ReplaceFiles:
    """Bring the mounted files to what the plan says, in place."""


@dataclass(frozen=True, slots=True)
class CreateContainer:
    """Create the container from the image of that reference."""

    name: str
    ref: str


@dataclass(frozen=True, slots=True)
class StartContainer:
    """Start a container that exists."""

    name: str


@dataclass(frozen=True, slots=True)
class UnpauseContainer:
    """Let a paused container go on."""

    name: str


@dataclass(frozen=True, slots=True)
class RemoveContainer:
    """Stop a container if it runs, and remove it."""

    name: str


Step = (
    MakeBase
    | BuildImage
    | CreateNetwork
    | RemoveNetwork
    | CreateVolume
    | PrepareVolumes
    | RemoveVolume
    | ReplaceFiles
    | CreateContainer
    | StartContainer
    | UnpauseContainer
    | RemoveContainer
)
Steps = tuple[Step, ...]
