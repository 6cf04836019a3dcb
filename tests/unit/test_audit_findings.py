"""Judge the attacks inside the container and the audit as a whole: one weakness fails exactly one check."""

from __future__ import annotations

from typing import Any

from envkit import naming
from envkit.checks import audit, summarize_audit
from envkit.checks import observations as obs
from envkit.checks.audit import hardening
from envkit.cli.output import messages
from envkit.commands.audit import AuditResult
from envkit.model.report import CheckHost, Finding, Observation, Verdict
from tests.support.audit_observations import (
    HARDENED,
    OBSERVED,
    QUANTUM_WARNING,
    SSHD_SETTINGS,
    failed_checks,
    http_answers,
    judge,
    ssh_logins,
)

# Observation, changed data, and the check that does not pass.
CHANGES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("guesses", {"let_in": 1}, "http-guesses"),
    ("guesses", {"characters": 6}, "http-guesses"),
    ("guesses", {"different": 2}, "http-guesses"),
    ("cookie", {"cookies": [{"name": "username-1", "flags": ["HttpOnly"]}]}, "http-cookie"),
    ("identity", {"uid": 0}, "capabilities"),
    ("identity", {"status": {"CapEff": "00000000a80425fb"}}, "capabilities"),
    ("escapes", {"succeeded": ["become root"]}, "escapes"),
    ("tampering", {"succeeded": ["write to /usr"]}, "tampering"),
    ("files", {"rights": ["/usr/bin/su has mode 4755"]}, "rights"),
    ("variables", {"names": ["API_KEY"]}, "secrets"),
    ("secrets", {"open": ["/run/secrets/envkit/token"]}, "secrets"),
    ("secrets", {"shown": True}, "secrets"),
    ("sshd", {"effective": {**SSHD_SETTINGS, "kexalgorithms": "diffie-hellman-group14-sha1"}}, "ssh-algorithms"),
    ("traces", {"places": ["the container's log"]}, "traces"),
    ("socket", {"mode": 0o606}, "socket"),
    ("socket", {"mode": 0o660}, "socket"),
    ("socket", {"folder": 0o701}, "socket"),
    ("socket", {"owned": False}, "socket"),
    ("ssh_audit", {"fail": ["ecdh-sha2-nistp256: NIST"]}, "ssh-audit"),
    ("ssh_audit", {"warn": [QUANTUM_WARNING, "hmac-sha1: SHA-1"]}, "ssh-audit"),
    ("neighbour", {"opened": ["172.17.0.2:8888"]}, "neighbours"),
    ("neighbour", {"refused": ["172.17.0.2:8888"]}, "neighbours"),
    ("image", {"updated": "2026-06-01T00:00:00+00:00"}, "image-age"),
    # Not tried, not finished, or not reported.
    ("guesses", {"attempts": 1, "refused": 0}, "http-guesses"),
    ("guesses", {"refused": 99}, "http-guesses"),
    ("cookie", {"cookies": []}, "http-cookie"),
    ("identity", {"status": {}}, "capabilities"),
    ("identity", {"uid": None}, "capabilities"),
    ("escapes", {"attempts": 13}, "escapes"),
    ("escapes", {"missing": ["mount a file system"]}, "escapes"),
    ("escapes", {"error": {"type": "OSError"}}, "escapes"),
    ("tampering", {"unfinished": ["write to /usr"]}, "tampering"),
    ("files", {"error": {"type": "TimeoutExpired"}}, "rights"),
    ("sshd", {"error": {}}, "ssh-algorithms"),
    ("sshd", {"effective": {}}, "ssh-algorithms"),
    ("secrets", {"checked": False}, "secrets"),
    ("secrets", {"error": {}}, "secrets"),
    ("variables", {"error": {}}, "secrets"),
    ("traces", {"unread": ["the container's log"]}, "traces"),
    ("socket", {"there": False}, "socket"),
    ("socket", {"mode": None}, "socket"),
    ("socket", {"error": {}}, "socket"),
    ("ssh_audit", {"skipped": "there is no port"}, "ssh-audit"),
    ("ssh_audit", {"why": "it hung"}, "ssh-audit"),
    ("ssh_audit", {"count": 0}, "ssh-audit"),
    ("neighbour", {"skipped": "refused"}, "neighbours"),
    ("neighbour", {"alive": False}, "neighbours"),
    ("neighbour", {"ended": False}, "neighbours"),
    ("neighbour", {"attempts": 0}, "neighbours"),
    ("packages", {"error": {}}, "packages"),
    ("neighbour", {"why": "the engine refuses"}, "neighbours"),
    ("image", {"updated": "soon"}, "image-age"),
    ("image", {"updated": ""}, "image-age"),
    ("image", {"today": ""}, "image-age"),
)


