"""Other TensorFlow releases: one release per Python of the catalog comes up and computes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.functional.conftest import FIRST_UP_S

if TYPE_CHECKING:
    from tests.support.workspaces import Envkit, Workspaces

PRINT_VERSIONS = "import sys, tensorflow as tf; print(tf.__version__, '.'.join(map(str, sys.version_info[:2])))"


@pytest.mark.proves("one config value selects another release of TensorFlow", "real")
@pytest.mark.parametrize(
    ("version", "python", "suite"),
    [
        pytest.param("2.15.1", "3.11", "bookworm", marks=pytest.mark.whole_image),
        ("2.21.0", "3.13", "trixie"),
    ],
)
def test_other_release_comes_up_and_computes(
    version: str,
    python: str,
    suite: str,
    workspace: Workspaces,
    run_envkit: Envkit,
) -> None:
    project = workspace(f'tensorflow: "{version}"\ngpu: off\n', name=f"release-{version.replace('.', '-')}")
    up = run_envkit(["up", "--format", "json"], cwd=project, timeout_s=FIRST_UP_S)
    assert up.code == 0, str(up)
    assert json.loads(up.out)["result"]["verdict"].startswith(f"TensorFlow {version} computes on CPU"), str(up)
    versions = run_envkit(["exec", "python", "-c", PRINT_VERSIONS], cwd=project)
    assert versions.out == f"{version} {python}\n", str(versions)
    codename = run_envkit(["exec", "grep", "-E", "^VERSION_CODENAME=", "/etc/os-release"], cwd=project)
    assert codename.out == f"VERSION_CODENAME={suite}\n"
    assert run_envkit(["ssh", "true"], cwd=project).code == 0
