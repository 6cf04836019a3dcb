"""Machines with a made-up NVIDIA driver, and the real script of the looks as a real process on them.

Device nodes are plain files, since a look only opens them.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from envkit.checks import observations
from envkit.observe import guest_runner

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envkit.model.report import Observation

NODES = ("nvidiactl", "nvidia-uvm", "nvidia0")


@dataclass(frozen=True)
class Machine:
    """What the looks find: variables that the made-up driver answers by, and what is not there."""

    says: Mapping[str, str] = field(default_factory=dict)
    without: Sequence[str] = ()
    nodes: Mapping[str, str] = field(default_factory=dict)
    stub: bool = False
    package: str = ""
    without_tools: Sequence[str] = ()


def look(built: Path, place: Path, machine: Machine) -> tuple[Observation, ...]:
    """Take the looks on a machine that is made in a new folder, with the libraries that were built for all."""
    libraries = place / ("lib64/stubs" if machine.stub else "lib")
    libraries.mkdir(parents=True)
    for library in built.iterdir():
        if library.name not in machine.without:
            os.link(library, libraries / library.name)
    text = guest_runner.build_program("probe").replace(
        'DEV = Path(\\"/dev\\")', f'DEV = Path(\\"{nodes(place, machine)}\\")'
    )
    text = text.replace("/usr/local/cuda", str(tools(place / "cuda", machine.without_tools)))
    text = text.replace("/var/lib/dpkg/info", str(packages(place, libraries, machine)))
    packaged(place / "site")
    environment = {
        "PATH": f"{place}/bin",
        "LD_LIBRARY_PATH": str(libraries),
        "PYTHONPATH": str(place / "site"),
        **machine.says,
    }
    done = subprocess.run(
        [sys.executable, "-", "30"],
        input=text,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        cwd=place,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return observations.parse_all(done.stdout.splitlines())


def nodes(place: Path, machine: Machine) -> Path:
    """Make device nodes: `ok` opens, ENXIO is what opening a socket says, ENOENT is none."""
    folder = place / "dev"
    folder.mkdir()
    for name in NODES:
        answer = machine.nodes.get(name, "ok")
        if answer == "ok":
            (folder / name).touch()
        elif answer == "ENXIO":
            with socket.socket(socket.AF_UNIX) as node:
                node.bind(str(folder / name))
    return folder


def tools(folder: Path, without: Sequence[str]) -> Path:
    """Make what XLA compiles kernels with."""
    for tool in ("bin/ptxas", "nvvm/libdevice/libdevice.10.bc"):
        (folder / tool).parent.mkdir(parents=True)
        if Path(tool).name not in without:
            (folder / tool).touch()
    return folder


def packages(place: Path, libraries: Path, machine: Machine) -> Path:
    """Make the lists of installed packages, in one of which the driver's library may stand."""
    folder = place / "info"
    folder.mkdir()
    (folder / "libcudart11.list").write_text("/.\n/usr\n")
    if machine.package:
        (folder / f"{machine.package}.list").write_text(f"/.\n{libraries}/libcuda.so.1\n")
    return folder


def packaged(site: Path) -> None:
    """Make a TensorFlow that says what it was built with, and cannot be imported."""
    folder = site / "tensorflow/python/platform"
    folder.mkdir(parents=True)
    (site / "tensorflow/__init__.py").write_text("raise ImportError('not part of this')\n")
    build = {"is_cuda_build": True, "cuda_version": "11.2", "cudnn_version": "8"}
    (folder / "build_info.py").write_text(f"build_info = {build!r}\n")
