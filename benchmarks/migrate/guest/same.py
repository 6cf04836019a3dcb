"""Tell which pairs of imports bind other things than each other. Runs inside the image, on its own Python."""

from __future__ import annotations

import json
import os
import sys
import types
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""


def bound(statement: str, name: str) -> object:
    """Return what the import binds the name to, or why it cannot."""
    names: dict[str, object] = {}
    try:
        exec(statement, names)  # noqa: S102 - an import, taken apart and put together by the checker
    except Exception as error:  # noqa: BLE001 - whatever a module raises when it is imported
        return f"{type(error).__name__}: {error}"
    return names[name]


def same(one: object, other: object) -> bool:
    """Whether two are one; of a module, TensorFlow may hand out several faces."""
    if isinstance(one, types.ModuleType) and isinstance(other, types.ModuleType):
        return one is other or {*dir(one)} == {*dir(other)}
    return one is other


def main() -> None:
    """Print the places of those that differ, as JSON."""
    asked = json.loads(Path(sys.argv[1]).read_text("utf-8"))["pairs"]
    differ = [at for at, (name, ours, theirs) in enumerate(asked) if not same(bound(ours, name), bound(theirs, name))]
    print(json.dumps({"differ": differ}))


if __name__ == "__main__":
    main()
