"""`envkit doctor` and `envkit probe` on the real machine."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from tests.functional.processes import ended

if TYPE_CHECKING:
    from tests.functional.account import User
    from tests.functional.conftest import SharedEnvironment
    from tests.functional.workspaces import Envkit, Workspaces


@pytest.mark.proves("`doctor` names what a host lacks, with the command that hints it", "real")
def test_this_machine_is_looked_at_before_anything_runs(run_envkit: Envkit, workspace: Workspaces) -> None:
    done = run_envkit(["doctor", "--format", "json"], cwd=workspace("gpu: off"))
    found = {one["check"]: one for one in json.loads(done.out)["findings"]}
    assert done.code == 0, str(done)
    assert found["host/engine"]["status"] == "passed"
    assert "API 1." in found["host/engine"]["detail"]
    assert {"host/disk", "host/memory", "host/registry", "host/mirror", "host/index", "host/clock"} <= set(found)
    assert all(one["detail"] for one in found.values())


def test_without_an_engine_the_doctor_says_so_and_looks_on(run_envkit: Envkit, workspace: Workspaces) -> None:
    done = run_envkit(
        ["doctor", "--format", "json"],
        cwd=workspace("gpu: off"),
        env={"DOCKER_HOST": "unix:///nowhere.sock"},
    )
    found = {one["check"]: one for one in json.loads(done.out)["findings"]}
    assert done.code == 1, str(done)
    assert (found["host/engine"]["status"], found["host/memory"]["status"]) == ("failed", "passed")
    assert found["host/engine"]["hint"]


def test_a_gpu_that_is_insisted_on_and_missing_is_named_before_a_pull(
    run_envkit: Envkit, workspace: Workspaces
) -> None:
    done = run_envkit(["doctor", "--gpu", "--format", "json"], cwd=workspace("gpu: off"))
    (gpu,) = [one for one in json.loads(done.out)["findings"] if one["check"].startswith("gpu/")]
    assert (done.code, gpu["status"], bool(gpu["hint"])) == (5, "failed", True)


def test_what_is_safe_is_mended_without_a_question(
    run_envkit: Envkit, shared_env: SharedEnvironment, user: User
) -> None:
    folder = user.home / ".local/state/envkit/local"
    folder.chmod(0o755)
    try:
        done = run_envkit(["doctor", "--fix", "--format", "json"], cwd=shared_env.project)
        assert json.loads(done.out)["result"]["fixed"] == ["host/state"], str(done)
        assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        folder.chmod(0o700)


@pytest.mark.proves("`probe` looks at every layer from the device nodes to an operation", "real")
def test_an_environment_is_probed_again(run_envkit: Envkit, shared_env: SharedEnvironment, user: User) -> None:
    junit = user.home / "probe.xml"
    done = run_envkit(
        ["probe", "--format", "json", "--junit", junit, "--project", shared_env.project],
        timeout_s=120,
    )
    found = {one["check"]: one["status"] for one in json.loads(done.out)["findings"]}
    assert (done.code, found["tensorflow/computes"]) == (0, "passed")
    assert 'name="tensorflow/computes"' in junit.read_text()


def test_a_probe_that_watches_tells_what_changes_until_it_is_interrupted(
    run_envkit: Envkit, shared_env: SharedEnvironment
) -> None:
    with run_envkit.start(["probe", "shared", "--watch", "0.5", "--quiet"]) as process:
        assert process.stdout is not None
        told = next(line for line in process.stdout if line.startswith("skipped  gpu/nodes-open: "))
        process.send_signal(signal.SIGINT)
        ran = ended(process)
    assert "no GPU" in told
    assert (ran.code, "gpu/nodes-missing" in ran.out, ran.err) == (130, False, ""), str(ran)


def test_a_gpu_that_is_insisted_on_fails_the_probe(run_envkit: Envkit, shared_env: SharedEnvironment) -> None:
    done = run_envkit(["probe", "shared", "--gpu"], timeout_s=120)
    assert done.code == 5, str(done)
    assert "gpu/" in done.out


def test_what_does_not_run_is_not_probed(run_envkit: Envkit, workspace: Workspaces) -> None:
    done = run_envkit(["probe", "--project", workspace("gpu: off")])
    assert (done.code, "envkit up" in done.err) == (2, True), str(done)
