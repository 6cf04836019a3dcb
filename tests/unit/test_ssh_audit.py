"""The results of ssh-audit become a finding, and a missing result is never a pass."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from envkit import process
from envkit.checks.audit import ssh
from envkit.model.report import Verdict
from envkit.observe import ssh_audit

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.model.report import Finding

QUANTUM_WARNING = "does not provide protection against post-quantum attacks"


def audit_output(**notes: dict[str, list[str]]) -> str:
    """Return ssh-audit's output for a server with one algorithm of each kind."""
    return json.dumps(
        {kind: [{"algorithm": f"{kind}-1", "notes": notes.get(kind, {})}] for kind in ssh_audit.ALGORITHM_KINDS}
    )


@pytest.fixture
def audit(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Finding]:
    """Return a function that runs a fake ssh-audit, and returns the finding."""

    def run_audit(
        output: str,
        code: int = 0,
        *,
        error: Exception | None = None,
        port: int = 2222,
        is_ours: bool = True,
    ) -> Finding:
        def run(argv: list[str], **_: Any) -> process.CompletedProcess:
            assert argv[-2:] == [str(port), "127.0.0.1"]
            if error:
                raise error
            return process.CompletedProcess(code, output, "")

        monkeypatch.setattr(process, "which", lambda _: "/usr/bin/ssh-audit")
        monkeypatch.setattr(process, "run", run)
        return ssh.check([ssh_audit.audit_port(port, lambda: is_ours)])

    return run_audit


def test_failures_and_other_warnings_fail(audit: Callable[..., Finding]) -> None:
    cases: tuple[tuple[str, int, Verdict], ...] = (
        (audit_output(), 0, Verdict.PASSED),
        (audit_output(kex={"warn": [QUANTUM_WARNING], "info": ["available since 6.5"]}), 2, Verdict.PASSED),
        (audit_output(kex={"warn": ["uses a weak hash"]}), 2, Verdict.FAILED),
        (audit_output(mac={"fail": ["broken SHA-1"]}), 3, Verdict.FAILED),
        (audit_output(kex={"fail": [QUANTUM_WARNING]}), 3, Verdict.FAILED),
        (audit_output(), 1, Verdict.UNKNOWN),
        ("", 1, Verdict.UNKNOWN),
        ("[]", 0, Verdict.UNKNOWN),
        ("{}", 0, Verdict.UNKNOWN),
        ('{"kex": 5}', 0, Verdict.UNKNOWN),
        (json.dumps({kind: [] for kind in ssh_audit.ALGORITHM_KINDS}), 0, Verdict.UNKNOWN),
    )
    for output, code, status in cases:
        assert audit(output, code).status is status, (output, code)


def test_the_accepted_warning_is_reported(audit: Callable[..., Finding]) -> None:
    assert "quantum" in audit(audit_output(kex={"warn": [QUANTUM_WARNING]}), 2).detail
    assert "quantum" not in audit(audit_output()).detail


def test_a_program_that_does_not_finish_proves_nothing(audit: Callable[..., Finding]) -> None:
    for error in (OSError("gone"), process.TimeoutExpired("ssh-audit", 60)):
        assert audit("", error=error).status is Verdict.UNKNOWN, error


def test_without_a_port_or_the_program_it_is_skipped(
    audit: Callable[..., Finding], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_port = audit(audit_output(), port=0)
    monkeypatch.setattr(process, "which", lambda _: None)
    without_program = ssh.check([ssh_audit.audit_port(2222, lambda: True)])
    assert {without_port.status, without_program.status, ssh.check([]).status} == {Verdict.SKIPPED}
    assert "port" in without_port.detail
    assert "ssh-audit is not installed" in without_program.detail


# Output of version 2.5, which is Debian 12's: algorithms without ratings.
OLD_OUTPUT = {
    "kex": [{"algorithm": "diffie-hellman-group1-sha1"}],
    "key": [{"algorithm": "ssh-dss"}],
    "enc": ["3des-cbc"],
}


def test_an_old_version_is_skipped_with_a_hint(audit: Callable[..., Finding]) -> None:
    for macs in (["hmac-md5"], [{"algorithm": "hmac-md5"}]):
        finding = audit(json.dumps({**OLD_OUTPUT, "mac": macs}))
        assert finding.status is Verdict.SKIPPED, macs
        assert "too old" in finding.detail, macs
        assert "pipx install ssh-audit" in finding.detail, macs


def test_a_connection_error_is_reported(audit: Callable[..., Finding]) -> None:
    finding = audit("\x1b[0;31m[exception] cannot connect to 127.0.0.1 port 2222\x1b[0m", 1)
    assert finding.status is Verdict.UNKNOWN
    assert "cannot connect to 127.0.0.1 port 2222" in finding.detail
    assert "\x1b" not in finding.detail


def test_a_port_of_another_process_is_not_audited(audit: Callable[..., Finding]) -> None:
    finding = audit(audit_output(), is_ours=False)
    assert finding.status is Verdict.UNKNOWN
    assert "no longer holds port 2222" in finding.detail
