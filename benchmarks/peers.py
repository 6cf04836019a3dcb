"""The programs envkit is measured beside: the real Docker Compose, the real Dev Containers CLI."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from benchmarks.clock import BenchmarkError, Usage, run_timed
from benchmarks.scratch import HTTP_OK, free_port, unique
from envkit import naming
from envkit.net import http

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.scratch import Project, Scratch

BENCHMARKS = Path(__file__).resolve().parent
TOOLS = BENCHMARKS.parent / ".cache/tools"


@dataclass(frozen=True, slots=True)
class Compose:
    """A project of Docker Compose with JupyterLab in it."""

    options: tuple[str | Path, ...]
    env: Mapping[str, str] = field(default_factory=dict)

    def up(self) -> Usage:
        """Bring it up and wait until its health check passes; where nothing changed, only look."""
        return self._run("up", "--detach", "--wait")

    def down(self) -> Usage:
        """Take its containers and networks away; volumes stay."""
        return self._run("down")

    def is_ready(self) -> bool:
        """Say whether JupyterLab of the plain image accepts its token."""
        headers = {"Authorization": f"token {self.env['BENCH_TOKEN']}"}
        return http.get(int(self.env["BENCH_PORT"]), "/api/status", headers=headers).status == HTTP_OK

    def _run(self, *arguments: str) -> Usage:
        return run_timed([compose_program(), *self.options, *arguments], env=self.env)


def plain_compose(scratch: Scratch, ref: str) -> Compose:
    """Return JupyterLab on the plain image; it is taken down when the run ends."""
    folder = scratch.folder / "plain"
    folder.mkdir()
    env = {"BENCH_IMAGE": ref, "BENCH_TOKEN": secrets.token_hex(32), "BENCH_PORT": str(free_port())}
    options = (
        "--file",
        BENCHMARKS / "plain/compose.yaml",
        "--project-directory",
        folder,
        "--project-name",
        unique("plain"),
    )
    compose = Compose(options, env)
    scratch.exit_stack.callback(compose.down)
    return compose


def rendered_compose(scratch: Scratch, project: Project) -> Compose:
    """Return the environment of a project in Compose's hands: envkit prepared its volumes and went down again.

    It starts from the compose.yaml that envkit rendered, but for two things: Compose looks as often as at the plain
    image, and picks a subnet itself, because envkit's is free for others once its environment is down.
    """
    project.envkit("up", "--quiet")
    project.envkit("down", "--quiet")
    document = yaml.safe_load((project.state_dir.rendered / "compose.yaml").read_text())
    document["services"][naming.SERVICE]["healthcheck"]["interval"] = "1s"
    del document["networks"]["default"]["ipam"]
    file = scratch.folder / f"{project.folder.name}.json"
    file.write_text(json.dumps(document))
    compose = Compose(("--file", file))
    scratch.exit_stack.callback(compose.down)
    return compose


@dataclass(frozen=True, slots=True)
class Devcontainer:
    """A folder with a devcontainer.json that names an image."""

    folder: Path

    def up(self) -> Usage:
        """Bring it up; where nothing changed, only look."""
        return run_timed([devcontainer_program(), "up", "--workspace-folder", self.folder])


def devcontainer(scratch: Scratch, ref: str) -> Devcontainer:
    """Return a dev container of an image; it is removed when the run ends."""
    folder = scratch.folder / "devcontainer"
    (folder / ".devcontainer").mkdir(parents=True)
    # Without a change of the user's number, which would build another image first.
    settings = {"image": ref, "updateRemoteUserUID": False}
    (folder / ".devcontainer/devcontainer.json").write_text(json.dumps(settings))

    def remove() -> None:
        label = f"devcontainer.local_folder={folder}"
        for container in scratch.engine.containers.list(all=True, filters={"label": label}):
            container.remove(force=True, v=True)

    scratch.exit_stack.callback(remove)
    return Devcontainer(folder)


def compose_program() -> Path:
    """Return the path of Docker Compose."""
    return _find_tool("bin/docker-compose")


def devcontainer_program() -> Path:
    """Return the path of the Dev Containers CLI."""
    return _find_tool("node_modules/.bin/devcontainer")


def _find_tool(path: str) -> Path:
    if not (TOOLS / path).exists():
        raise BenchmarkError(f"{Path(path).name} is not here: scripts/tools.sh --bench fetches it")
    return TOOLS / path
