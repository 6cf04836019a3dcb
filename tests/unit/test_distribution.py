"""The unrelated package `envkit` on the index is noticed where it is installed over this one."""

from __future__ import annotations

import pathlib
import re
from typing import TYPE_CHECKING

from envkit import distribution
from envkit.checks import host
from envkit.cli import fast_path
from envkit.model.report import Observation, Verdict
from tests.support.host_observations import HEALTHY

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ROOT = pathlib.Path(__file__).parents[2]


def test_foreign_package_is_found_by_its_metadata(tmp_path: Path) -> None:
    (tmp_path / "tf_envkit-0.1.0.dist-info").mkdir()
    assert distribution.foreign_version(tmp_path) == ""
    (tmp_path / "envkit-3.2.dist-info").mkdir()
    assert distribution.foreign_version(tmp_path) == "3.2"


def test_version_warns_of_the_foreign_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(distribution, "foreign_version", lambda: "3.2")
    assert fast_path.try_run(["version"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("envkit ")
    assert "3.2" in printed.err
    assert "tf-envkit" in printed.err


def test_distribution_is_not_called_envkit() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    assert re.findall(r'^name = "(.+?)"', text, re.MULTILINE)[0] == distribution.NAME


def test_doctor_warns_of_the_foreign_package() -> None:
    observations = [Observation(name, data) for name, data in HEALTHY.items()]
    observations.append(Observation("host.distribution", {"foreign": "3.2"}))
    findings = {finding.check: finding for finding in host.check(observations)}
    assert findings["host/distribution"].status is Verdict.WARNED
    assert "3.2" in findings["host/distribution"].detail
