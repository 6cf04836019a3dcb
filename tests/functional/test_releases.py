"""Another TensorFlow by changing one word: a release of each kernel the catalogue knows comes up and computes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.functional.conftest import FIRST_UP_S

if TYPE_CHECKING:
    from tests.functional.workspaces import Envkit, Workspaces

SAYS = "import sys, tensorflow as tf; print(tf.__version__, '.'.join(map(str, sys.version_info[:2])))"


@pytest.mark.proves("Another release of TensorFlow is one word", "real")
@pytest.mark.parametrize(
    ("version", "python", "suite"),
    [
        pytest.param("2.15.1", "3.11", "bookworm", marks=pytest.mark.whole_image),
        ("2.21.0", "3.13", "trixie"),
    ],
)
def test_another_release_comes_up_and_computes(
    version: str,
    python: str,
    suite: str,
    workspace: Workspaces,
    run_envkit: Envkit,
) -> None:
    project = workspace(f'tensorflow: "{version}"\ngpu: off\n', name=f"release-{version.replace('.', '-')}")
    up = run_envkit(["up"], cwd=project, timeout_s=FIRST_UP_S)
    assert up.code == 0, str(up)
    assert re.search(rf"Proven +TensorFlow {re.escape(version)} computes on CPU", up.out), str(up)
    said = run_envkit(["exec", "python", "-c", SAYS], cwd=project)
    assert said.out == f"{version} {python}\n", str(said)
    release = run_envkit(["exec", "grep", "-E", "^VERSION_CODENAME=", "/etc/os-release"], cwd=project)
    assert release.out == f"VERSION_CODENAME={suite}\n"
    assert run_envkit(["ssh", "true"], cwd=project).code == 0
