"""Looks at what serves: who may open JupyterLab's socket, and which versions of what listens are installed."""

import os
import re
import shutil
import subprocess
from pathlib import Path

EACH_S = 10
SOCKET = "/run/envkit/jupyter.sock"
SERVER = "/opt/jupyter"
ENDING = ".dist-info"
# What of the server's environment is judged by its version, as an index writes it.
SERVED = frozenset({
    "jupyter-server", "jupyter-server-proxy", "jupyterlab", "nbconvert", "notebook", "tornado",
})


def look_socket(path=SOCKET):
    """Return who may open JupyterLab's socket: its mode and owner, and those of its folder."""
    if not Path(path).is_socket():
        return {"there": False}
    own, folder = Path(path).stat(), Path(path).parent.stat()
    return {
        "there": True, "mode": own.st_mode & 0o777, "folder": folder.st_mode & 0o777,
        "owned": own.st_uid == folder.st_uid == os.getuid(),
    }


def look_packages(server=SERVER, release="/etc/os-release"):
    """Return the versions of what the server and sshd consist of, as the installers wrote them down."""
    found, python = {}, ""
    for place in Path(server).glob("lib/python3*/site-packages"):
        python = place.parent.name[len("python") :]
        for one in place.glob("*" + ENDING):
            name, _, version = one.name[: -len(ENDING)].partition("-")
            name = re.sub("[-_.]+", "-", name).lower()
            if name in SERVED:
                found.setdefault(name, []).append(version)
    return {"python": python, "versions": found, **openssh(release)}


def openssh(release):
    """Return the version of the package that sshd comes in, and the system's codename."""
    lines = Path(release).read_text("utf-8").splitlines() if Path(release).is_file() else []
    said = dict(line.split("=", 1) for line in lines if "=" in line)
    version = ""
    if shutil.which("dpkg-query"):
        asked = ["dpkg-query", "--show", "--showformat=${Version}", "openssh-server"]
        done = subprocess.run(
            asked, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            universal_newlines=True, timeout=EACH_S, check=False,
        )
        version = done.stdout.strip() if done.returncode == 0 else ""
    return {"codename": said.get("VERSION_CODENAME", "").strip('"'), "openssh": version}
