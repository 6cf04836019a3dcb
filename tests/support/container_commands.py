"""Run programs in a container through the engine's API, and return their output and exit code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from docker.models.containers import Container


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """Result of a program that has exited."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Inside:
    """Runs programs in a running container, as its own user or as another one."""

    container: Container

    def __call__(self, *argv: str, user: str = "", env: Mapping[str, str] | None = None) -> ProgramResult:
        """Run a program until it exits."""
        return self._run(argv, user, env)

    def sh(self, script: str, *, user: str = "", env: Mapping[str, str] | None = None) -> ProgramResult:
        """Run a shell script until it exits, in the container's environment."""
        return self._run(["/bin/bash", "-c", script], user, env)

    def _run(self, argv: Sequence[str], user: str, env: Mapping[str, str] | None) -> ProgramResult:
        code, output = self.container.exec_run(list(argv), user=user, environment=dict(env or {}), demux=True)
        assert code is not None
        out, err = cast("tuple[bytes | None, bytes | None]", output)
        return ProgramResult(code, (out or b"").decode(errors="replace"), (err or b"").decode(errors="replace"))
