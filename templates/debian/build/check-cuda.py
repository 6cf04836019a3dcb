"""Check that every shared object of CUDA loads, including those that TensorFlow opens by name."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

FOLDER, *NAMED = sys.argv[1:]
# The driver is mounted at container start; libraries that link to it cannot load during the build.
DRIVER = "libcuda.so.1"


def load(name):
    """Load a shared object with all symbols bound; return the error, or an empty string."""
    try:
        ctypes.CDLL(name, mode=os.RTLD_NOW | os.RTLD_GLOBAL)
    except OSError as error:
        return str(error)
    return ""


def main():
    """Check the libraries, ptxas and libdevice; exit with the errors."""
    files = sorted(str(path) for path in Path(FOLDER).glob("*/lib/*.so*"))
    errors = [error for error in map(load, [*NAMED, *files]) if error and DRIVER not in error]
    version = ctypes.CDLL(NAMED[-1]).cudnnGetVersion() if not errors else 0
    ptxas = subprocess.run(["ptxas", "--version"], stdout=subprocess.PIPE, check=False)
    if ptxas.returncode:
        errors.append("ptxas does not run")
    if not (Path("/usr/local/cuda/nvvm/libdevice").is_dir()):
        errors.append("XLA's libdevice is missing")
    if errors:
        raise SystemExit("\n".join(errors))
    print(f"CUDA loads: {len(files)} shared objects, cuDNN {version}")  # noqa: T201 - for the build log


main()
