"""Programs inside a container, over the engine's API: what they printed, and how they ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from docker.models.containers import Container


@dataclass(frozen=True, slots=True)
class Said:
    """A program that ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Inside:
    """A running container, to run programs in as its own user, or as another."""

    container: Container

    def __call__(self, *argv: str, user: str = "", env: Mapping[str, str] | None = None) -> Said:
        """Run a program to its end."""
        return self._run(argv, user, env)

    def sh(self, script: str, *, user: str = "", env: Mapping[str, str] | None = None) -> Said:
        """Run a shell script to its end; the shell's own environment is the container's."""
        return self._run(["/bin/bash", "-c", script], user, env)

    def _run(self, argv: Sequence[str], user: str, env: Mapping[str, str] | None) -> Said:
        code, output = self.container.exec_run(list(argv), user=user, environment=dict(env or {}), demux=True)
        assert code is not None
        out, err = cast("tuple[bytes | None, bytes | None]", output)
        return Said(code, (out or b"").decode(errors="replace"), (err or b"").decode(errors="replace"))
