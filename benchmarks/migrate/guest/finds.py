"""Tell which imports and dotted names the TensorFlow here does not find. Runs inside the image, on its own Python."""

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
    """Whether the statement can be carried out."""
    try:
        exec(statement, {})  # noqa: S102 - an import, taken apart and put together by the checker
    except Exception:  # noqa: BLE001 - whatever a module raises when it is imported
        return False
    return True


def resolves(path: str) -> bool:
    """Whether the dotted name leads to something; what stands behind a class or a value is taken for granted."""
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
    """Print what is not found, as JSON."""
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
