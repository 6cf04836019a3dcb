"""Fake NVIDIA driver and CUDA libraries, compiled from tests/guest/nvidia and controlled by FAKE_… variables.

The probe needs only their answers. Real TensorFlow can use the fake device: its memory is this machine's, matrix
products are computed, and other kernels compute nothing.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from envkit import catalog
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = ROOT / "tests/guest/nvidia"
FAKE_SOURCES = {
    "libcuda.so.1": "cuda.c",
    "libnvidia-ml.so.1": "nvml.c",
    "libcudart.so.11.0": "cudart.c",
    "libcublas.so.11": "cublas.c",
    "libcublasLt.so.11": "cublas.c",
}
DEFAULT_SOURCE = "cudnn.c"


def libraries(folder: Path) -> Path:
    """Compile all driver, CUDA and cuDNN libraries that TensorFlow 2.9.0 loads into a folder, and return it."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler is installed for the fake driver; `make test` installs one")
    for name in {*FAKE_SOURCES, *catalog.release("2.9.0").libraries}:
        compiled(folder, FAKE_SOURCES.get(name, DEFAULT_SOURCE), name)
    return folder


def compiled(folder: Path, source: str, name: str) -> Path:
    """Compile one library into a folder, with its name as SONAME, by which the loader finds it."""
    path = folder / name
    command = ["cc", "-O1", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", str(path), str(SOURCES / source)]
    subprocess.run(command, check=True)
    return path
