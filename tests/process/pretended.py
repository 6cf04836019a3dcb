"""A pretended machine for the scripts behind `make`.

They run for real in a copy of the checkout's skeleton, with stand-ins for what would change the machine.
Each stand-in logs its call, so that a test can say what was done and what not.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A stand-in for the engine: answers the first ping on its socket.
DOCKERD = """
import socket
door = socket.socket(socket.AF_UNIX)
door.bind("{socket}")
door.listen()
door.settimeout(20)
print("engine started", flush=True)
guest, _ = door.accept()
with guest:
    guest.recv(1000)
    guest.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\nOK")
"""
ASKING = ("dpkg-query", "id ", "getent", "python3")


@dataclass(frozen=True)
class Machine:
    """A checkout, stand-ins that come before the real commands, and a place for the engine's socket."""

    top: Path
    checkout: Path
    commands: Path

    @property
    def socket(self) -> Path:
        return self.top / "docker.sock"

    def command(self, name: str, script: str = "") -> None:
        """Put a stand-in on the PATH: it logs its call, then does what the shell text says."""
        path = self.commands / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>{self.top}/calls\n{script}\n')
        path.chmod(0o755)

    def run(self, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a script of the checkout, with no variable set but these."""
        own = {"PATH": f"{self.commands}:/usr/bin:/bin", "HOME": str(self.top / "home")}
        return subprocess.run(
            argv,
            cwd=self.checkout,
            env=own | env,
            capture_output=True,
            text=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def calls(self) -> list[str]:
        """Return what was called, without what only asks."""
        log = self.top / "calls"
        lines = log.read_text().splitlines() if log.exists() else []
        return [line for line in lines if not line.startswith(ASKING)]

    def dockerd(self) -> str:
        """Write the stand-in engine, and return the shell text that becomes it."""
        program = self.top / "engine.py"
        program.write_text(DOCKERD.format(socket=self.socket))
        return f"exec {sys.executable} {program}"


def pretend(top: Path, root: Path) -> Machine:
    """Make a machine with apt and root's rights, and neither engine nor packages."""
    machine = Machine(top, top / "checkout", top / "commands")
    machine.commands.mkdir()
    no_caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(root / "scripts", machine.checkout / "scripts", ignore=no_caches)
    redirect(
        machine.checkout / "scripts/engine.sh",
        {
            "/var/run/docker.sock": str(machine.socket),
            "/run/systemd/system": f"{top}/systemd",
            "/var/log/": f"{top}/",
        },
    )
    redirect(machine.checkout / "scripts/say.sh", {":/usr/sbin:/sbin": ""})
    for name in (
        "__init__.py",
        "errors.py",
        "backends/__init__.py",
        "backends/docker/__init__.py",
        "backends/docker/endpoint.py",
    ):
        (machine.checkout / "envkit" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / "envkit" / name, machine.checkout / "envkit" / name)
    redirect(machine.checkout / "envkit/backends/docker/endpoint.py", {"/var/run/docker.sock": str(machine.socket)})
    machine.command("id", 'case "$1" in -un) echo ada;; -nG) echo ada;; *) echo 0;; esac')
    machine.command("python3", f'exec {sys.executable} "$@"')
    machine.command("dpkg-query", "exit 1")
    for name in ("apt-get", "mmdebstrap", "newuidmap"):
        machine.command(name)
    return machine


def redirect(script: Path, places: dict[str, str]) -> None:
    """Let a script use pretended places instead of real ones."""
    text = script.read_text()
    for real, pretended in places.items():
        assert real in text
        text = text.replace(real, pretended)
    script.write_text(text)


@contextmanager
def answering(path: Path, answer: bytes) -> Iterator[None]:
    """Answer one request on a socket."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen()
        door.settimeout(20)
        thread = threading.Thread(target=_answer, args=(door, answer))
        thread.start()
        yield
        thread.join()


def _answer(door: socket.socket, answer: bytes) -> None:
    guest, _ = door.accept()
    with guest:
        guest.sendall(answer)
        guest.shutdown(socket.SHUT_WR)
        # What is closed with a part of the request unread resets the connection, the answer with it.
        while guest.recv(1000):
            pass
