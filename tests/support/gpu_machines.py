"""Fake machines with a fake NVIDIA driver, inspected by the probe in a real process.

Device nodes are plain files, because the probe only opens them.
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
    """A fake machine.

    Attributes:
        variables: Variables that control the fake driver.
        without: Names of missing libraries.
        nodes: Results of opening device nodes by name, such as `ENOENT`; `ok` by default.
        stub: Whether the libraries are in a folder of CUDA's stubs.
        package: Debian package that contains libcuda, or empty.
        without_tools: Names of missing tools.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    without: Sequence[str] = ()
    nodes: Mapping[str, str] = field(default_factory=dict)
    stub: bool = False
    package: str = ""
    without_tools: Sequence[str] = ()


def inspect_machine(built: Path, root: Path, machine: Machine) -> tuple[Observation, ...]:
    """Build a machine in a new folder with links to the shared libraries, and return the probe's observations."""
    libraries = root / ("lib64/stubs" if machine.stub else "lib")
    libraries.mkdir(parents=True)
    for library in built.iterdir():
        if library.name not in machine.without:
            os.link(library, libraries / library.name)
    text = guest_runner.build_program("probe").replace(
        'DEV = Path(\\"/dev\\")', f'DEV = Path(\\"{create_nodes(root, machine)}\\")'
    )
    text = text.replace("/usr/local/cuda", str(create_tools(root / "cuda", machine.without_tools)))
    text = text.replace("/var/lib/dpkg/info", str(create_package_lists(root, libraries, machine)))
    create_tensorflow(root / "site")
    environment = {
        "PATH": f"{root}/bin",
        "LD_LIBRARY_PATH": str(libraries),
        "PYTHONPATH": str(root / "site"),
        **machine.variables,
    }
    result = subprocess.run(
        [sys.executable, "-", "30"],
        input=text,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        cwd=root,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    return observations.parse_all(result.stdout.splitlines())


def create_nodes(root: Path, machine: Machine) -> Path:
    """Create device nodes: a file for `ok`, a socket for ENXIO, nothing for ENOENT."""
    folder = root / "dev"
    folder.mkdir()
    for name in NODES:
        answer = machine.nodes.get(name, "ok")
        if answer == "ok":
            (folder / name).touch()
        elif answer == "ENXIO":
            with socket.socket(socket.AF_UNIX) as node:
                node.bind(str(folder / name))
    return folder


def create_tools(folder: Path, without: Sequence[str]) -> Path:
    """Create the tools that XLA compiles kernels with."""
    for tool in ("bin/ptxas", "nvvm/libdevice/libdevice.10.bc"):
        (folder / tool).parent.mkdir(parents=True)
        if Path(tool).name not in without:
            (folder / tool).touch()
    return folder


def create_package_lists(root: Path, libraries: Path, machine: Machine) -> Path:
    """Create the file lists of installed packages, one of which may contain the driver's library."""
    folder = root / "info"
    folder.mkdir()
    (folder / "libcudart11.list").write_text("/.\n/usr\n")
    if machine.package:
        (folder / f"{machine.package}.list").write_text(f"/.\n{libraries}/libcuda.so.1\n")
    return folder


def create_tensorflow(site: Path) -> None:
    """Create a TensorFlow with build information that cannot be imported."""
    folder = site / "tensorflow/python/platform"
    folder.mkdir(parents=True)
    (site / "tensorflow/__init__.py").write_text("raise ImportError('not part of this')\n")
    build = {"is_cuda_build": True, "cuda_version": "11.2", "cudnn_version": "8"}
    (folder / "build_info.py").write_text(f"build_info = {build!r}\n")
