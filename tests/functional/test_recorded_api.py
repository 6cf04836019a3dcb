"""The recorded names of TensorFlow equal those of the real TensorFlow in the container."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from envkit.catalog import DEFAULT_RELEASE
from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.support.container_commands import Inside


def test_recorded_names_match_the_real_tensorflow(inside: Inside) -> None:
    script = (ROOT / "scripts/dev/record_api.py").read_text("utf-8")
    result = inside("/opt/tensorflow/bin/python", "-c", script)
    assert result.code == 0, result.err
    recorded = (ROOT / f"envkit/migrate/api-{DEFAULT_RELEASE}.json").read_text("utf-8")
    assert json.loads(result.out) == json.loads(recorded)
