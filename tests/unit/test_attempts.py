"""The attempts from inside: as many as are judged, in limited time, and harmless."""

from __future__ import annotations

import json
import runpy
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

import envkit
from envkit.backends.docker import container_exec
from envkit.checks.audit import inside
from envkit.config import env_vars
from envkit.observe import attack_suite as audit_probes

if TYPE_CHECKING:
    from envkit.backends.docker.client import Engine


@pytest.fixture(scope="module")
def attempts() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(Path(envkit.__file__).parent / "guest" / "escape_attempts.py")))


def test_as_many_attempts_are_made_as_are_judged(attempts: Any) -> None:
    made = {"audit.escapes": len(attempts.ESCAPES), "audit.tampering": len(attempts.TAMPERING)}
    assert made == {what: count for what, (_, count) in inside.ATTEMPTS.items()}


def test_all_attempts_fit_into_their_time(attempts: Any) -> None:
    looks = runpy_constants("container_audit")
    longest = (
        attempts.ATTEMPT_S * (len(attempts.ESCAPES) + len(attempts.TAMPERING)) + looks["FIND_S"] + looks["COMMAND_S"]
    )
    longest += runpy_constants("server_info")["COMMAND_S"]
    assert longest < audit_probes.STAGE_S < audit_probes.LIMIT_S


def runpy_constants(name: str) -> dict[str, int]:
    """Return the whole numbers at the top of a guest script, which cannot be imported here."""
    lines = (Path(envkit.__file__).parent / "guest" / f"{name}.py").read_text("utf-8").splitlines()
    pairs = (line.split(" = ") for line in lines if " = " in line and not line.startswith(" "))
    return {key: int(value) for key, value in pairs if value.isdecimal()}


@pytest.mark.parametrize(
    "name",
    [
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
    ],
)
def test_a_secret_is_called_the_same_inside_and_in_the_config(attempts: Any, name: str) -> None:
    assert attempts.GUARDED_WORD == env_vars._CREDENTIAL_WORD
    assert attempts.is_secret_name(name) == env_vars.looks_like_secret(name)


def test_attempts_are_told_by_how_they_ended(attempts: Any) -> None:
    seen = attempts.run_attempts(
        {
            "one": ((), "true"),
            "two": ((), "false"),
            "three": (("no-such-program",), "true"),
            "four": ((), "no-such-program"),
            "five": ((), "exit 124"),
        }
    )
    assert seen == {"tried": 5, "succeeded": ["one"], "missing": ["three", "four"], "unfinished": ["five"]}
    assert attempts.run("sleep 60 & sleep 60", 0.05) == attempts.TIMED_OUT


def test_one_engine_socket_of_several_is_found(attempts: Any, tmp_path: Path) -> None:
    programs, script = attempts.ESCAPES["find an engine's socket"]
    script = script.replace("/run", f"{tmp_path}/run").replace(f"/var{tmp_path}", f"{tmp_path}/var")
    assert not programs
    assert attempts.run(script) == 1
    (tmp_path / "run" / "containerd").mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "run/containerd/containerd.sock"))
        assert attempts.run(script) == 0


def test_an_attempt_to_make_a_device_leaves_nothing(attempts: Any, tmp_path: Path) -> None:
    programs, script = attempts.ESCAPES["make a disk's device"]
    attempts.run(f"export TMPDIR={tmp_path}; {script}")
    assert all(shutil.which(one) for one in programs)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("harm", ["> /proc", "date --set", "touch ", "mkdir "])
def test_no_attempt_changes_the_kernel_the_clock_or_a_folder(attempts: Any, harm: str) -> None:
    scripts = [script for _, script in (*attempts.ESCAPES.values(), *attempts.TAMPERING.values())]
    assert not [script for script in scripts if harm in script]
    assert [script for script in scripts if "mount -t" in script] == ["unshare -m mount -t tmpfs none /tmp"]


def test_a_container_cannot_tell_what_was_seen_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(*given: Any, **_: object) -> int:
        for what in ("audit.http", "audit.ssh", "audit.guesses", "audit.traces", "audit.identity"):
            given[4](json.dumps({"what": what, "data": {"status": []}}))
        return 0

    monkeypatch.setattr(container_exec, "run_script", script)
    assert [one.name for one in audit_probes.attack_inside(cast("Engine", None), "x")] == ["audit.identity"]
