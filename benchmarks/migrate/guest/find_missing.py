"""Print the imports and dotted names that do not exist in the installed TensorFlow. Runs in the image."""

from __future__ import annotations

import importlib
import json
import os
import sys
import types
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""


def can_import(statement: str) -> bool:
    """Return whether the import statement succeeds."""
    try:
        exec(statement, {})  # noqa: S102 - an import that the checker built from a parsed statement
    except Exception:  # noqa: BLE001 - a module may raise any exception
        return False
    return True


def resolves(path: str) -> bool:
    """Return whether the dotted name exists; attributes of classes and values are assumed to exist."""
    root, *rest = path.split(".")
    value: object = importlib.import_module(root)
    for depth, name in enumerate(rest, 1):
        if not isinstance(value, types.ModuleType):
            return True
        try:
            value = getattr(value, name)
        except AttributeError:
            try:
                value = importlib.import_module(".".join([root, *rest[:depth]]))
            except ImportError:
                return False
    return True


def main() -> None:
    """Print the missing imports and names as JSON."""
    queries = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    print(
        json.dumps(
            {
                "imports": [statement for statement in queries["imports"] if not can_import(statement)],
                "names": [path for path in queries["names"] if not resolves(path)],
            }
        )
    )


if __name__ == "__main__":
    main()
