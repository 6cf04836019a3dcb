"""Project folders for tests; each must leave nothing on the engine."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import pytest

from envkit import naming
from tests.support.error_assertions import error_code

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import docker

    from tests.support.account import CommandResult, User

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
    ) -> CommandResult:
        """Run `envkit ARGS` until it exits."""
        return self.user.run([self.program, *args], cwd=cwd, env=env, text=text, timeout_s=timeout_s)

    def start(
        self, args: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start `envkit ARGS` with its streams on pipes."""
        return self.user.start([self.program, *args], cwd=cwd, env=env)


@dataclass(slots=True)
class Workspaces:
    """Creates project folders that belong to the user, and removes their environments."""

    user: User
    folder: Path
    envkit: Envkit
    engine: docker.DockerClient
    projects: list[Path] = field(default_factory=list)

    def __call__(
        self,
        config: str | None = None,
        *,
        name: str = "project",
        files: Mapping[str, str] | None = None,
    ) -> Path:
        """Create a project folder; `config` is the text of its `envkit.yaml`, or None for no file."""
        project = self.user.folder(self.folder / str(len(list(self.folder.iterdir()))))
        project = self.user.folder(project / name)
        self.projects.append(project)
        texts = dict(files or {}) | ({} if config is None else {"envkit.yaml": _pin_base(textwrap.dedent(config))})
        for path, text in texts.items():
            self._write(project, path, text)
        return project

    def close(self) -> None:
        """Remove every environment with its volumes, and check that nothing remains."""
        problems = [problem for project in self.projects for problem in self._remove(project)]
        self.projects.clear()
        if problems:
            pytest.fail("\n".join(problems), pytrace=False)

    def _remove(self, project: Path) -> list[str]:
        problems = []
        if project.exists():
            down = self.envkit(["down", "--volumes", "--format", "json", "--project", project], timeout_s=DOWN_S)
            # A test may have removed its environment, or never brought one up.
            if down.code and error_code(down) != "environment-not-found":
                problems.append(str(down))
        remaining = leftovers(self.engine, str(project))
        for remove in remaining.values():
            remove()
        return problems + [f"envkit down --volumes left {resource} of {project}" for resource in remaining]

    def _write(self, project: Path, path: str, text: str) -> None:
        target = project / path
        for parent in reversed(target.relative_to(project).parents):
            if not (project / parent).exists():
                self.user.folder(project / parent)
        target.write_text(textwrap.dedent(text))
        self.user.own(target, 0o644)


def _pin_base(config: str) -> str:
    """Add `base: debian` to a block-style config without a base; `auto` would pull gigabytes from a registry."""
    is_block_style = all(re.match(r"[a-z]+:|[\s#]|$", line) for line in config.splitlines())
    return config if "base:" in config or not is_block_style else f"{config.rstrip()}\nbase: debian\n".lstrip()


def project_filter(project: str) -> dict[str, str | list[str] | bool]:
    """Return the engine's filter for the resources of a project's environment."""
    return {"label": f"{naming.PROJECT}={naming.project_id(project)}"}


def leftovers(engine: docker.DockerClient, project: str) -> dict[str, Callable[[], None]]:
    """Return the resources of a project's environment on the engine by name, each with its removal."""
    filters = project_filter(project)
    removals: dict[str, Callable[[], None]] = {}
    for container in engine.containers.list(all=True, filters=filters):
        removals[f"container {container.name}"] = partial(container.remove, force=True, v=True)
    for network in engine.networks.list(filters=filters):
        removals[f"network {network.name}"] = network.remove
    for volume in engine.volumes.list(filters=filters):
        removals[f"volume {volume.name}"] = volume.remove
    return removals
