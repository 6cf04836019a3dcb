"""What is asked often is answered without the machinery that reads a whole command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from envkit import __version__
from envkit.cli import fast_path
from envkit.commands import ssh_proxy
from envkit.environment import up_cache
from envkit.environment.results import UpResult
from envkit.errors import ExitCode
from envkit.model.report import Report

HEAVY = {"typer", "pydantic", "jinja2", "yaml", "docker"}
LATER = {
    "envkit.checks",
    "envkit.environment.verify",
    "envkit.environment.remote.ports",
    "envkit.environment.remote.sync",
    "envkit.backends.docker.buildx",
    "envkit.backends.docker.images",
    "envkit.netrc",
    "packaging",
}
SETTLED = Report(
    "up",
    "vision",
    UpResult(
        name="vision",
        url="http://127.0.0.1:8888/lab",
        tensorboard="",
        ssh_host="envkit-1000-vision",
        workspace="/home/ana/vision",
        verdict="TensorFlow 2.9.0 computes on CPU",
    ),
)


@pytest.mark.parametrize("arguments", [["version"], ["--version"]])
def test_the_version_is_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert (fast_path.try_run(arguments), capsys.readouterr().out) == (0, f"envkit {__version__}\n")


@pytest.mark.parametrize("arguments", [["up"], ["up", "-q"], ["up", "--quiet"]])
def test_an_up_with_nothing_to_do_is_answered(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(up_cache, "lookup", lambda start, flags: SETTLED if (start, flags) == (Path(), {}) else None)
    assert fast_path.try_run(arguments) == ExitCode.OK
    assert capsys.readouterr().out.startswith("vision was up already, nothing changed\n")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["up"],
        ["up", "--format", "json"],
        ["up", "--gpu"],
        ["up", "-q", "--quiet"],
        ["upp"],
        ["version", "--format"],
    ],
)
def test_anything_else_is_for_the_ordinary_road(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(up_cache, "lookup", lambda *_: None)
    assert (fast_path.try_run(arguments), capsys.readouterr().out) == (None, "")


@pytest.mark.parametrize(("said", "code"), [(["ssh-proxy", "envkit-1000-a"], 7), (["ssh-proxy", "other"], None)])
def test_a_login_to_what_plainly_runs_is_answered(
    said: list[str], code: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh_proxy, "ssh_proxy", lambda container: 7 if container == "envkit-1000-a" else None)
    assert fast_path.try_run(said) == code


@pytest.mark.parametrize("arguments", [["ssh-proxy"], ["ssh-proxy", "--help"], ["ssh-proxy", "a", "b"]])
def test_more_than_a_name_is_for_the_ordinary_road(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh_proxy, "ssh_proxy", lambda _: 7)
    assert fast_path.try_run(arguments) is None


@pytest.mark.parametrize("arguments", [["up"], ["ssh-proxy", "envkit-1000-a"]], ids=" ".join)
def test_nothing_heavy_is_loaded_to_see_that_nothing_changed_or_to_log_in(arguments: list[str], tmp_path: Path) -> None:
    program = f"import sys; from envkit.cli import fast_path, main; print(fast_path.try_run({arguments}), *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={
            "HOME": str(tmp_path),
            "PYTHONPATH": str(Path(up_cache.__file__).parents[2]),
            "DOCKER_HOST": f"unix://{tmp_path}/none",
        },
    )
    first, *loaded = done.stdout.split()
    assert (first, HEAVY & set(loaded)) == ("None", set())


def test_the_climb_loads_neither_what_builds_nor_what_judges() -> None:
    program = "import sys, envkit.environment.converge; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "envkit.environment.execute" in loaded
    assert LATER & set(loaded) == set()
