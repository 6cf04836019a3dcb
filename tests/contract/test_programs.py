"""Programs run inside: their codes, what they read and print, their end, and the log of the first of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from envkit.backends.docker import container_exec, containers, fast_exec
from envkit.errors import EngineError
from tests.contract.conftest import said

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envkit.backends.docker.client import Engine
    from envkit.model.run import RunPlan


@pytest.mark.parametrize("code", [0, 3, 255])
def test_a_scripts_exit_code_is_kept(engine: Engine, standing: RunPlan, code: int) -> None:
    assert said(engine, standing, f"exit {code}") == (code, [])


def test_a_script_reads_300_kb_and_its_end(engine: Engine, standing: RunPlan) -> None:
    assert said(engine, standing, "wc -c", "x" * 300_000) == (0, ["300000"])


def test_lines_come_whole_and_without_what_goes_to_stderr(engine: Engine, standing: RunPlan) -> None:
    text = "".join(f"{number} {'ü' * 50}\n" for number in range(5000))
    assert said(engine, standing, "cat; echo not this >&2", text) == (0, text.splitlines())


def test_a_script_in_a_container_that_is_gone_is_an_engines_error(engine: Engine, plan: Callable[..., RunPlan]) -> None:
    with pytest.raises(EngineError, match="No such container"):
        said(engine, plan(), "true")


def test_a_program_that_is_not_there_ends_as_in_a_shell(engine: Engine, standing: RunPlan) -> None:
    assert container_exec.run_script(engine, standing.name, ["/bin/missing"], "", lambda _: None, limit_s=60) in {
        126,
        127,
    }


@pytest.mark.parametrize("script", ["exec sleep 987", "trap '' TERM; exec sleep 987"], ids=["ends", "will not end"])
def test_a_script_that_never_ends_is_ended(
    engine: Engine,
    standing: RunPlan,
    script: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(container_exec, "KILL_GRACE_S", 1)
    with pytest.raises(container_exec.TimeLimitExceeded, match="longer than 1 s"):
        container_exec.run_script(engine, standing.name, ["/bin/sh", "-c", script], "", lambda _: None, limit_s=1)
    assert "sleep 987" not in str(engine.api.top(standing.name))


def test_nobody_waits_for_what_a_script_left_running_with_its_output(
    engine: Engine,
    running: RunPlan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(container_exec, "KILL_GRACE_S", 1)
    lines: list[str] = []
    # Out of the script's process group, it keeps the output open.
    script = f"{container_exec.TIMEOUT} 60 sleep 60 & echo said; wait"
    with pytest.raises(container_exec.TimeLimitExceeded):
        container_exec.run_script(engine, running.name, ["/bin/sh", "-c", script], "", lines.append, limit_s=1)
    assert lines == ["said"]


def test_a_program_without_the_sdk_gets_and_gives_every_byte_and_its_code(
    engine: Engine,
    standing: RunPlan,
    tmp_path: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    text = bytes(range(256)) * 1000
    (tmp_path / "typed").write_bytes(text)
    kept = os.dup(0)
    try:
        with (tmp_path / "typed").open("rb") as typed:
            os.dup2(typed.fileno(), 0)
        code = fast_exec.run_raw(engine.endpoint, standing.name, ["/bin/sh", "-c", "cat; echo no >&2; exit 3"])
    finally:
        os.dup2(kept, 0)
        os.close(kept)
    assert (code, *capfdbinary.readouterr()) == (3, text, b"no\n")


def test_without_the_sdk_nothing_is_started_in_a_container_that_is_gone(
    engine: Engine, plan: Callable[..., RunPlan]
) -> None:
    assert fast_exec.run_raw(engine.endpoint, plan().name, ["/bin/sh"]) is None


def test_programs_run_as_the_plans_user(engine: Engine, standing: RunPlan) -> None:
    assert said(engine, standing, "id -u; id -g") == (0, ["4242", "4343"])


def test_a_log_that_is_followed_ends_with_its_container(engine: Engine, running: RunPlan) -> None:
    seen = b""
    for chunk in containers.logs(engine, running.name, follow=True):
        seen += chunk
        if seen.count(b"\n") == 3:
            engine.api.kill(running.name)
    whole = b"".join(containers.logs(engine, running.name))
    assert sorted(seen.splitlines()) == sorted(whole.splitlines()) == [b"one", b"three", b"two"]
    assert len(b"".join(containers.logs(engine, running.name, lines=2)).splitlines()) == 2


def test_the_log_of_a_container_that_is_gone_is_an_engines_error(engine: Engine, plan: Callable[..., RunPlan]) -> None:
    with pytest.raises(EngineError, match="No such container"):
        list(containers.logs(engine, plan().name))
