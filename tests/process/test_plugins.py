"""What is installed beside envkit has no part in how it reads a config."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

WATCHES = "import sys; print('it watches', file=sys.stderr); plugin = None"
MODEL = "import pydantic; pydantic.create_model('Model', __base__=pydantic.BaseModel)"


@pytest.mark.parametrize(("arguments", "watched"), [(("-c", MODEL), True), (("-m", "envkit", "schema"), False)])
def test_no_plugin_of_pydantic_is_loaded(tmp_path: Path, root: Path, arguments: tuple[str, ...], watched: bool) -> None:
    about = tmp_path / "watcher-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: watcher\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[pydantic]\nwatcher = watcher:plugin\n")
    (tmp_path / "watcher.py").write_text(WATCHES)
    # Without what an envkit that ran in this process has set.
    env = {name: text for name, text in os.environ.items() if name != "PYDANTIC_DISABLE_PLUGINS"}
    env["PYTHONPATH"] = os.pathsep.join((str(root), str(tmp_path)))
    done = subprocess.run([sys.executable, *arguments], env=env, capture_output=True, text=True, check=False)
    # Pydantic itself fails by this one.
    assert ("it watches" in done.stderr, done.returncode) == (watched, int(watched))
