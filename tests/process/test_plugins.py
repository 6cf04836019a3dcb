"""Pydantic plugins of other packages do not affect how envkit reads a configuration."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PLUGIN = "import sys; print('plugin loaded', file=sys.stderr); plugin = None"
MODEL = "import pydantic; pydantic.create_model('Model', __base__=pydantic.BaseModel)"


def test_envkit_loads_no_pydantic_plugin(tmp_path: Path, root: Path) -> None:
    dist_info = tmp_path / "watcher-1.dist-info"
    dist_info.mkdir()
    (dist_info / "METADATA").write_text("Metadata-Version: 2.1\nName: watcher\nVersion: 1\n")
    (dist_info / "entry_points.txt").write_text("[pydantic]\nwatcher = watcher:plugin\n")
    (tmp_path / "watcher.py").write_text(PLUGIN)
    # An envkit that ran in this process may have set the variable.
    env = {name: text for name, text in os.environ.items() if name != "PYDANTIC_DISABLE_PLUGINS"}
    env["PYTHONPATH"] = os.pathsep.join((str(root), str(tmp_path)))
    for arguments, is_loaded in ((("-c", MODEL), True), (("-m", "envkit", "schema"), False)):
        result = subprocess.run([sys.executable, *arguments], env=env, capture_output=True, text=True, check=False)
        # Pydantic itself fails with this plugin.
        assert ("plugin loaded" in result.stderr, result.returncode) == (is_loaded, int(is_loaded)), arguments
