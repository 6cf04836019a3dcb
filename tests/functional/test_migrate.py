"""Old scripts fail in the real container before `envkit migrate`, and train there after it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.support.account import User
    from tests.support.container_commands import Inside
    from tests.support.workspaces import Envkit

CASES = ROOT / "tests/cases/migrate-scripts"
SCRIPTS = sorted(path.name for path in CASES.glob("*.py"))
# All scripts run in one process, because importing TensorFlow takes longer than all of them together.
RUN_SCRIPT = """
import contextlib, io, json, sys, traceback
outputs = {}
for name, source in json.loads(sys.argv[1]).items():
    stdout = io.StringIO()
    try:
        with contextlib.redirect_stdout(stdout):
            exec(compile(source, name, "exec"), {"__name__": "__main__"})
        outputs[name] = stdout.getvalue()
    except Exception:
        outputs[name] = traceback.format_exc()
print(json.dumps(outputs))
"""


@dataclass(frozen=True, slots=True)
class ScriptRuns:
    """Output of each script before and after the migration, and the migrated source."""

    before: Mapping[str, str]
    after: Mapping[str, str]
    migrated: Mapping[str, str]


@pytest.fixture(scope="module")
def script_runs(user: User, run_folder: Path, run_envkit: Envkit, inside: Inside) -> ScriptRuns:
    folder = user.folder(run_folder / "migrate")
    for name in SCRIPTS:
        (folder / name).write_text((CASES / name).read_text())
        user.own(folder / name, 0o644)
    before = {name: (folder / name).read_text() for name in SCRIPTS}
    first = run_envkit(["migrate", folder, "--write"])
    assert first.code == 0, str(first)
    after = {name: (folder / name).read_text() for name in SCRIPTS}
    second = run_envkit(["migrate", folder, "--write", "--format", "json"])
    assert [file for file in json.loads(second.out)["result"]["files"] if file["rewrites"]] == []
    return ScriptRuns(_run(inside, before), _run(inside, after), after)


def _run(inside: Inside, scripts: Mapping[str, str]) -> Mapping[str, str]:
    result = inside("python", "-c", RUN_SCRIPT, json.dumps(scripts), env={"TF_CPP_MIN_LOG_LEVEL": "3"})
    assert result.code == 0, result.err
    outputs: Mapping[str, str] = json.loads(result.out.splitlines()[-1])
    return outputs


@pytest.mark.proves("old scripts train after `envkit migrate --write`", "real")
def test_scripts_fail_before_and_train_after_migration(script_runs: ScriptRuns) -> None:
    for name in SCRIPTS:
        assert "Traceback" in script_runs.before[name], name
        assert script_runs.after[name] == "trained True\n", script_runs.migrated[name]


def test_strings_are_not_migrated(script_runs: ScriptRuns) -> None:
    docstring = '"""keras.layers.Convolution2D(nb_filter, 3, 3) in a string is a string."""'
    assert docstring in script_runs.migrated["two_backends.py"]
