"""What the engine reports about an environment, beside what envkit made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.model.backend import FileEntry
    from envkit.model.last_applied import LastApplied


@dataclass(frozen=True, slots=True)
class Evidence:
    """Evidence for a comparison of an environment with what envkit made.

    Attributes:
        record: What envkit made; None if there is no record.
        planned: Inspection of a container that envkit would create.
        surroundings: Network, changed files and images, as the engine describes them.
        files: Files of the container's system folders; they may hold secrets.
        relays: Addresses of this host that lead other machines to the workspace.
        token: Token of the environment, or empty.
        own_prefix: Name prefix of this audit's own containers, which are in the network for a moment.
        problem: Why the evidence is incomplete, or empty.
    """

    record: LastApplied | None = None
    planned: Mapping[str, Any] = field(default_factory=dict)
    surroundings: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[FileEntry, ...] = field(default=(), repr=False)
    relays: tuple[str, ...] = ()
    token: str = field(default="", repr=False)
    own_prefix: str = ""
    problem: str = ""
