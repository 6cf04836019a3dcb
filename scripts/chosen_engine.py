"""Print the engine that somebody chose: its address, by what, and what takes that back, a line each.

Nothing is printed where nobody chose one: by DOCKER_HOST or a Docker context, as envkit reads them. Ends with 3, and
the mend on stderr, where a Docker context cannot be read. Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from envkit.backends.docker import endpoint
from envkit.errors import EngineUnavailable


def main() -> int:
    """Print it, and return the exit code."""
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
