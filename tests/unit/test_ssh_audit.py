"""The real ssh-audit, where it is there: what it says is taken over, and what it does not say is not made up."""

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

QUANTUM = "does not provide protection against post-quantum attacks"


def told(**notes: dict[str, list[str]]) -> str:
    """Return what ssh-audit prints of a server with one algorithm of each kind."""
    return json.dumps(
        {kind: [{"algorithm": f"{kind}-1", "notes": notes.get(kind, {})}] for kind in ssh_audit.ALGORITHM_KINDS}
    )


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Finding]:
    """Return the finding of a program that ends so."""

    def put(
        out: str,
        code: int = 0,
        *,
        error: Exception | None = None,
        port: int = 2222,
        ours: bool = True,
    ) -> Finding:
        def run(argv: list[str], **_: Any) -> process.CompletedProcess:
            assert argv[-2:] == [str(port), "127.0.0.1"]
            if error:
                raise error
            return process.CompletedProcess(code, out, "")

        monkeypatch.setattr(process, "which", lambda _: "/usr/bin/ssh-audit")
        monkeypatch.setattr(process, "run", run)
        return ssh.check([ssh_audit.audit_port(port, lambda: ours)])

    return put


@pytest.mark.parametrize(
    ("out", "code", "status"),
    [
        (told(), 0, Verdict.PASSED),
        (told(kex={"warn": [QUANTUM], "info": ["available since 6.5"]}), 2, Verdict.PASSED),
        (told(kex={"warn": ["uses a weak hash"]}), 2, Verdict.FAILED),
        (told(mac={"fail": ["broken SHA-1"]}), 3, Verdict.FAILED),
        (told(kex={"fail": [QUANTUM]}), 3, Verdict.FAILED),
        (told(), 1, Verdict.UNKNOWN),
        ("", 1, Verdict.UNKNOWN),
        ("[]", 0, Verdict.UNKNOWN),
        ("{}", 0, Verdict.UNKNOWN),
        ('{"kex": 5}', 0, Verdict.UNKNOWN),
        (json.dumps({kind: [] for kind in ssh_audit.ALGORITHM_KINDS}), 0, Verdict.UNKNOWN),
    ],
)
def test_failures_and_warnings_fail_but_for_the_one_of_quantum_computers(
    out: str, code: int, status: Verdict, found: Callable[..., Finding]
) -> None:
    assert found(out, code).status is status


def test_what_is_accepted_is_told(found: Callable[..., Finding]) -> None:
    assert "quantum" in found(told(kex={"warn": [QUANTUM]}), 2).detail
    assert "quantum" not in found(told()).detail


@pytest.mark.parametrize("error", [OSError("gone"), process.TimeoutExpired("ssh-audit", 60)])
def test_a_program_that_does_not_end_shows_nothing(error: Exception, found: Callable[..., Finding]) -> None:
    assert found("", error=error).status is Verdict.UNKNOWN


def test_without_a_port_or_the_program_it_is_skipped_and_says_so(
    found: Callable[..., Finding], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_port = found(told(), port=0)
    monkeypatch.setattr(process, "which", lambda _: None)
    without_program = ssh.check([ssh_audit.audit_port(2222, lambda: True)])
    assert {without_port.status, without_program.status, ssh.check([]).status} == {Verdict.SKIPPED}
    assert "port" in without_port.detail
    assert "ssh-audit is not installed" in without_program.detail


# As version 2.5 writes it, which is Debian 12's: algorithms, and not a word of what is wrong with them.
OLD = {"kex": [{"algorithm": "diffie-hellman-group1-sha1"}], "key": [{"algorithm": "ssh-dss"}], "enc": ["3des-cbc"]}


@pytest.mark.parametrize("macs", [["hmac-md5"], [{"algorithm": "hmac-md5"}]])
def test_a_program_that_is_too_old_to_judge_is_left_out_and_a_newer_one_named(
    macs: list[object], found: Callable[..., Finding]
) -> None:
    seen = found(json.dumps({**OLD, "mac": macs}))
    assert seen.status is Verdict.SKIPPED
    assert "too old" in seen.detail
    assert "pipx install ssh-audit" in seen.detail


def test_why_it_could_not_connect_is_told(found: Callable[..., Finding]) -> None:
    seen = found("\x1b[0;31m[exception] cannot connect to 127.0.0.1 port 2222\x1b[0m", 1)
    assert seen.status is Verdict.UNKNOWN
    assert "cannot connect to 127.0.0.1 port 2222" in seen.detail
    assert "\x1b" not in seen.detail


def test_a_port_that_is_another_ones_by_now_is_not_asked(found: Callable[..., Finding]) -> None:
    seen = found(told(), ours=False)
    assert (seen.status, seen.detail) == (Verdict.UNKNOWN, "the workspace does not hold port 2222 any more")
