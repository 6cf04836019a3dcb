"""Looks at what an image holds beside TensorFlow: whether its packages fit together, and whether there is a Jupyter."""

import shutil
import subprocess
import sys

LIMIT_S = 90.0  # all of them
CHECK_S = 40  # each of them
LINES_MAX = 20


def look_at_contents(teller):
    """Take every look that needs no TensorFlow."""
    for what, look in LOOKS:
        teller.look(what, look)


def look_consistency():
    """Return what pip says of requirements that are not met."""
    done = ran([sys.executable, "-m", "pip", "check"])
    if done.returncode and "No module named pip" in done.stderr:
        return {"checked": False, "broken": []}
    broken = [] if done.returncode == 0 else (done.stdout or done.stderr).strip().splitlines()
    return {"checked": True, "broken": broken[:LINES_MAX]}


def look_jupyter():
    """Return which Jupyter is on PATH, and whether it can say its version."""
    path = shutil.which("jupyter") or ""
    done = ran([path, "--version"]) if path else None
    return {"path": path, "works": done is not None and done.returncode == 0}


def ran(argv):
    """Run a program to its end."""
    return subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
        timeout=CHECK_S, check=False,
    )


LOOKS = (("image.packages", look_consistency), ("image.jupyter", look_jupyter))
