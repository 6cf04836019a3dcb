"""`envkit migrate` on old scripts: they fail in the real container as they are, and train there after it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.functional.account import User
    from tests.functional.inside import Inside
    from tests.functional.workspaces import Envkit

CASES = ROOT / "tests/cases/migrate-scripts"
SCRIPTS = sorted(path.name for path in CASES.glob("*.py"))
# All in one process, since importing TensorFlow takes longer than all of them together.
RUN = """
import contextlib, io, json, sys, traceback
ended = {}
for name, source in json.loads(sys.argv[1]).items():
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            exec(compile(source, name, "exec"), {"__name__": "__main__"})
        ended[name] = said.getvalue()
    except Exception:
        ended[name] = traceback.format_exc()
print(json.dumps(ended))
"""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of each script, before and after, and what was left of it."""

    before: Mapping[str, str]
    after: Mapping[str, str]
    migrated: Mapping[str, str]


@pytest.fixture(scope="module")
def outcomes(user: User, place: Path, run_envkit: Envkit, inside: Inside) -> Outcomes:
    folder = user.folder(place / "migrate")
    for name in SCRIPTS:
        (folder / name).write_text((CASES / name).read_text())
        user.own(folder / name, 0o644)
    before = {name: (folder / name).read_text() for name in SCRIPTS}
    ran = run_envkit(["migrate", folder, "--write"])
    assert ran.code == 0, str(ran)
    after = {name: (folder / name).read_text() for name in SCRIPTS}
    again = run_envkit(["migrate", folder, "--write", "--format", "json"])
    assert [one for one in json.loads(again.out)["result"]["files"] if one["rewrites"]] == []
    return Outcomes(_run(inside, before), _run(inside, after), after)


def _run(inside: Inside, scripts: Mapping[str, str]) -> Mapping[str, str]:
    said = inside("python", "-c", RUN, json.dumps(scripts), env={"TF_CPP_MIN_LOG_LEVEL": "3"})
    assert said.code == 0, said.err
    ended: Mapping[str, str] = json.loads(said.out.splitlines()[-1])
    return ended


@pytest.mark.proves("old scripts train after `envkit migrate --write`", "real")
@pytest.mark.parametrize("name", SCRIPTS)
def test_an_old_script_fails_before_and_trains_after(outcomes: Outcomes, name: str) -> None:
    assert "Traceback" in outcomes.before[name]
    assert outcomes.after[name] == "trained True\n", outcomes.migrated[name]


def test_what_is_a_string_stays_one(outcomes: Outcomes) -> None:
    said = '"""keras.layers.Convolution2D(nb_filter, 3, 3) in a string is a string."""'
    assert said in outcomes.migrated["two_backends.py"]