def test_a_hardened_environment_passes_every_check() -> None:
    assert failed_checks() == set()


def test_each_weakness_fails_exactly_one_check() -> None:
    for name, data, check in CHANGES:
        assert failed_checks(changes={name: data}) == {check}, (name, data)


def test_a_socket_is_required_without_a_port() -> None:
    for port, status in (("8888", Verdict.SKIPPED), ("", Verdict.UNKNOWN)):
        inspection = {**HARDENED, "Config": {**HARDENED["Config"], "Labels": {naming.PORT: port}}}
        findings = judge([Observation("audit.socket", {"there": False})], inspection)
        assert findings["socket"].status is status, port


def test_checks_without_attacks_never_pass() -> None:
    findings = [finding for finding in audit.check([], HARDENED) if finding.check not in hardening.CHECKS]
    assert {finding.status for finding in findings} == {Verdict.SKIPPED, Verdict.UNKNOWN}
    assert all(finding.detail for finding in findings)


def test_an_interrupted_inspection_is_unknown() -> None:
    ends: tuple[dict[str, Any], ...] = ({"by": "limit"}, {"by": "signal"}, {"by": "exit"}, {"by": ["?"]})
    for end in ends:
        observations = [Observation("audit.identity", OBSERVED["audit.identity"]), Observation("ended", end)]
        findings = judge(observations)
        assert findings["capabilities"].status is Verdict.PASSED
        for check in ("escapes", "tampering", "rights", "ssh-algorithms", "secrets", "socket", "packages"):
            assert findings[check].status is Verdict.UNKNOWN, (end, check)
            assert "before that" in findings[check].detail, (end, check)


HOSTILE_VALUES: tuple[Any, ...] = (5, "text", None, True, [1, None, ["x"]], {"a": 1}, [[]], -1.5)


def test_hostile_values_do_not_break_the_judge() -> None:
    for name in OBSERVED.keys() - {"audit.traces"}:
        for value in HOSTILE_VALUES:
            for key in OBSERVED[name]:
                assert audit.check([*http_answers(), *ssh_logins(), Observation(name, {key: value})], HARDENED)
            assert audit.check([Observation(name, {"error": value})], HARDENED)


def test_control_characters_of_a_server_are_escaped() -> None:
    answers = http_answers("audit/http-anonymous", status=302, location="//\x1b[2Jevil")
    finding = judge(answers)["http-anonymous"]
    assert "\x1b" not in finding.detail + str(finding.data["faults"])
    assert all("\x1b" not in fault for fault in finding.data["faults"])


def test_texts_ignores_values_of_other_types() -> None:
    cases: tuple[tuple[object, tuple[str, ...]], ...] = (
        (["a", 1, None, "b", ["c"]], ("a", "b")),
        ("ab", ()),
        (5, ()),
        ({"a": "b"}, ()),
        (None, ()),
    )
    for value, expected in cases:
        assert obs.texts({"names": value}, "names") == expected, value


def test_the_short_result_names_the_option_for_more() -> None:
    result = AuditResult("vision", "withstood: 2 of 2 checks", "2.9.0", CheckHost())
    assert "--verbose" in messages.audit(result, listed=False)
    assert "--verbose" not in messages.audit(result, listed=True)
    for listed in (False, True):
        assert messages.audit(result, listed=listed).startswith("vision withstood: 2 of 2 checks")


def test_the_summary_counts_unknown_and_skipped_checks() -> None:
    passed, unknown, failed, skipped = (
        Finding("audit/ports", status, "")
        for status in (Verdict.PASSED, Verdict.UNKNOWN, Verdict.FAILED, Verdict.SKIPPED)
    )
    for findings, summary in (
        ((passed, passed), "withstood: 2 of 2 checks"),
        ((passed, unknown), "withstood: 1 of 2 checks; 1 could not be tried"),
        ((passed, skipped, skipped), "withstood: 1 of 3 checks; 2 skipped"),
        ((passed, unknown, failed), "1 of 3 checks failed; 1 could not be tried"),
    ):
        assert summarize_audit(findings) == summary
