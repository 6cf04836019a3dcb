"""Inspect an image's other contents: whether its packages are compatible, and whether Jupyter is installed."""

import shutil
import subprocess
import sys

LIMIT_S = 90.0  # for all inspections
CHECK_S = 40  # for each of them
LINES_MAX = 20


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


def inspect_jupyter():
    """Return the path of Jupyter, and whether it can print its version."""
    path = shutil.which("jupyter") or ""
    result = run_command([path, "--version"]) if path else None
    return {"path": path, "works": result is not None and result.returncode == 0}


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


INSPECTORS = (("image.packages", inspect_requirements), ("image.jupyter", inspect_jupyter))
