"""Programs in a container: exit codes, stdin and output, time limits, and the container's log."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from envkit.backends.docker import container_exec, containers, exec_interrupt, fast_exec
from envkit.errors import EngineError, ExitCode, TerminatedBySignal, TimeLimitExceeded
from tests.contract.conftest import run_script
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envkit.backends.docker.client import Engine
    from envkit.model.run import RunPlan


@pytest.mark.parametrize("code", [0, 3, 255])
def test_the_exit_code_of_a_script_is_returned(engine: Engine, shared: RunPlan, code: int) -> None:
    assert run_script(engine, shared, f"exit {code}") == (code, [])


def test_a_script_reads_300_kb_of_stdin(engine: Engine, shared: RunPlan) -> None:
    assert run_script(engine, shared, "wc -c", "x" * 300_000) == (0, ["300000"])


def test_lines_are_complete_and_exclude_stderr(engine: Engine, shared: RunPlan) -> None:
    text = "".join(f"{number} {'ü' * 50}\n" for number in range(5000))
    assert run_script(engine, shared, "cat; echo not this >&2", text) == (0, text.splitlines())


def test_a_script_in_a_missing_container_fails(engine: Engine, plan: Callable[..., RunPlan]) -> None:
    with pytest.raises(EngineError, match="No such container"):
        run_script(engine, plan(), "true")


def test_a_missing_program_has_the_exit_code_of_a_shell(engine: Engine, shared: RunPlan) -> None:
    assert container_exec.run_script(engine, shared.name, ["/bin/missing"], "", lambda _: None, limit_s=60) in {
        126,
        127,
    }


@pytest.mark.parametrize(
    "script", ["exec sleep 987", "trap '' TERM; exec sleep 987"], ids=["ends at SIGTERM", "ignores SIGTERM"]
)
def test_an_endless_script_is_ended(
    engine: Engine,
    shared: RunPlan,
    script: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(container_exec, "KILL_GRACE_S", 1)
    with pytest.raises(TimeLimitExceeded, match="longer than 1 s") as error:
        container_exec.run_script(engine, shared.name, ["/bin/sh", "-c", script], "", lambda _: None, limit_s=1)
    assert error.value.code == "script-timeout"
    assert "sleep 987" not in str(engine.api.top(shared.name))


def test_a_background_process_is_not_waited_for(
    engine: Engine,
    running: RunPlan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(container_exec, "KILL_GRACE_S", 1)
    lines: list[str] = []
    # A process of another process group keeps the output open.
    script = f"{container_exec.TIMEOUT} 60 sleep 60 & echo printed; wait"
    with pytest.raises(TimeLimitExceeded):
        container_exec.run_script(engine, running.name, ["/bin/sh", "-c", script], "", lines.append, limit_s=1)
    assert lines == ["printed"]


def test_without_the_sdk_all_bytes_are_copied(
    engine: Engine,
    shared: RunPlan,
    tmp_path: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    text = bytes(range(256)) * 1000
    (tmp_path / "stdin").write_bytes(text)
    saved_stdin = os.dup(0)
    try:
        with (tmp_path / "stdin").open("rb") as stdin:
            os.dup2(stdin.fileno(), 0)
        code = fast_exec.run_raw(engine.endpoint, shared.name, ["/bin/sh", "-c", "cat; echo no >&2; exit 3"])
    finally:
        os.dup2(saved_stdin, 0)
        os.close(saved_stdin)
    assert (code, *capfdbinary.readouterr()) == (3, text, b"no\n")


def test_without_the_sdk_a_missing_container_is_none(engine: Engine, plan: Callable[..., RunPlan]) -> None:
    assert fast_exec.run_raw(engine.endpoint, plan().name, ["/bin/sh"]) is None


def test_programs_run_as_the_user_of_the_plan(engine: Engine, shared: RunPlan) -> None:
    assert run_script(engine, shared, "id -u; id -g") == (0, ["4242", "4343"])


def test_a_followed_log_ends_with_its_container(engine: Engine, running: RunPlan) -> None:
    followed = b""
    for chunk in containers.logs(engine, running.name, follow=True):
        followed += chunk
        if followed.count(b"\n") == 3:
            engine.api.kill(running.name)
    log = b"".join(containers.logs(engine, running.name))
    assert sorted(followed.splitlines()) == sorted(log.splitlines()) == [b"one", b"three", b"two"]
    assert len(b"".join(containers.logs(engine, running.name, lines=2)).splitlines()) == 2


def test_the_log_of_a_missing_container_fails(engine: Engine, plan: Callable[..., RunPlan]) -> None:
    with pytest.raises(EngineError, match="No such container"):
        list(containers.logs(engine, plan().name))


def interrupted_run(engine: Engine, run: RunPlan, script: str, error: type[BaseException], *args: Any) -> None:
    """Run a script and raise an error at its first line of output, as a signal handler does."""

    def interrupt(_: str) -> None:
        raise error(*args)

    with pytest.raises(error):
        container_exec.run_script(engine, run.name, ["/bin/sh", "-c", script], "", interrupt, limit_s=60)


def processes_end(engine: Engine, run: RunPlan, text: str) -> None:
    wait_until(lambda: text not in str(engine.api.top(run.name)), f"{text} ends")


def test_an_interrupted_client_ends_its_program(
    engine: Engine, running: RunPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exec_interrupt, "GRACE_S", 2)
    start_error = TerminatedBySignal, ExitCode.TERMINATED
    interrupted_run(engine, running, "sleep 931 & echo started; sleep 931", KeyboardInterrupt)
    interrupted_run(engine, running, "sleep 931 & echo started; sleep 931", *start_error)
    interrupted_run(engine, running, "trap '' INT TERM; sleep 931 & echo started; sleep 931", *start_error)
    processes_end(engine, running, "sleep 931")


def test_a_program_that_has_ended_keeps_its_background_processes(engine: Engine, running: RunPlan) -> None:
    assert container_exec.run_attached(engine, running.name, ["/bin/sh", "-c", "sleep 932 &"], tty=False) == 0
    interrupted_run(engine, running, "echo started; sleep 933", KeyboardInterrupt)
    processes_end(engine, running, "sleep 933")
    assert "sleep 932" in str(engine.api.top(running.name))
