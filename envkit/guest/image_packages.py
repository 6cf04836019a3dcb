"""Inspect an image's other contents: whether its packages are compatible, and whether Jupyter and SSH start."""

import subprocess
import sys
from pathlib import Path

from envkit.guest import jupyter_server

LIMIT_S = 150.0  # for all inspections
CHECK_S = 40  # for each of them
LINES_MAX = 20
SSHD = Path("/usr/sbin/sshd")
WORKSPACE = Path("/opt/envkit/entrypoint")  # images with it promise SSH


def report_contents(reporter):
    """Run every inspection that does not need TensorFlow."""
    for name, inspector in INSPECTORS:
        reporter.observe(name, inspector)


def inspect_requirements():
    """Return the unmet requirements that pip reports."""
    result = run_command([sys.executable, "-m", "pip", "check"])
    if result.returncode and "No module named pip" in result.stderr:
        return {"checked": False, "broken": []}
    broken = [] if result.returncode == 0 else (result.stdout or result.stderr).strip().splitlines()
    return {"checked": True, "broken": broken[:LINES_MAX]}


def inspect_ssh():
    """Return whether the image promises an SSH server, and whether its program starts."""
    if not SSHD.exists():
        return {"promised": WORKSPACE.exists(), "works": False, "output": str(SSHD) + " does not exist"}
    output = run_command([str(SSHD), "-?"]).stderr  # prints its version, and exits with an error
    version = next((line for line in output.splitlines() if "OpenSSH" in line), output[:200])
    return {"promised": WORKSPACE.exists(), "works": "OpenSSH" in output, "output": version}


def run_command(argv):
    """Run a program to its end."""
    return subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        timeout=CHECK_S,
        check=False,
    )


INSPECTORS = (
    ("image.packages", inspect_requirements),
    ("image.jupyter", jupyter_server.inspect_jupyter),
    ("image.ssh", inspect_ssh),
)
