"""Print the engine that DOCKER_HOST or a Docker context selects: address, source, and the command that undoes it.

Each is on its own line. Without a selection, nothing is printed. Exits with code 3 and a hint on stderr if a Docker
context cannot be read. Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from envkit.backends import endpoint
from envkit.errors import EngineUnavailable


def main() -> int:
    """Print the selected engine and return the exit code."""
    try:
        choice = endpoint.choose()
    except EngineUnavailable as error:
        sys.stderr.write(f"setup: {error.message}\nsetup: hint: {error.hint}\n")
        return 3
    if choice.source:
        print(choice.address, choice.source, choice.undo, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
