"""Describe the machine and the measured programs."""

from __future__ import annotations

import os
import platform
import subprocess
from typing import TYPE_CHECKING

from benchmarks import peers
from benchmarks.figures import Machine

if TYPE_CHECKING:
    from pathlib import Path

    import docker


def describe(engine: docker.DockerClient) -> Machine:
    """Describe this machine and the versions of its programs."""
    info = engine.info()
    return Machine(
        cores=os.cpu_count() or 1,
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        system=f"{platform.system()} on {platform.machine()}",
        engine=f"{info['ServerVersion']} with {info['Driver']}",
        python=platform.python_version(),
        compose=_version_output(peers.compose_program(), "version", "--short"),
        devcontainers=_version_output(peers.devcontainer_program(), "--version"),
    )


def busy_warning() -> str:
    """Return a warning if the machine is busy, which makes times unreliable; else an empty string."""
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    return f"this machine is busy: load {load:.1f} on {cores} cores" if load > cores / 2 else ""


def _version_output(program: Path, *arguments: str) -> str:
    completed = subprocess.run([program, *arguments], capture_output=True, text=True, check=True, timeout=60)
    return completed.stdout.strip()
