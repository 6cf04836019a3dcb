"""A fake machine for the scripts behind `make`.

The real scripts run in a copy of the checkout's skeleton, with fake commands for everything that would change the
machine. Each fake command logs its call, so tests can assert what was run.
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

# A fake engine that answers the first ping on its socket.
DOCKERD = """
import socket
server = socket.socket(socket.AF_UNIX)
server.bind("{socket}")
server.listen()
server.settimeout(20)
print("engine started", flush=True)
connection, _ = server.accept()
with connection:
    connection.recv(1000)
    connection.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\nOK")
"""
READ_ONLY_COMMANDS = ("dpkg-query", "id ", "getent", "python3")


@dataclass(frozen=True)
class Machine:
    """A checkout, fake commands that precede the real ones, and the path of the engine's socket."""

    top: Path
    checkout: Path
    commands: Path

    @property
    def socket(self) -> Path:
        return self.top / "docker.sock"

    def command(self, name: str, script: str = "") -> None:
        """Put a fake command on the PATH that logs its call and then runs the shell script."""
        path = self.commands / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>{self.top}/calls\n{script}\n')
        path.chmod(0o755)

    def run(self, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a script of the checkout with only the given variables, PATH and HOME set."""
        base_env = {"PATH": f"{self.commands}:/usr/bin:/bin", "HOME": str(self.top / "home")}
        return subprocess.run(
            argv,
            cwd=self.checkout,
            env=base_env | env,
            capture_output=True,
            text=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def calls(self) -> list[str]:
        """Return the logged calls without read-only commands."""
        log = self.top / "calls"
        lines = log.read_text().splitlines() if log.exists() else []
        return [line for line in lines if not line.startswith(READ_ONLY_COMMANDS)]

    def dockerd(self) -> str:
        """Write the fake engine and return the shell command that runs it."""
        program = self.top / "engine.py"
        program.write_text(DOCKERD.format(socket=self.socket))
        return f"exec {sys.executable} {program}"


def pretend(top: Path, root: Path) -> Machine:
    """Create a machine with apt and root access, without an engine or packages."""
    machine = Machine(top, top / "checkout", top / "commands")
    machine.commands.mkdir()
    no_caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(root / "scripts", machine.checkout / "scripts", ignore=no_caches)
    redirect(
        machine.checkout / "scripts/setup/engine.sh",
        {
            "/var/run/docker.sock": str(machine.socket),
            "/run/systemd/system": f"{top}/systemd",
            "/var/log/": f"{top}/",
        },
    )
    redirect(machine.checkout / "scripts/lib/common.sh", {":/usr/sbin:/sbin": ""})
    for name in (
        "__init__.py",
        "errors.py",
        "backends/__init__.py",
        "backends/endpoint.py",
    ):
        (machine.checkout / "envkit" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / "envkit" / name, machine.checkout / "envkit" / name)
    redirect(machine.checkout / "envkit/backends/endpoint.py", {"/var/run/docker.sock": str(machine.socket)})
    machine.command("id", 'case "$1" in -un) echo ada;; -nG) echo ada;; *) echo 0;; esac')
    machine.command("python3", f'exec {sys.executable} "$@"')
    machine.command("dpkg-query", "exit 1")
    for name in ("apt-get", "mmdebstrap", "newuidmap"):
        machine.command(name)
    return machine


def redirect(script: Path, places: dict[str, str]) -> None:
    """Replace real paths in a script by fake ones."""
    text = script.read_text()
    for real, pretended in places.items():
        assert real in text
        text = text.replace(real, pretended)
    script.write_text(text)


@contextmanager
def answering(path: Path, answer: bytes) -> Iterator[None]:
    """Answer one request on a socket."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        server.settimeout(20)
        thread = threading.Thread(target=_answer, args=(server, answer))
        thread.start()
        yield
        thread.join()


def _answer(server: socket.socket, answer: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_WR)
        # Closing with unread request data resets the connection and loses the answer.
        while connection.recv(1000):
            pass
