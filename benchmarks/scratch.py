"""Isolated folders, state and names for one benchmark run."""

from __future__ import annotations

import compileall
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import docker

import envkit
from benchmarks.clock import BenchmarkError, Usage, run_timed
from envkit import state
from envkit.backends.endpoint import current_endpoint
from envkit.net import http

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_UID = 1000  # owner of the workspaces if root runs the benchmarks without sudo
HTTP_OK = 200


@dataclass(frozen=True, slots=True)
class Project:
    """Project folder and its environment, with a port that is known in advance."""

    folder: Path
    name: str
    port: int

    def configure(self, *lines: str) -> None:
        """Write the project's envkit.yaml with its name, its port and the given lines."""
        settings = [f"name: {self.name}", "base: debian", "gpu: off", f"jupyter: {{port: {self.port}}}", *lines]
        (self.folder / "envkit.yaml").write_text("".join(f"{line}\n" for line in settings))

    def envkit(self, verb: str, *options: str) -> Usage:
        """Run an envkit command on this project."""
        return run_timed([*command(), verb, *options], cwd=self.folder)

    def is_ready(self) -> bool:
        """Return whether JupyterLab of this project accepts its token."""
        try:
            token = (self.state_dir.mount / "token").read_text()
        except OSError:
            return False
        headers = {"Authorization": f"token {token.strip()}"}
        return http.get(self.port, "/api/status", headers=headers).status == HTTP_OK

    @property
    def state_dir(self) -> state.StateDir:
        """State directory of the project."""
        return state.directory(current_endpoint(), str(self.folder))


@dataclass(frozen=True, slots=True)
class Scratch:
    """Resources that all measures share."""

    folder: Path
    engine: docker.DockerClient
    exit_stack: ExitStack

    def project(self, name: str) -> Project:
        """Create a project folder of an ordinary user; its environment is removed at the end of the run."""
        project = Project(self.folder / name, unique(name), free_port())
        project.folder.mkdir()
        project.configure()
        if os.getuid() == 0:
            owner = int(os.environ.get("SUDO_UID") or DEFAULT_UID)
            for path in (project.folder, project.folder / "envkit.yaml"):
                os.chown(path, owner, owner)
        self.exit_stack.callback(self._remove_environment, project)
        return project

    def build(self, project: Project) -> str:
        """Build the image of a project if it does not exist, and return its reference."""
        completed = subprocess.run(
            [*command(), "build", "--quiet", "--format", "json"],
            cwd=project.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if completed.returncode:
            raise BenchmarkError(f"envkit build exited with code {completed.returncode}\n{completed.stderr}")
        return str(json.loads(completed.stdout)["result"]["image"])

    def has(self, ref: str) -> bool:
        """Return whether the engine has an image."""
        return bool(self.engine.images.list(ref))

    def size(self, ref: str) -> int:
        """Return the size of an image in bytes, as reported by the engine."""
        return int(self.engine.images.get(ref).attrs["Size"])

    def remove_image(self, ref: str) -> None:
        """Remove an image and the layers that no other image uses."""
        if self.has(ref):
            self.engine.images.remove(ref, force=False)

    def _remove_environment(self, project: Project) -> None:
        if state.load(project.state_dir) is not None:
            project.envkit("down", "--volumes", "--quiet")


@contextmanager
def open_scratch() -> Iterator[Scratch]:
    """Yield the resources for one run; everything is removed at its end."""
    with ExitStack() as exit_stack:
        folder = Path(tempfile.mkdtemp(prefix="envkit-bench-")).resolve()
        exit_stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        # Keep keys, settings and environments of the user out of the measurement.
        os.environ |= {"HOME": str(folder / "home"), "XDG_STATE_HOME": str(folder / "state")}
        for name in ("home", "state"):
            (folder / name).mkdir(mode=0o700)
        # pip compiles installed packages. With PYTHONDONTWRITEBYTECODE, every measured command would compile the
        # changed modules of a checkout again.
        if not compileall.compile_dir(Path(envkit.__file__).parent, quiet=1):
            raise BenchmarkError(f"{Path(envkit.__file__).parent} could not be compiled")
        engine = docker.DockerClient(base_url=current_endpoint(), timeout=3600)
        exit_stack.callback(engine.close)
        yield Scratch(folder, engine, exit_stack)


def command() -> list[str]:
    """Return the envkit installed next to this Python, or `python -m envkit`."""
    installed = Path(sys.executable).with_name("envkit")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "envkit"]


def unique(name: str) -> str:
    """Return a random name."""
    return f"bench-{name}-{secrets.token_hex(3)}"


def free_port() -> int:
    """Return a free loopback port."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
