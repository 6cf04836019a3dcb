"""The built wheel works without the checkout."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from envkit import __version__
from tests.support.wheel_install import WHEEL_PATTERN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.functional.conftest import SharedEnvironment
    from tests.support.account import User
    from tests.support.workspaces import Envkit, Workspaces


@pytest.mark.usefixtures("run_envkit")
def test_wheel_contains_all_templates_and_guest_scripts(run_folder: Path, root: Path) -> None:
    (wheel,) = (run_folder / "wheel").glob(WHEEL_PATTERN)
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if not name.endswith("/")}
    for folder, packed_folder in (("templates", "envkit/templates"), ("envkit/guest", "envkit/guest")):
        files = (path.relative_to(root / folder) for path in (root / folder).rglob("*") if path.is_file())
        expected = {f"{packed_folder}/{path}" for path in files if "__pycache__" not in path.parts}
        assert expected <= packed
    assert {"envkit/catalog.yaml", "envkit/py.typed"} <= packed
    assert not [name for name in packed if name.startswith("tests/") or "__pycache__" in name]


@pytest.mark.proves("with an engine, `pip install` of the wheel is the only installation step", "real")
def test_envkit_runs_from_the_wheel_alone(
    run_envkit: Envkit, user: User, workspace: Workspaces, run_folder: Path, shared_env: SharedEnvironment
) -> None:
    python = run_envkit.program.parent / "python"
    location = user.run([python, "-c", "import envkit; print(envkit.__file__)"], cwd=run_folder)
    assert location.out.startswith(f"{run_folder}/venv/"), str(location)
    assert run_envkit(["version"]).out == f"envkit {__version__}\n"
    project = workspace(name="rendered")  # the configuration file is optional
    rendered = run_envkit(["render", "--output", "out"], cwd=project)
    assert rendered.code == 0, str(rendered)
    assert (project / "out/Dockerfile").read_text().count("\nFROM ") == 1
    assert shared_env.up.code == 0
