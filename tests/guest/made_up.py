"""A made-up NVIDIA driver and CUDA, compiled from tests/guest/nvidia: small libraries that answer what FAKE_… says.

The driver's looks need no more than answers. Real TensorFlow gets a device that it can use: memory is this machine's,
matrix products are computed, and kernels of its own compute nothing.
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
MADE = {
    "libcuda.so.1": "cuda.c",
    "libnvidia-ml.so.1": "nvml.c",
    "libcudart.so.11.0": "cudart.c",
    "libcublas.so.11": "cublas.c",
    "libcublasLt.so.11": "cublas.c",
}
PLAIN = "cudnn.c"


def libraries(folder: Path) -> Path:
    """Compile every library of driver, CUDA and cuDNN that TensorFlow 2.9.0 opens into a folder, and return it."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler here to make the driver up with; `make test` installs one")
    for name in {*MADE, *catalog.release("2.9.0").libraries}:
        compiled(folder, MADE.get(name, PLAIN), name)
    return folder


def compiled(folder: Path, source: str, name: str) -> Path:
    """Compile one library into a folder; the loader knows it by the name that it has inside."""
    path = folder / name
    command = ["cc", "-O1", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", str(path), str(SOURCES / source)]
    subprocess.run(command, check=True)
    return path
