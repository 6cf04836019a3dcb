"""A place of its own for a run: folders, state and names that no other environment on this machine shares."""

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
from envkit.backends.docker.endpoint import current_endpoint
from envkit.net import http

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_UID = 1000  # who owns the workspaces when root measures and sudo named nobody
HTTP_OK = 200


@dataclass(frozen=True, slots=True)
class Project:
    """A project folder with the environment that envkit makes for it, at a port that is known beforehand."""

    folder: Path
    name: str
    port: int

    def configure(self, *lines: str) -> None:
        """Write the project's envkit.yaml: its name and port, and lines on top of them."""
        settings = [f"name: {self.name}", "base: debian", "gpu: off", f"jupyter: {{port: {self.port}}}", *lines]
        (self.folder / "envkit.yaml").write_text("".join(f"{line}\n" for line in settings))

    def envkit(self, verb: str, *options: str) -> Usage:
        """Run one of envkit's verbs on this project."""
        return run_timed([*command(), verb, *options], cwd=self.folder)

    def is_ready(self) -> bool:
        """Say whether JupyterLab serves this project, by its token."""
        try:
            token = (self.state_dir.mount / "token").read_text()
        except OSError:
            return False
        headers = {"Authorization": f"token {token.strip()}"}
        return http.get(self.port, "/api/status", headers=headers).status == HTTP_OK

    @property
    def state_dir(self) -> state.StateDir:
        """Where its state lies."""
        return state.directory(current_endpoint(), str(self.folder))


@dataclass(frozen=True, slots=True)
class Scratch:
    """What all measures share."""

    folder: Path
    engine: docker.DockerClient
    exit_stack: ExitStack

    def project(self, name: str) -> Project:
        """Make a project folder that belongs to an ordinary user; its environment goes when the run ends."""
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
        """Build a project's image, if it is not there yet, and return its reference."""
        completed = subprocess.run(
            [*command(), "build", "--quiet", "--format", "json"],
            cwd=project.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if completed.returncode:
            raise BenchmarkError(f"envkit build ended with {completed.returncode}\n{completed.stderr}")
        return str(json.loads(completed.stdout)["result"]["image"])

    def has(self, ref: str) -> bool:
        """Say whether the engine has an image."""
        return bool(self.engine.images.list(ref))

    def size(self, ref: str) -> int:
        """Return an image's size in bytes, as the engine counts it."""
        return int(self.engine.images.get(ref).attrs["Size"])

    def remove_image(self, ref: str) -> None:
        """Remove an image, with the layers that only it used."""
        if self.has(ref):
            self.engine.images.remove(ref, force=False)

    def _remove_environment(self, project: Project) -> None:
        if state.load(project.state_dir) is not None:
            project.envkit("down", "--volumes", "--quiet")


@contextmanager
def open_scratch() -> Iterator[Scratch]:
    """Yield a place for one run; nothing of it stays, however the run ends."""
    with ExitStack() as exit_stack:
        folder = Path(tempfile.mkdtemp(prefix="envkit-bench-")).resolve()
        exit_stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        # Neither keys, settings nor environments of the person who measures have a part in it.
        os.environ |= {"HOME": str(folder / "home"), "XDG_STATE_HOME": str(folder / "state")}
        for name in ("home", "state"):
            (folder / name).mkdir(mode=0o700)
        # As pip leaves it. Where PYTHONDONTWRITEBYTECODE is set, whatever changed in a checkout since it was
        # compiled would be compiled again by every command that is measured.
        if not compileall.compile_dir(Path(envkit.__file__).parent, quiet=1):
            raise BenchmarkError(f"{Path(envkit.__file__).parent} could not be compiled")
        engine = docker.DockerClient(base_url=current_endpoint(), timeout=3600)
        exit_stack.callback(engine.close)
        yield Scratch(folder, engine, exit_stack)


def command() -> list[str]:
    """Return the installed envkit; where there is none beside this Python, the package it can import."""
    installed = Path(sys.executable).with_name("envkit")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "envkit"]


def unique(name: str) -> str:
    """Return a name that is free on the engine."""
    return f"bench-{name}-{secrets.token_hex(3)}"


def free_port() -> int:
    """Return a loopback port that nobody listens at."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
