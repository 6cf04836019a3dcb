"""The built wheel, installed away from the checkout, is all a user with an engine needs."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from envkit import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from tests.functional.account import User
    from tests.functional.conftest import SharedEnvironment
    from tests.functional.workspaces import Envkit, Workspaces


def test_the_wheel_holds_every_template_and_guest_script_of_the_checkout(
    run_envkit: Envkit, place: Path, root: Path
) -> None:
    (wheel,) = (place / "wheel").glob("envkit-*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if not name.endswith("/")}
    for folder, inside in (("templates", "envkit/templates"), ("envkit/guest", "envkit/guest")):
        files = (path.relative_to(root / folder) for path in (root / folder).rglob("*") if path.is_file())
        wanted = {f"{inside}/{path}" for path in files if "__pycache__" not in path.parts}
        assert wanted <= packed
    assert {"envkit/catalog.yaml", "envkit/py.typed"} <= packed
    assert not [name for name in packed if name.startswith("tests/") or "__pycache__" in name]


@pytest.mark.proves("`pip install` of the wheel is all a user with an engine needs", "real")
def test_envkit_runs_from_the_wheel_alone(
    run_envkit: Envkit, user: User, workspace: Workspaces, place: Path, shared_env: SharedEnvironment
) -> None:
    python = run_envkit.program.parent / "python"
    where = user.run([python, "-c", "import envkit; print(envkit.__file__)"], cwd=place)
    assert where.out.startswith(f"{place}/venv/"), str(where)
    assert run_envkit(["version"]).out == f"envkit {__version__}\n"
    project = workspace(name="rendered")  # no config at all is a good one
    rendered = run_envkit(["render", "--output", "out"], cwd=project)
    assert rendered.code == 0, str(rendered)
    assert (project / "out/Dockerfile").read_text().count("\nFROM ") == 1
    assert shared_env.up.code == 0
