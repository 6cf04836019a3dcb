"""Programs that envkit is compared with: the real Docker Compose and the real Dev Containers CLI."""

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
    """Docker Compose project with JupyterLab."""

    options: tuple[str | Path, ...]
    env: Mapping[str, str] = field(default_factory=dict)

    def up(self) -> Usage:
        """Start the project and wait for its health check; only check if nothing changed."""
        return self._run("up", "--detach", "--wait")

    def down(self) -> Usage:
        """Remove containers and networks; volumes are kept."""
        return self._run("down")

    def is_ready(self) -> bool:
        """Return whether JupyterLab of the plain image accepts its token."""
        headers = {"Authorization": f"token {self.env['BENCH_TOKEN']}"}
        return http.get(int(self.env["BENCH_PORT"]), "/api/status", headers=headers).status == HTTP_OK

    def _run(self, *arguments: str) -> Usage:
        return run_timed([compose_program(), *self.options, *arguments], env=self.env)


def plain_compose(scratch: Scratch, ref: str) -> Compose:
    """Create a project with JupyterLab on the plain image; it is removed at the end of the run."""
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
    """Create a project from the environment of an envkit project, whose volumes envkit prepared.

    It uses the compose.yaml that envkit rendered with two changes: the health check interval is that of the plain
    image, and Compose picks the subnet, because envkit's is released when its environment is down.
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
    """Folder with a devcontainer.json that names an image."""

    folder: Path

    def up(self) -> Usage:
        """Start the dev container; only check if nothing changed."""
        return run_timed([devcontainer_program(), "up", "--workspace-folder", self.folder])


def devcontainer(scratch: Scratch, ref: str) -> Devcontainer:
    """Create a dev container from an image; it is removed at the end of the run."""
    folder = scratch.folder / "devcontainer"
    (folder / ".devcontainer").mkdir(parents=True)
    # A change of the user's UID would build another image first.
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
        raise BenchmarkError(f"{Path(path).name} is missing; hint: scripts/setup/tools.sh --bench")
    return TOOLS / path
