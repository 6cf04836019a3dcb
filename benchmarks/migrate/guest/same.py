"""Tell which pairs of imports bind other things than each other. Runs inside the image, on its own Python."""

from __future__ import annotations

import json
import os
import sys
import types
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""


def bound_object(statement: str, name: str) -> object:
    """Return what the import binds the name to, or why it cannot."""
    names: dict[str, object] = {}
    try:
        exec(statement, names)  # noqa: S102 - an import, taken apart and put together by the checker
    except Exception as error:  # noqa: BLE001 - whatever a module raises when it is imported
        return f"{type(error).__name__}: {error}"
    return names[name]


def is_same(ours: object, theirs: object) -> bool:
    """Whether two are one; of a module, TensorFlow may hand out several faces."""
    if isinstance(ours, types.ModuleType) and isinstance(theirs, types.ModuleType):
        return ours is theirs or {*dir(ours)} == {*dir(theirs)}
    return ours is theirs


def main() -> None:
    """Print the places of those that differ, as JSON."""
    pairs = json.loads(Path(sys.argv[1]).read_text("utf-8"))["pairs"]
    mismatches = [
        index
        for index, (name, ours, theirs) in enumerate(pairs)
        if not is_same(bound_object(ours, name), bound_object(theirs, name))
    ]
    print(json.dumps({"differ": mismatches}))


if __name__ == "__main__":
    main()
