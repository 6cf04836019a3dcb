"""Looks at what an image holds beside TensorFlow: whether its packages fit together, and whether there is a Jupyter."""

import shutil
import subprocess
import sys

LIMIT_S = 90.0  # all of them
CHECK_S = 40  # each of them
LINES_MAX = 20


def report_contents(reporter):
    """Take every look that needs no TensorFlow."""
    for name, inspector in INSPECTORS:
        reporter.observe(name, inspector)


def inspect_requirements():
    """Return what pip says of requirements that are not met."""
    result = run_command([sys.executable, "-m", "pip", "check"])
    if result.returncode and "No module named pip" in result.stderr:
        return {"checked": False, "broken": []}
    broken = [] if result.returncode == 0 else (result.stdout or result.stderr).strip().splitlines()
    return {"checked": True, "broken": broken[:LINES_MAX]}


def inspect_jupyter():
    """Return which Jupyter is on PATH, and whether it can say its version."""
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
