"""Podman as a service of root or of a user; all its files are in one folder, and it needs no setup."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tests.support.account import ordinary_user
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.account import User

# The tested versions, each with the folder to which `scripts/dev/test_engines.sh` unpacks it.
VERSIONS = {"4.3.1": ROOT / ".cache/engines/bookworm", "5.4.2": ROOT / ".cache/engines/podman5"}
LOADER = "usr/lib64/ld-linux-x86-64.so.2"
LIBRARIES = "usr/lib/x86_64-linux-gnu"
PROGRAMS = ("usr/bin/conmon", "usr/bin/crun", "usr/bin/podman", "usr/lib/podman/netavark")
CONTAINERS = """
[network]
network_backend = "netavark"
network_config_dir = "{folder}/net"
[engine]
tmp_dir = "{folder}/tmp"
conmon_path = ["{folder}/bin/conmon"]
helper_binaries_dir = ["{folder}/bin"]
runtime = "crun"
cgroup_manager = "cgroupfs"
events_logger = "file"
[engine.runtimes]
crun = ["{folder}/bin/crun"]
"""
STORAGE = '[storage]\ndriver = "vfs"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n'


@contextmanager
def podman_service(version: str, *, rootless: bool) -> Iterator[str]:
    """Start the service and yield its address; at the end, remove it with its files."""
    folder = Path(tempfile.mkdtemp(prefix="envkit-podman-"))
    folder.chmod(0o755)
    user = ordinary_user(folder / "home") if rootless else None
    program = accessible_copy(VERSIONS[version], folder, user)
    environment = _write_config(folder, program, user)
    socket = folder / "home/podman.sock"
    argv = [*_command(program, "usr/bin/podman"), "system", "service", "--time", "0", f"unix://{socket}"]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            argv,
            env=environment,
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
            text=True,
            **(user.switch() if user else {}),
        ) as service,
    ):
        try:
            wait_until(lambda: socket.exists() or service.poll() is not None, "Podman listens or has exited")
            assert service.poll() is None, (folder / "log").read_text()
            yield f"unix://{socket}"
        finally:
            _end(service, folder)
    shutil.rmtree(folder)


def accessible_copy(unpacked: Path, folder: Path, user: User | None) -> Path:
    """Return an unpacked engine that a user can access: a copy if the checkout is private."""
    if not (unpacked / "complete").exists():
        pytest.fail(f"{unpacked} does not exist; run `scripts/dev/test_engines.sh`", pytrace=False)
    if user is None or not user.run(["test", "-d", unpacked / "usr/bin"], cwd=Path("/")).code:
        return unpacked
    return shutil.copytree(unpacked, folder / unpacked.name, symlinks=True)


def _write_config(folder: Path, program: Path, user: User | None) -> dict[str, str]:
    """Write Podman's configuration to the folder; return the environment that selects it."""
    home = folder / "home"
    (home / ".config/containers").mkdir(parents=True)
    (home / "runtime").mkdir(mode=0o700)
    shutil.copy(program / "etc/containers/policy.json", home / ".config/containers/policy.json")
    (home / ".config/containers/registries.conf").touch()
    (home / "bin").mkdir()
    for name in PROGRAMS:
        wrapper = home / "bin" / Path(name).name
        wrapper.write_text(f'#!/bin/sh\nexec {shlex.join(_command(program, name))} "$@"\n')
        wrapper.chmod(0o755)
    (home / "containers.conf").write_text(CONTAINERS.format(folder=home))
    (home / "storage.conf").write_text(STORAGE.format(folder=home))
    if user:
        for path in (home, *home.rglob("*")):
            os.chown(path, user.uid, user.gid)
    return {
        "HOME": str(home),
        "PATH": f"{home}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "XDG_RUNTIME_DIR": str(home / "runtime"),
        "CONTAINERS_CONF": str(home / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(home / "storage.conf"),
    }


def _command(program: Path, name: str) -> list[str]:
    """Return the command for a program, with its own loader if it was built for another C library."""
    loader = program / LOADER if (program / LOADER).exists() else Path("/lib64/ld-linux-x86-64.so.2")
    return [str(loader), "--library-path", str(program / LIBRARIES), str(program / name)]


def _end(service: subprocess.Popen[str], folder: Path) -> None:
    """Stop the service, and the process that keeps a user's namespace open."""
    os.killpg(service.pid, signal.SIGTERM)
    service.wait(timeout=30)
    # Its child in the user's namespace is in its process group, outlives it and then removes the socket.
    wait_until(lambda: not _is_alive(service.pid), "all processes of Podman have exited")
    for pause in folder.rglob("pause.pid"):
        with suppress(ProcessLookupError):
            os.kill(int(pause.read_text()), signal.SIGKILL)


def _is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
