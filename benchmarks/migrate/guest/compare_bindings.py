"""Print the pairs of imports that bind different objects. Runs in the image."""

from __future__ import annotations

import json
import os
import sys
import types
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""


def bound_object(statement: str, name: str) -> object:
    """Return the object that the import binds to the name, or the error message."""
    names: dict[str, object] = {}
    try:
        exec(statement, names)  # noqa: S102 - an import that the checker built from a parsed statement
    except Exception as error:  # noqa: BLE001 - a module may raise any exception
        return f"{type(error).__name__}: {error}"
    return names[name]


def is_same(ours: object, theirs: object) -> bool:
    """Return whether two objects are the same; TensorFlow may return different module objects for one module."""
    if isinstance(ours, types.ModuleType) and isinstance(theirs, types.ModuleType):
        return ours is theirs or {*dir(ours)} == {*dir(theirs)}
    return ours is theirs


def main() -> None:
    """Print the indexes of the pairs that differ as JSON."""
    pairs = json.loads(Path(sys.argv[1]).read_text("utf-8"))["pairs"]
    mismatches = [
        index
        for index, (name, ours, theirs) in enumerate(pairs)
        if not is_same(bound_object(ours, name), bound_object(theirs, name))
    ]
    print(json.dumps({"differ": mismatches}))


if __name__ == "__main__":
    main()
