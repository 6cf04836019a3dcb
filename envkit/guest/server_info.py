"""Inspect the servers: who may open JupyterLab's socket, and which versions of the servers are installed."""

import os
import re
import shutil
import subprocess
from pathlib import Path

COMMAND_S = 10
SOCKET = "/run/envkit/jupyter.sock"
SERVER_PREFIX = "/opt/jupyter"
DIST_INFO = ".dist-info"
# Packages of the server's environment whose versions are checked, by normalized name.
SERVER_PACKAGES = frozenset(
    {
        "jupyter-server",
        "jupyter-server-proxy",
        "jupyterlab",
        "nbconvert",
        "notebook",
        "tornado",
    }
)


def inspect_socket(path=SOCKET):
    """Return the mode and owner of JupyterLab's socket and of its folder."""
    if not Path(path).is_socket():
        return {"there": False}
    socket_stat, folder_stat = Path(path).stat(), Path(path).parent.stat()
    return {
        "there": True,
        "mode": socket_stat.st_mode & 0o777,
        "folder": folder_stat.st_mode & 0o777,
        "owned": socket_stat.st_uid == folder_stat.st_uid == os.getuid(),
    }


def inspect_server_packages(server_prefix=SERVER_PREFIX, release_path="/etc/os-release"):
    """Return the installed versions of the server's packages and of sshd."""
    versions, python = {}, ""
    for site_packages in Path(server_prefix).glob("lib/python3*/site-packages"):
        python = site_packages.parent.name[len("python") :]
        for dist_info in site_packages.glob("*" + DIST_INFO):
            name, _, version = dist_info.name[: -len(DIST_INFO)].partition("-")
            name = re.sub("[-_.]+", "-", name).lower()
            if name in SERVER_PACKAGES:
                versions.setdefault(name, []).append(version)
    return {"python": python, "versions": versions, **inspect_openssh(release_path)}


def inspect_openssh(release_path):
    """Return the version of the package that contains sshd, and the system's codename."""
    lines = Path(release_path).read_text("utf-8").splitlines() if Path(release_path).is_file() else []
    fields = dict(line.split("=", 1) for line in lines if "=" in line)
    version = ""
    if shutil.which("dpkg-query"):
        argv = ["dpkg-query", "--show", "--showformat=${Version}", "openssh-server"]
        result = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            universal_newlines=True,
            timeout=COMMAND_S,
            check=False,
        )
        version = result.stdout.strip() if result.returncode == 0 else ""
    return {"codename": fields.get("VERSION_CODENAME", "").strip('"'), "openssh": version}
