"""A remote machine with an engine: a network namespace with an address, an SSH server and Docker."""

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
from tests.support.exclusive_run import alone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.support.account import CommandResult, User
    from tests.support.workspaces import Envkit

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
    """The remote machine.

    Attributes:
        address: Address of its engine.
        engine: Its engine, without SSH.
        user: User who logs in there.
        ssh_wrapper: Folder for PATH whose `ssh` uses the key and host key, as a user's SSH settings would.
        folder: Its files on this machine.
    """

    address: str
    engine: docker.DockerClient
    user: User
    ssh_wrapper: Path
    folder: Path

    def path_variable(self, ssh_wrapper: Path | None = None) -> dict[str, str]:
        """Return the PATH with an SSH wrapper: no variable sets the configuration of OpenSSH."""
        return {"PATH": f"{ssh_wrapper or self.ssh_wrapper}:{self.user.environment()['PATH']}"}

    def add_ssh_wrapper(self, name: str, *, key: Path | None = None, known_hosts: str = "") -> Path:
        """Create an SSH wrapper with another key or known hosts; return its folder."""
        folder = self.user.folder(self.ssh_wrapper.parent / name)
        hosts = self.user.own(_write(folder / "known_hosts", known_hosts), 0o600)
        text = CONFIG.format(key=key or self.ssh_wrapper.parent / "key", known_hosts=hosts)
        config = self.user.own(_write(folder / "config", text), 0o600)
        program = _write(folder / "ssh", f'#!/bin/sh\nexec {shutil.which("ssh")} -F {config} "$@"\n')
        self.user.own(program, 0o755)
        return folder

    def envkit(
        self, run: Envkit, *args: str | Path, ssh_wrapper: Path | None = None, text: str = "", **env: str
    ) -> CommandResult:
        """Run envkit with the engine of this machine."""
        verb, *rest = args
        variables = self.path_variable(ssh_wrapper) | env
        return run([verb, "--engine", self.address, *rest], env=variables, text=text, timeout_s=300)

    def listening_addresses(self) -> set[str]:
        """Return the listening addresses of the machine except loopback, in the kernel's notation."""
        tables = subprocess.run(
            ["nsenter", f"--net=/run/netns/{NAMESPACE}", "cat", "/proc/net/tcp", "/proc/net/tcp6"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return beyond_loopback(tables)


def beyond_loopback(tables: str, uid: int | None = None) -> set[str]:
    """Return the listening addresses in kernel tables except loopback, of one user or of all."""
    rows = [line.split() for line in tables.splitlines()]
    addresses = {row[1] for row in rows if len(row) > 7 and row[3] == LISTENING and (uid is None or row[7] == str(uid))}
    return {
        address
        for address in addresses
        if not re.match(r"[0-9A-F]{6}7F:|0{24}01000000:|0{16}FFFF0000[0-9A-F]{6}7F:", address)
    }


@contextmanager
def remote_machine(user: User, run_folder: Path, local: docker.DockerClient, refs: Sequence[str]) -> Iterator[Machine]:
    """Start the remote machine, and transfer images from the local engine: no registry is reachable."""
    wrappers = user.folder(run_folder / "ssh-wrappers")
    key = wrappers / "key"
    keygen = user.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
    assert keygen.code == 0, str(keygen)
    with alone(LOCK):
        folder = Path(tempfile.mkdtemp(prefix="envkit-far-"))
        start = subprocess.run(
            [SCRIPT, "start", folder, user.name, f"{key}.pub"], capture_output=True, text=True, check=False
        )
        try:
            if start.returncode:
                pytest.fail(f"the remote machine did not start: {start.stderr}", pytrace=False)
            remote = docker.DockerClient(base_url=f"unix://{folder}/docker.sock", timeout=TRANSFER_S)
            machine = Machine(f"ssh://{start.stdout.strip()}", remote, user, wrappers / "known", folder)
            host = re.sub(r".*@(.*):(\d+)", r"[\1]:\2", machine.address)
            machine.add_ssh_wrapper("known", known_hosts=f"{host} {(folder / 'host_key.pub').read_text()}")
            _transfer_images(local, remote, refs)
            yield machine
            remote.close()
        finally:
            subprocess.run([SCRIPT, "stop", folder], check=True)
            shutil.rmtree(folder, ignore_errors=True)


def _transfer_images(local: docker.DockerClient, remote: docker.DockerClient, refs: Sequence[str]) -> None:
    """Transfer images and remove everything else; images of an earlier run are kept, which saves half a minute."""
    refs_by_id = {str(local.images.get(ref).id): ref for ref in refs}
    for container in remote.containers.list(all=True):
        container.remove(force=True, v=True)
    for volume in remote.volumes.list():
        volume.remove()
    remote.networks.prune()
    remote.api.prune_builds()
    for image in remote.images.list(all=True):
        kept_ref = refs_by_id.get(str(image.id))
        for tag in {*image.tags} - {kept_ref}:
            remote.images.remove(tag, force=True)
        if kept_ref is None and not image.tags:
            with suppress(docker.errors.NotFound):  # removed with another one
                remote.images.remove(str(image.id), force=True)
    remote_ids = {str(image.id) for image in remote.images.list()}
    for image_id, ref in refs_by_id.items():
        if image_id in remote_ids:
            remote.api.tag(image_id, ref)
        else:
            remote.api.load_image(local.api.get_image(ref))  # type: ignore[no-untyped-call]


def base_image_ref(local: docker.DockerClient) -> str:
    """Return the reference of the Debian base image: an equal plan needs the same base."""
    tags = {tag for image in local.images.list() for tag in image.tags}
    return next(ref for ref in naming.base_refs("bookworm") if ref in tags)


def all_command_lines() -> bytes:
    """Return the command lines of all processes of both machines, which share one kernel."""
    return b"\n".join(_command_line(process) for process in Path("/proc").glob("[0-9]*"))


def _write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def _command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""
