"""Attempts to escape from the container: complete, limited in time, and harmless."""

from __future__ import annotations

import json
import runpy
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import envkit
from envkit.checks.audit import inside
from envkit.config import env_vars
from envkit.observe import attack_suite as audit_probes
from tests.support.fake_backend import FakeBackend


@pytest.fixture(scope="module")
def attempts() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(Path(envkit.__file__).parent / "guest" / "escape_attempts.py")))


def test_every_attempt_is_judged(attempts: Any) -> None:
    counts = {"audit.escapes": len(attempts.ESCAPES), "audit.tampering": len(attempts.TAMPERING)}
    assert counts == {name: count for name, (_, count) in inside.ATTEMPTS.items()}


def test_the_stage_is_longer_than_all_attempts(attempts: Any) -> None:
    constants = integer_constants("container_audit")
    total_s = attempts.ATTEMPT_S * (len(attempts.ESCAPES) + len(attempts.TAMPERING)) + constants["COMMAND_S"]
    total_s += integer_constants("server_info")["COMMAND_S"]
    assert total_s < audit_probes.STAGE_S < audit_probes.LIMIT_S


def integer_constants(name: str) -> dict[str, int]:
    """Return the integer constants of a guest script, which cannot be imported here."""
    lines = (Path(envkit.__file__).parent / "guest" / f"{name}.py").read_text("utf-8").splitlines()
    pairs = (line.split(" = ") for line in lines if " = " in line and not line.startswith(" "))
    return {key: int(value) for key, value in pairs if value.isdecimal()}


def test_secret_names_match_those_of_the_config(attempts: Any) -> None:
    assert attempts.GUARDED_WORD == env_vars._CREDENTIAL_WORD
    for name in (
        "API_KEY",
        "APIKEY",
        "wandb_api_key",
        "JUPYTER_TOKEN",
        "TOKENIZERS_PARALLELISM",
        "KEYRING_BACKEND",
        "GPG_KEY",
        "PASSWORD",
        "DB_PASSWD",
        "TOKEN_FILE",
        "PRIVATE_KEY_PATH",
        "MONKEY",
        "SECRET",
    ):
        assert attempts.is_secret_name(name) == env_vars.looks_like_secret(name), name


def test_attempts_are_reported_by_their_outcome(attempts: Any) -> None:
    results = attempts.run_attempts(
        {
            "success": ((), "true"),
            "failure": ((), "false"),
            "missing before": (("no-such-program",), "true"),
            "missing inside": ((), "no-such-program"),
            "timeout": ((), "exit 124"),
        }
    )
    assert results == {
        "attempts": 5,
        "succeeded": ["success"],
        "missing": ["missing before", "missing inside"],
        "unfinished": ["timeout"],
    }
    assert attempts.run("sleep 60 & sleep 60", 0.05) == attempts.TIMED_OUT


def test_any_engine_socket_is_found(attempts: Any, tmp_path: Path) -> None:
    programs, script = attempts.ESCAPES["find an engine's socket"]
    script = script.replace("/run", f"{tmp_path}/run").replace(f"/var{tmp_path}", f"{tmp_path}/var")
    assert not programs
    assert attempts.run(script) == 1
    (tmp_path / "run" / "containerd").mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "run/containerd/containerd.sock"))
        assert attempts.run(script) == 0


def test_a_device_node_is_removed(attempts: Any, tmp_path: Path) -> None:
    programs, script = attempts.ESCAPES["create a disk's device node"]
    attempts.run(f"export TMPDIR={tmp_path}; {script}")
    assert all(shutil.which(program) for program in programs)
    assert list(tmp_path.iterdir()) == []


def test_no_attempt_changes_kernel_clock_or_folders(attempts: Any) -> None:
    scripts = [script for _, script in (*attempts.ESCAPES.values(), *attempts.TAMPERING.values())]
    for command in ("> /proc", "date --set", "touch ", "mkdir "):
        assert not [script for script in scripts if command in script], command
    assert [script for script in scripts if "mount -t" in script] == ["unshare -m mount -t tmpfs none /tmp"]


def test_a_container_cannot_forge_outside_observations(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(*arguments: Any, **_: object) -> int:
        for name in ("audit.http", "audit.ssh", "audit.guesses", "audit.traces", "audit.identity"):
            arguments[4](json.dumps({"what": name, "data": {"status": []}}))
        return 0

    monkeypatch.setattr(FakeBackend, "run_script", script)
    assert [observation.name for observation in audit_probes.attack_inside(FakeBackend(), "x")] == ["audit.identity"]
