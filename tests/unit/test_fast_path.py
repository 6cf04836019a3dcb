"""Fast path of the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import __version__
from envkit.cli import fast_path
from envkit.cli.output import messages
from envkit.commands import ssh_proxy
from envkit.environment import up_cache
from envkit.environment.results import UpResult
from envkit.errors import ExitCode

if TYPE_CHECKING:
    import pytest

SLOW_MODULES = {"typer", "pydantic", "jinja2", "yaml", "docker"}
LAZY_MODULES = {
    "envkit.checks",
    "envkit.environment.verify",
    "envkit.environment.remote.ports",
    "envkit.environment.remote.sync",
    "envkit.backends.docker.buildx",
    "envkit.backends.docker.images",
    "envkit.netrc",
    "packaging",
    "docker",  # `connect` loads it
}
# What an unchanged `up` does without. Each of these, or what it imports, takes some milliseconds.
UP_MODULES = {"typing", "pathlib", "dataclasses", "http.client", "subprocess", "threading", "urllib", "ssl", "shutil"}
UNCHANGED = UpResult(
    name="vision",
    url="http://127.0.0.1:8888/lab",
    tensorboard="",
    ssh_host="envkit-1000-vision",
    workspace="/home/ana/vision",
    verdict="TensorFlow 2.9.0 computes on CPU",
    notes=("a note",),
)


def test_version_takes_the_fast_path(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["version"], ["--version"]):
        result = fast_path.try_run(arguments), capsys.readouterr().out
        assert result == (0, f"envkit {__version__}\n"), arguments


def test_unchanged_up_takes_the_fast_path(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fields = json.loads(json.dumps(asdict(UNCHANGED)))
    monkeypatch.setattr(
        up_cache, "find_result", lambda start, flags, _endpoint: fields if (start, flags) == (".", {}) else None
    )
    for arguments in (["up"], ["up", "-q"], ["up", "--quiet"]):
        assert fast_path.try_run(arguments) == ExitCode.OK, arguments
        assert capsys.readouterr().out == messages.up(UNCHANGED) + "\n", arguments


def test_other_commands_need_the_ordinary_parser(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(up_cache, "find_result", lambda *_: None)
    for arguments in (
        [],
        ["up"],
        ["up", "--format", "json"],
        ["up", "--gpu"],
        ["up", "-q", "--quiet"],
        ["upp"],
        ["version", "--format"],
    ):
        assert (fast_path.try_run(arguments), capsys.readouterr().out) == (None, ""), arguments


def test_login_to_a_running_container_takes_the_fast_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh_proxy, "fast_ssh_proxy", lambda container: 7 if container == "envkit-1000-a" else None)
    for arguments, exit_code in (
        (["ssh-proxy", "envkit-1000-a"], 7),
        (["ssh-proxy", "other"], None),
    ):
        assert fast_path.try_run(arguments) == exit_code, arguments
    monkeypatch.setattr(ssh_proxy, "fast_ssh_proxy", lambda _: 7)
    for arguments in (["ssh-proxy"], ["ssh-proxy", "--help"], ["ssh-proxy", "a", "b"]):
        assert fast_path.try_run(arguments) is None, arguments


def test_fast_path_loads_no_slow_modules(tmp_path: Path) -> None:
    for arguments, slow_modules in (
        (["up"], SLOW_MODULES | UP_MODULES),
        (["ssh-proxy", "envkit-1000-a"], SLOW_MODULES),
    ):
        program = (
            "import sys; from envkit.cli import fast_path, main, signals;"
            f"print(fast_path.try_run({arguments}), *sys.modules)"
        )
        process = subprocess.run(
            [sys.executable, "-S", "-c", program],  # a site may load modules for other packages
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
        exit_code, *modules = process.stdout.split()
        assert (exit_code, slow_modules & set(modules)) == ("None", set()), arguments


def test_converge_loads_no_build_or_check_modules() -> None:
    program = "import sys, envkit.environment.converge; print(*sys.modules)"
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    modules = set(process.stdout.split())
    assert "envkit.environment.execute" in modules
    assert LAZY_MODULES & modules == set()
