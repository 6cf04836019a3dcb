"""`doctor` and `probe` on a real host."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.envkit_process import wait_for_exit

if TYPE_CHECKING:
    from tests.functional.conftest import SharedEnvironment
    from tests.support.account import User
    from tests.support.workspaces import Envkit, Workspaces


@pytest.mark.proves("`doctor` names each missing part of the host, with the command that fixes it", "real")
def test_doctor_checks_this_host(run_envkit: Envkit, workspace: Workspaces) -> None:
    result = run_envkit(["doctor", "--format", "json"], cwd=workspace("gpu: off"))
    findings = {finding["check"]: finding for finding in json.loads(result.out)["findings"]}
    assert result.code == 0, str(result)
    assert findings["host/engine"]["status"] == "passed"
    assert "API 1." in findings["host/engine"]["detail"]
    assert {"host/disk", "host/memory", "host/registry", "host/mirror", "host/index", "host/clock"} <= set(findings)
    assert all(finding["detail"] for finding in findings.values())


def test_doctor_continues_without_an_engine(run_envkit: Envkit, workspace: Workspaces) -> None:
    result = run_envkit(
        ["doctor", "--format", "json"],
        cwd=workspace("gpu: off"),
        env={"DOCKER_HOST": "unix:///nowhere.sock"},
    )
    findings = {finding["check"]: finding for finding in json.loads(result.out)["findings"]}
    assert result.code == 1, str(result)
    assert (findings["host/engine"]["status"], findings["host/memory"]["status"]) == ("failed", "passed")
    assert findings["host/engine"]["hint"]


def test_doctor_reports_a_missing_required_gpu(run_envkit: Envkit, workspace: Workspaces) -> None:
    result = run_envkit(["doctor", "--gpu", "--format", "json"], cwd=workspace("gpu: off"))
    (gpu,) = [finding for finding in json.loads(result.out)["findings"] if finding["check"].startswith("gpu/")]
    assert (result.code, gpu["status"], bool(gpu["hint"])) == (5, "failed", True)


def test_doctor_fixes_safe_findings_without_approval(
    run_envkit: Envkit, shared_env: SharedEnvironment, user: User
) -> None:
    folder = user.home / ".local/state/envkit/local"
    folder.chmod(0o755)
    try:
        result = run_envkit(["doctor", "--fix", "--format", "json"], cwd=shared_env.project)
        assert json.loads(result.out)["result"]["fixed"] == ["host/state"], str(result)
        assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        folder.chmod(0o700)


@pytest.mark.proves("`probe` checks every layer, from the device nodes to an operation", "real")
def test_probe_checks_a_running_environment(run_envkit: Envkit, shared_env: SharedEnvironment, user: User) -> None:
    junit = user.home / "probe.xml"
    result = run_envkit(
        ["probe", "--format", "json", "--junit", junit, "--project", shared_env.project],
        timeout_s=120,
    )
    statuses = {finding["check"]: finding["status"] for finding in json.loads(result.out)["findings"]}
    assert (result.code, statuses["tensorflow/computes"]) == (0, "passed")
    assert 'name="tensorflow/computes"' in junit.read_text()


def test_probe_watch_reports_changes_until_interrupted(run_envkit: Envkit, shared_env: SharedEnvironment) -> None:
    with run_envkit.start(["probe", "shared", "--watch", "0.5", "--quiet"]) as process:
        assert process.stdout is not None
        report_line = next(line for line in process.stdout if line.startswith("skipped  gpu/nodes-open: "))
        process.send_signal(signal.SIGINT)
        result = wait_for_exit(process)
    assert "no GPU" in report_line
    assert (result.code, "gpu/nodes-missing" in result.out, result.err) == (130, False, ""), str(result)


def test_probe_fails_without_the_required_gpu(run_envkit: Envkit, shared_env: SharedEnvironment) -> None:
    result = run_envkit(["probe", "shared", "--gpu"], timeout_s=120)
    assert result.code == 5, str(result)
    assert "gpu/" in result.out


def test_probe_needs_an_environment(run_envkit: Envkit, workspace: Workspaces) -> None:
    result = run_envkit(["probe", "--project", workspace("gpu: off")])
    assert (result.code, "envkit up" in result.err) == (2, True), str(result)
