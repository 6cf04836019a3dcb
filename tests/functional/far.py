"""Another machine with an engine: a network namespace with an address, an SSH server and Docker."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import pytest

from envkit import naming
from tests.conftest import ROOT
from tests.functional.alone import alone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.functional.account import Ran, User
    from tests.functional.workspaces import Envkit

SCRIPT = ROOT / "scripts/dev/remote_host.sh"
LOCK = Path(tempfile.gettempdir()) / "envkit-other-machine.lock"
NAMESPACE = "envkit-far"
TRANSFER_S = 900
LISTENING = "0A"
CONFIG = """\
Host *
    IdentityFile {key}
    IdentitiesOnly yes
    UserKnownHostsFile {known_hosts}
    GlobalKnownHostsFile none
    StrictHostKeyChecking yes
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """The other machine.

    Attributes:
        address: Of its engine.
        engine: That engine, past SSH.
        user: Who logs in there.
        way: Folder of a PATH whose `ssh` knows the key and the machine, as a user's own settings would.
        folder: What it writes here.
    """

    address: str
    engine: docker.DockerClient
    user: User
    way: Path
    folder: Path

    def path(self, way: Path | None = None) -> dict[str, str]:
        """Return the variable that has the SSH client go a way: OpenSSH looks its settings up in no variable."""
        return {"PATH": f"{way or self.way}:{self.user.environment()['PATH']}"}

    def another_way(self, name: str, *, key: Path | None = None, known_hosts: str = "") -> Path:
        """Return another folder of a PATH: with another key, or without knowing the machine."""
        folder = self.user.folder(self.way.parent / name)
        hosts = self.user.own(_written(folder / "known_hosts", known_hosts), 0o600)
        text = CONFIG.format(key=key or self.way.parent / "key", known_hosts=hosts)
        config = self.user.own(_written(folder / "config", text), 0o600)
        program = _written(folder / "ssh", f'#!/bin/sh\nexec {shutil.which("ssh")} -F {config} "$@"\n')
        self.user.own(program, 0o755)
        return folder

    def envkit(self, run: Envkit, *args: str | Path, way: Path | None = None, text: str = "", **env: str) -> Ran:
        """Run envkit about this machine's engine."""
        verb, *rest = args
        own = self.path(way) | env
        return run([verb, "--engine", self.address, *rest], env=own, text=text, timeout_s=300)

    def listening(self) -> set[str]:
        """Return where somebody listens there, in the kernel's words, beyond its loopback."""
        tables = subprocess.run(
            ["nsenter", f"--net=/run/netns/{NAMESPACE}", "cat", "/proc/net/tcp", "/proc/net/tcp6"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return beyond_loopback(tables)


def beyond_loopback(tables: str, uid: int | None = None) -> set[str]:
    """Return the listening addresses of kernel tables that others can reach, of one user or of all."""
    rows = [line.split() for line in tables.splitlines()]
    local = {row[1] for row in rows if len(row) > 7 and row[3] == LISTENING and (uid is None or row[7] == str(uid))}
    return {one for one in local if not re.match(r"[0-9A-F]{6}7F:|0{24}01000000:|0{16}FFFF0000[0-9A-F]{6}7F:", one)}


@contextmanager
def other_machine(user: User, place: Path, own: docker.DockerClient, refs: Sequence[str]) -> Iterator[Machine]:
    """Start the other machine and bring it images of this machine's engine: no registry can be reached."""
    ways = user.folder(place / "ways")
    key = ways / "key"
    done = user.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
    assert done.code == 0, str(done)
    with alone(LOCK):
        folder = Path(tempfile.mkdtemp(prefix="envkit-far-"))
        started = subprocess.run(
            [SCRIPT, "start", folder, user.name, f"{key}.pub"], capture_output=True, text=True, check=False
        )
        try:
            if started.returncode:
                pytest.fail(f"no other machine: {started.stderr}", pytrace=False)
            far = docker.DockerClient(base_url=f"unix://{folder}/docker.sock", timeout=TRANSFER_S)
            machine = Machine(f"ssh://{started.stdout.strip()}", far, user, ways / "known", folder)
            host = re.sub(r".*@(.*):(\d+)", r"[\1]:\2", machine.address)
            machine.another_way("known", known_hosts=f"{host} {(folder / 'host_key.pub').read_text()}")
            _bring(own, far, refs)
            yield machine
            far.close()
        finally:
            subprocess.run([SCRIPT, "stop", folder], check=True)
            shutil.rmtree(folder, ignore_errors=True)


def _bring(own: docker.DockerClient, far: docker.DockerClient, refs: Sequence[str]) -> None:
    """Have images there and nothing else: what an earlier run brought is kept, for it takes half a minute."""
    wanted = {str(own.images.get(ref).id): ref for ref in refs}
    for container in far.containers.list(all=True):
        container.remove(force=True, v=True)
    for volume in far.volumes.list():
        volume.remove()
    far.networks.prune()
    far.api.prune_builds()
    for image in far.images.list(all=True):
        kept = wanted.get(str(image.id))
        for tag in {*image.tags} - {kept}:
            far.images.remove(tag, force=True)
        if kept is None and not image.tags:
            with suppress(docker.errors.NotFound):  # went with another one
                far.images.remove(str(image.id), force=True)
    there = {str(image.id) for image in far.images.list()}
    for one, ref in wanted.items():
        if one in there:
            far.api.tag(one, ref)
        else:
            far.api.load_image(own.api.get_image(ref))  # type: ignore[no-untyped-call]


def base_of(own: docker.DockerClient) -> str:
    """Return the reference of the Debian that this engine's images stand on: it belongs to what makes them equal."""
    tags = {tag for image in own.images.list() for tag in image.tags}
    return next(ref for ref in naming.base_refs("bookworm") if ref in tags)


def arguments() -> bytes:
    """Return the arguments of every process there is, of both machines: they share one kernel."""
    return b"\n".join(_arguments(one) for one in Path("/proc").glob("[0-9]*"))


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def _arguments(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""
