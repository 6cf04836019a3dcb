"""A Docker 26.1.5 beside this machine's own engine: started once, for all tests, with GPUs that are made up."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tests.functional.alone import alone

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "26.1.5"
SCRIPT = ROOT / "scripts/other_engines.sh"
LOCK = Path(tempfile.gettempdir()) / "envkit-second-engine.lock"
# What stands for a GPU: a variable that tells which was injected, and nodes that anybody may open.
SPEC = {
    "cdiVersion": "0.5.0",
    "kind": "nvidia.com/gpu",
    "devices": [
        {
            "name": name,
            "containerEdits": {
                "env": [f"MADE_UP_GPU={name}"],
                "deviceNodes": [{"path": path, "hostPath": "/dev/null", "permissions": "rw"} for path in nodes],
            },
        }
        for name, nodes in (
            ("0", ["/dev/nvidia0"]),
            ("1", ["/dev/nvidia1"]),
            ("all", ["/dev/nvidia0", "/dev/nvidia1"]),
        )
    ],
}


@contextmanager
def second_engine() -> Iterator[str]:
    """Start the engine and yield its address; in the end it and all it wrote are gone."""
    with alone(LOCK):
        # Short: the paths of an engine's sockets must fit into a socket's address.
        folder = Path(tempfile.mkdtemp(prefix="envkit-2nd-"))
        (folder / "cdi").mkdir()
        (folder / "cdi/nvidia.json").write_text(json.dumps(SPEC))
        started = subprocess.run([SCRIPT, "start", folder], stderr=subprocess.PIPE, text=True, check=False)
        try:
            if started.returncode:
                pytest.fail(f"no second engine: {started.stderr}", pytrace=False)
            yield f"unix://{folder}/docker.sock"
        finally:
            subprocess.run([SCRIPT, "stop", folder], check=True)
            shutil.rmtree(folder, ignore_errors=True)
