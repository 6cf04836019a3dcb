"""Steps of a command; `reconcile` plans them, `environment.execute` runs them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MakeBase:
    """Build the root file system of a Debian suite and import it under a reference."""

    suite: str
    ref: str


@dataclass(frozen=True, slots=True)
class BuildImage:
    """Build the workspace image under a reference; `no_cache` ignores the builder's cache."""

    ref: str
    no_cache: bool = False


@dataclass(frozen=True, slots=True)
class CreateNetwork:
    """Create the environment's network."""

    name: str
    subnet: str


@dataclass(frozen=True, slots=True)
class RemoveNetwork:
    """Remove a network that envkit created."""

    name: str


@dataclass(frozen=True, slots=True)
class CreateVolume:
    """Create a named volume."""

    name: str


@dataclass(frozen=True, slots=True)
class PrepareVolumes:
    """Give the root folders of new volumes to the container user; their contents stay unchanged.

    Attributes:
        names: The volumes.
        image: Any image that the engine has; none of its code runs.
    """

    names: tuple[str, ...]
    image: str


@dataclass(frozen=True, slots=True)
class RemoveVolume:
    """Remove a volume that envkit created, with its contents."""

    name: str


@dataclass(frozen=True, slots=True)
class ReplaceFiles:
    """Replace the mounted files by those of the plan, in place."""


@dataclass(frozen=True, slots=True)
class CreateContainer:
    """Create the container from an image."""

    name: str
    ref: str


@dataclass(frozen=True, slots=True)
class StartContainer:
    """Start an existing container."""

    name: str


@dataclass(frozen=True, slots=True)
class UnpauseContainer:
    """Resume a paused container."""

    name: str


@dataclass(frozen=True, slots=True)
class RemoveContainer:
    """Stop a container if it is running, and remove it."""

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
