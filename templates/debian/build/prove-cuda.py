"""The last word of a GPU build: every shared object of CUDA loads whole, and those TensorFlow names are found."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

FOLDER, *NAMED = sys.argv[1:]
# The driver comes from the host when the container starts; what is bound to it alone cannot load before.
DRIVER = "libcuda.so.1"


def load(name):
    """Load a shared object with all its symbols bound; return why that fails, or nothing."""
    try:
        ctypes.CDLL(name, mode=os.RTLD_NOW | os.RTLD_GLOBAL)
    except OSError as error:
        return str(error)
    return ""


def main():
    """End with what is wrong, if anything is."""
    files = sorted(str(path) for path in Path(FOLDER).glob("*/lib/*.so*"))
    faults = [why for why in map(load, [*NAMED, *files]) if why and DRIVER not in why]
    version = ctypes.CDLL(NAMED[-1]).cudnnGetVersion() if not faults else 0
    tool = subprocess.run(["ptxas", "--version"], stdout=subprocess.PIPE, check=False)
    if tool.returncode:
        faults.append("ptxas does not run")
    if not (Path("/usr/local/cuda/nvvm/libdevice").is_dir()):
        faults.append("XLA's libdevice is missing")
    if faults:
        raise SystemExit("\n".join(faults))
    print(f"CUDA loads: {len(files)} shared objects, cuDNN {version}")  # noqa: T201 - for the log of the build


main()
