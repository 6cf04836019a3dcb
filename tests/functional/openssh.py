"""OpenSSH's own programs, run by the ordinary user through the host entry that envkit writes."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from socket import create_connection, socket
from typing import TYPE_CHECKING

from tests.functional.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.functional.account import Ran, User


ASKED_S = 0.2


@dataclass(frozen=True, slots=True)
class Ssh:
    """A host entry in a config file, and who uses it."""

    user: User
    config: Path
    host: str

    @property
    def remote_shell(self) -> str:
        """Return the command that rsync and others run in place of `ssh`."""
        return shlex.join(["ssh", "-F", str(self.config), "-o", "BatchMode=yes"])

    def __call__(self, *words: str, text: str = "", env: dict[str, str] | None = None) -> Ran:
        """Run `ssh [OPTIONS] HOST [COMMAND]`: options stand before the first word that is `HOST`, or before all."""
        given = [self.host if word == "HOST" else word for word in words]
        given = given if "HOST" in words else [self.host, *given]
        return self.user.run([*shlex.split(self.remote_shell), *given], text=text, env=env)

    def program(self, name: str, *words: str | Path, text: str = "") -> Ran:
        """Run sftp or scp with this entry."""
        return self.user.run([name, "-F", self.config, "-o", "BatchMode=yes", *words], text=text)

    def changed(self, folder: Path, **settings: Path | str) -> Ssh:
        """Return the same entry with other settings, in a file of its own."""
        text = self.config.read_text()
        for name, value in settings.items():
            text, count = re.subn(rf"(?m)^(\s+){name} .*$", rf'\g<1>{name} "{value}"', text)
            assert count == 1, name
        path = folder / f"config-{len(list(folder.iterdir()))}"
        path.write_text(text)
        return replace(self, config=self.user.own(path, 0o600))

    def new_key(self, folder: Path) -> Path:
        """Make a key that nobody knows."""
        path = folder / "unknown"
        made = self.user.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "unknown", "-f", path])
        assert made.code == 0, str(made)
        return path

    @contextmanager
    def forwarded(self, target: str) -> Iterator[int]:
        """Forward a free port of this host's loopback to a target that the other end connects to."""
        port = free_port()
        argv = [*shlex.split(self.remote_shell), "-N", "-L", f"127.0.0.1:{port}:{target}", self.host]
        client = self.user.start(argv)
        try:
            wait_until(lambda: listens(port) or client.poll() is not None, "the client listens")
            yield port
        finally:
            wait_until(lambda: ended(client), "the client ended")


def ended(client: subprocess.Popen[str]) -> bool:
    """Ask a client, and what started it, to end, and say whether they did.

    A signal that comes just before it begins to wait is noticed when the server says something again, two minutes
    later. So it is asked more than once.
    """
    with suppress(ProcessLookupError):
        os.killpg(client.pid, signal.SIGTERM)
    try:
        client.communicate(timeout=ASKED_S)
    except subprocess.TimeoutExpired:
        return False
    return True


def audited(port: int, *options: str) -> dict[str, list[str]]:
    """Return what ssh-audit finds wrong at a port of loopback: `fail` and `warn`, each as `algorithm: reason`."""
    argv = [sys.executable, "-m", "ssh_audit", "--json", *options, "--port", str(port), "127.0.0.1"]
    asked = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert asked.returncode in {0, 2}, asked.stderr  # 2: warnings
    found = json.loads(asked.stdout)
    seen = [one for kind in ("kex", "key", "enc", "mac") for one in found[kind]]
    assert len(seen) >= 9, asked.stdout
    assert not found.get("cves"), asked.stdout
    return {
        level: [f"{one['algorithm']}: {text}" for one in seen for text in one["notes"].get(level, ())]
        for level in ("fail", "warn")
    }


def ssh_audit_in(folder: Path) -> Path:
    """Put ssh-audit into a folder, as a program that any user can run, and return that folder."""
    (place,) = importlib.util.find_spec("ssh_audit").submodule_search_locations  # type: ignore[union-attr,misc]
    shutil.copytree(place, folder / "lib/ssh_audit")
    program = folder / "ssh-audit"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}/lib" exec python3 -m ssh_audit "$@"\n')
    program.chmod(0o755)
    return folder


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Say whether somebody listens on a port of loopback, without connecting to it."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[1] == f"0100007F:{port:04X}" and row[3] == "0A" for row in rows)


def answer(port: int, sent: bytes = b"") -> bytes:
    """Send something to a port of loopback, and return everything that comes back until it is closed."""
    with create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(sent)
        got = b""
        while chunk := connection.recv(1 << 16):
            got += chunk
        return got
