"""Docker 26.1.5 beside the engine of this host: started once for all tests, with fake GPUs."""

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
from tests.support.exclusive_run import alone

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "26.1.5"
SCRIPT = ROOT / "scripts/dev/test_engines.sh"
LOCK = Path(tempfile.gettempdir()) / "envkit-second-engine.lock"
# A fake GPU: a variable with the name of the injected device, and device nodes that every user may open.
SPEC = {
    "cdiVersion": "0.5.0",
    "kind": "nvidia.com/gpu",
    "devices": [
        {
            "name": name,
            "containerEdits": {
                "env": [f"FAKE_GPU={name}"],
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
    """Start the engine and yield its address; at the end, remove it with its files."""
    with alone(LOCK):
        # A short path, because socket paths are limited.
        folder = Path(tempfile.mkdtemp(prefix="envkit-2nd-"))
        (folder / "cdi").mkdir()
        (folder / "cdi/nvidia.json").write_text(json.dumps(SPEC))
        result = subprocess.run([SCRIPT, "start", folder], stderr=subprocess.PIPE, text=True, check=False)
        try:
            if result.returncode:
                pytest.fail(f"the second engine did not start: {result.stderr}", pytrace=False)
            yield f"unix://{folder}/docker.sock"
        finally:
            subprocess.run([SCRIPT, "stop", folder], check=True)
            shutil.rmtree(folder, ignore_errors=True)
