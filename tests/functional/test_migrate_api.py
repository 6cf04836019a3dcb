"""What `migrate` knows of TensorFlow's names is what the real TensorFlow in the container says of itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from envkit.catalog import DEFAULT_RELEASE
from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.functional.inside import Inside


def test_the_recorded_names_are_those_of_the_real_tensorflow(inside: Inside) -> None:
    script = (ROOT / "scripts/record_api.py").read_text("utf-8")
    told = inside("/opt/tensorflow/bin/python", "-c", script)
    assert told.code == 0, told.err
    recorded = (ROOT / f"envkit/migrate/api-{DEFAULT_RELEASE}.json").read_text("utf-8")
    assert json.loads(told.out) == json.loads(recorded)
