"""OpenSSH's programs, run by the ordinary user with the host entry that envkit writes."""

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

from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.account import CommandResult, User


TERMINATE_TIMEOUT_S = 0.2


@dataclass(frozen=True, slots=True)
class Ssh:
    """A host entry in a config file, and the user who uses it."""

    user: User
    config: Path
    host: str

    @property
    def remote_shell(self) -> str:
        """Return the `ssh` command for rsync and other programs."""
        return shlex.join(["ssh", "-F", str(self.config), "-o", "BatchMode=yes"])

    def __call__(self, *words: str, text: str = "", env: dict[str, str] | None = None) -> CommandResult:
        """Run `ssh [OPTIONS] HOST [COMMAND]`; without the word `HOST`, all words are the command."""
        arguments = [self.host if word == "HOST" else word for word in words]
        arguments = arguments if "HOST" in words else [self.host, *arguments]
        return self.user.run([*shlex.split(self.remote_shell), *arguments], text=text, env=env)

    def program(self, name: str, *words: str | Path, text: str = "") -> CommandResult:
        """Run sftp or scp with this entry."""
        return self.user.run([name, "-F", self.config, "-o", "BatchMode=yes", *words], text=text)

    def with_settings(self, folder: Path, **settings: Path | str) -> Ssh:
        """Return a copy of the entry with other settings, in a separate file."""
        text = self.config.read_text()
        for name, value in settings.items():
            text, count = re.subn(rf"(?m)^(\s+){name} .*$", rf'\g<1>{name} "{value}"', text)
            assert count == 1, name
        path = folder / f"config-{len(list(folder.iterdir()))}"
        path.write_text(text)
        return replace(self, config=self.user.own(path, 0o600))

    def new_key(self, folder: Path) -> Path:
        """Create a key that no server knows."""
        path = folder / "unknown"
        result = self.user.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "unknown", "-f", path])
        assert result.code == 0, str(result)
        return path

    @contextmanager
    def forwarded(self, target: str) -> Iterator[int]:
        """Forward a free loopback port of this host to a target of the server."""
        port = free_port()
        argv = [*shlex.split(self.remote_shell), "-N", "-L", f"127.0.0.1:{port}:{target}", self.host]
        client = self.user.start(argv)
        try:
            wait_until(lambda: listens(port) or client.poll() is not None, "the client listens")
            yield port
        finally:
            wait_until(lambda: terminate(client), "the client exited")


def terminate(client: subprocess.Popen[str]) -> bool:
    """Send SIGTERM to a client and its parent, and return whether they exited.

    Callers repeat it: OpenSSH handles a signal that arrives just before it waits only at the server's next message,
    up to two minutes later.
    """
    with suppress(ProcessLookupError):
        os.killpg(client.pid, signal.SIGTERM)
    try:
        client.communicate(timeout=TERMINATE_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return False
    return True


def ssh_audit_problems(port: int, *options: str) -> dict[str, list[str]]:
    """Run ssh-audit against a loopback port, and return its `fail` and `warn` notes as `algorithm: reason`."""
    argv = [sys.executable, "-m", "ssh_audit", "--json", *options, "--port", str(port), "127.0.0.1"]
    result = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode in {0, 2}, result.stderr  # 2: warnings
    report = json.loads(result.stdout)
    algorithms = [algorithm for kind in ("kex", "key", "enc", "mac") for algorithm in report[kind]]
    assert len(algorithms) >= 9, result.stdout
    assert not report.get("cves"), result.stdout
    return {
        level: [f"{entry['algorithm']}: {text}" for entry in algorithms for text in entry["notes"].get(level, ())]
        for level in ("fail", "warn")
    }


def install_ssh_audit(folder: Path) -> Path:
    """Install ssh-audit in a folder as a program that any user can run, and return the folder."""
    (package,) = importlib.util.find_spec("ssh_audit").submodule_search_locations  # type: ignore[union-attr,misc]
    shutil.copytree(package, folder / "lib/ssh_audit")
    program = folder / "ssh-audit"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}/lib" exec python3 -m ssh_audit "$@"\n')
    program.chmod(0o755)
    return folder


def free_port() -> int:
    """Return a free loopback port."""
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Check whether a process listens on a loopback port, without connecting to it."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[1] == f"0100007F:{port:04X}" and row[3] == "0A" for row in rows)


def send_and_receive(port: int, data: bytes = b"") -> bytes:
    """Send data to a loopback port, and return everything that is received until the connection closes."""
    with create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(data)
        received = b""
        while chunk := connection.recv(1 << 16):
            received += chunk
        return received
