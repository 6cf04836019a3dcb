"""Project folders for tests, and the promise that each leaves nothing on the engine."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from envkit import naming

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import docker

    from tests.functional.account import Ran, User

DOWN_S = 120


@dataclass(frozen=True, slots=True)
class Envkit:
    """The installed command, run as the ordinary user."""

    user: User
    program: Path

    def __call__(
        self,
        args: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        text: str = "",
        timeout_s: float = 120,
    ) -> Ran:
        """Run `envkit ARGS` to its end."""
        return self.user.run([self.program, *args], cwd=cwd, env=env, text=text, timeout_s=timeout_s)

    def start(
        self, args: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start `envkit ARGS`, its streams on pipes."""
        return self.user.start([self.program, *args], cwd=cwd, env=env)


@dataclass(slots=True)
class Workspaces:
    """Makes project folders that belong to the user, and takes down what they started."""

    user: User
    folder: Path
    envkit: Envkit
    engine: docker.DockerClient
    made: list[Path] = field(default_factory=list)

    def __call__(
        self,
        config: str | None = None,
        *,
        name: str = "project",
        files: Mapping[str, str] | None = None,
    ) -> Path:
        """Make a project folder: `config` is the text of its `envkit.yaml`, None for no such file."""
        project = self.user.folder(self.folder / str(len(list(self.folder.iterdir()))))
        project = self.user.folder(project / name)
        self.made.append(project)
        texts = dict(files or {}) | ({} if config is None else {"envkit.yaml": _pinned(textwrap.dedent(config))})
        for path, text in texts.items():
            self._write(project, path, text)
        return project

    def close(self) -> None:
        """Take every environment down, volumes included, and insist that nothing of it is left."""
        faults = [fault for project in self.made for fault in self._take_down(project)]
        self.made.clear()
        if faults:
            pytest.fail("\n".join(faults), pytrace=False)

    def _take_down(self, project: Path) -> list[str]:
        faults = []
        if project.exists():
            down = self.envkit(["down", "--volumes", "--project", project], timeout_s=DOWN_S)
            # A test may have taken its own environment down, or never brought one up.
            faults += [] if down.code == 0 or "has no environment" in down.err else [str(down)]
        left = leftovers(self.engine, str(project))
        for remove in left.values():
            remove()
        return faults + [f"envkit down --volumes left {what} of {project}" for what in left]

    def _write(self, project: Path, path: str, text: str) -> None:
        target = project / path
        for parent in reversed(target.relative_to(project).parents):
            if not (project / parent).exists():
                self.user.folder(project / parent)
        target.write_text(textwrap.dedent(text))
        self.user.own(target, 0o644)


def _pinned(config: str) -> str:
    """Name a base where a config of plain lines names none: `auto` would fetch gigabytes where a registry answers."""
    of_lines = all(re.match(r"[a-z]+:|[\s#]|$", line) for line in config.splitlines())
    return config if "base:" in config or not of_lines else f"{config.rstrip()}\nbase: debian\n".lstrip()


def label(project: str) -> dict[str, str | list[str] | bool]:
    """Return the filter that finds everything of a project's environment."""
    return {"label": f"{naming.PROJECT}={naming.project_id(project)}"}


def leftovers(engine: docker.DockerClient, project: str) -> dict[str, Callable[[], None]]:
    """Return what the engine holds of a project's environment, by name, each with the way to remove it."""
    wanted = label(project)
    left: dict[str, Callable[[], None]] = {}
    for container in engine.containers.list(all=True, filters=wanted):
        left[f"container {container.name}"] = lambda it=container: it.remove(force=True, v=True)  # type: ignore[misc]
    for network in engine.networks.list(filters=wanted):
        left[f"network {network.name}"] = network.remove
    for volume in engine.volumes.list(filters=wanted):
        left[f"volume {volume.name}"] = volume.remove
    return left
