"""Let the other names of a TensorFlow release count as installed.

    provide-tensorflow.py VERSION NAME...

A package that requires `tensorflow` would otherwise install a second build over the first one. The environment gets
metadata of `tensorflow` if its build has another name. For each other name, installers find a wheel without files;
its local version is newer than that of the package index.
"""

import hashlib
import sys
import sysconfig
import zipfile
from base64 import urlsafe_b64encode
from importlib import metadata
from pathlib import Path

WHEELS = Path("/opt/envkit/wheels")
LAYER_WHEELS = WHEELS / "layer"  # for uv, which does not see the packages below the user's environment
MAIN = "tensorflow"
EXTRA = "and-cuda"
VERSION, *NAMES = sys.argv[1:]
LOCAL_VERSION = VERSION + "+envkit"


def is_installed(name):
    """Check whether this environment has a package of a name."""
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def describe(name, version, requirements):
    """Return the metadata files of a package by name."""
    lines = ["Metadata-Version: 2.1", "Name: " + name, "Version: " + version, "Provides-Extra: " + EXTRA]
    lines.append(f"Summary: Metadata only: TensorFlow {VERSION} is installed in this workspace.")
    lines += ["Requires-Dist: " + requirement for requirement in requirements]
    return {
        "METADATA": "\n".join(lines) + "\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: envkit\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }


def write_wheel(folder, name, requirements=()):
    """Write a wheel that contains metadata only."""
    stem = f"{name.replace('-', '_')}-{LOCAL_VERSION}"
    records = []
    with zipfile.ZipFile(folder / (stem + "-py3-none-any.whl"), "w") as wheel:
        for file, text in describe(name, LOCAL_VERSION, requirements).items():
            digest = urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            records.append(f"{stem}.dist-info/{file},sha256={digest},{len(text)}")
            wheel.writestr(zipfile.ZipInfo(f"{stem}.dist-info/{file}"), text)
        record = f"{stem}.dist-info/RECORD"
        wheel.writestr(zipfile.ZipInfo(record), "\n".join([*records, record + ",,"]) + "\n")


def install_metadata(name, requirements):
    """Write the metadata of a package into this environment."""
    folder = f"{name.replace('-', '_')}-{VERSION}.dist-info"
    directory = Path(sysconfig.get_path("purelib")) / folder
    directory.mkdir()
    files = {**describe(name, VERSION, requirements), "INSTALLER": "envkit\n"}
    for file, text in files.items():
        (directory / file).write_text(text)
    (directory / "RECORD").write_text("".join(f"{folder}/{file},,\n" for file in [*files, "RECORD"]))


def main():
    """Write the wheels and the metadata."""
    LAYER_WHEELS.mkdir(parents=True)
    builds = [name for name in NAMES if is_installed(name)]
    for name in NAMES:
        if name in builds or name == MAIN:
            write_wheel(LAYER_WHEELS, name)
        else:
            write_wheel(WHEELS, name, [f"{MAIN}=={VERSION}"])
    if MAIN not in builds:
        install_metadata(MAIN, [f"{name}=={VERSION}" for name in builds])


main()
