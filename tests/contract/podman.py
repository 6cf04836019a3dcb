"""Podman as a service, root's or a user's own: all it writes lies in one folder, and nothing is set up for it."""

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
from tests.functional.account import ordinary_user
from tests.functional.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.functional.account import User

# The versions that are tried, each with where `scripts/other_engines.sh` unpacks it.
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
    """Start the service and yield its address; in the end it and all it wrote are gone."""
    folder = Path(tempfile.mkdtemp(prefix="envkit-podman-"))
    folder.chmod(0o755)
    user = ordinary_user(folder / "home") if rootless else None
    program = within_reach(VERSIONS[version], folder, user)
    environment = _configured(folder, program, user)
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
            wait_until(lambda: socket.exists() or service.poll() is not None, "Podman listens or has ended")
            assert service.poll() is None, (folder / "log").read_text()
            yield f"unix://{socket}"
        finally:
            _end(service, folder)
    shutil.rmtree(folder)


def within_reach(kept: Path, folder: Path, user: User | None) -> Path:
    """Return where what was unpacked lies for a user: a checkout may be closed to others."""
    if not (kept / "complete").exists():
        pytest.fail(f"{kept} is not there: `scripts/other_engines.sh` gets it", pytrace=False)
    if user is None or not user.run(["test", "-d", kept / "usr/bin"], cwd=Path("/")).code:
        return kept
    return shutil.copytree(kept, folder / kept.name, symlinks=True)


def _configured(folder: Path, program: Path, user: User | None) -> dict[str, str]:
    """Write Podman's config into the folder; return the environment that leads there and nowhere else."""
    home = folder / "home"
    (home / ".config/containers").mkdir(parents=True)
    (home / "runtime").mkdir(mode=0o700)
    shutil.copy(program / "etc/containers/policy.json", home / ".config/containers/policy.json")
    (home / ".config/containers/registries.conf").touch()
    (home / "bin").mkdir()
    for one in PROGRAMS:
        started = home / "bin" / Path(one).name
        started.write_text(f'#!/bin/sh\nexec {shlex.join(_command(program, one))} "$@"\n')
        started.chmod(0o755)
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
    """Return what starts a program: by the loader it came with, where its C library is another than this system's."""
    loader = program / LOADER if (program / LOADER).exists() else Path("/lib64/ld-linux-x86-64.so.2")
    return [str(loader), "--library-path", str(program / LIBRARIES), str(program / name)]


def _end(service: subprocess.Popen[str], folder: Path) -> None:
    """End the service, and the process that holds a user's namespace open behind its back."""
    os.killpg(service.pid, signal.SIGTERM)
    service.wait(timeout=30)
    # What it started in a user's namespace is of its group, outlives it and then removes the socket.
    wait_until(lambda: not _alive(service.pid), "all of Podman has ended")
    for pause in folder.rglob("pause.pid"):
        with suppress(ProcessLookupError):
            os.kill(int(pause.read_text()), signal.SIGKILL)


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
