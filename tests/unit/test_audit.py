"""What came of the attacks, judged: one thing weakened is one finding, and exactly that one."""

from __future__ import annotations

from typing import Any

import pytest

from envkit import naming
from envkit.checks import audit, summarize_audit
from envkit.checks import observations as obs
from envkit.checks.audit import hardening
from envkit.cli.output import messages
from envkit.commands.audit import AuditResult
from envkit.model.report import CheckHost, Finding, Observation, Verdict
from tests.unit.audits import INSIDE, LOCKED, QUANTUM, SSHD, answers, failed, logins


def test_an_environment_that_withstands_passes_every_check() -> None:
    assert failed() == set()


@pytest.mark.parametrize(
    ("look", "data", "check"),
    [
        ("guesses", {"let_in": 1}, "http-guesses"),
        ("guesses", {"characters": 6}, "http-guesses"),
        ("guesses", {"different": 2}, "http-guesses"),
        ("cookie", {"cookies": [{"name": "username-1", "flags": ["HttpOnly"]}]}, "http-cookie"),
        ("identity", {"uid": 0}, "capabilities"),
        ("identity", {"status": {"CapEff": "00000000a80425fb"}}, "capabilities"),
        ("escapes", {"succeeded": ["become root"]}, "escapes"),
        ("tampering", {"succeeded": ["write to /usr"]}, "tampering"),
        ("rights", {"files": ["/usr/bin/su"]}, "rights"),
        ("variables", {"names": ["API_KEY"]}, "secrets"),
        ("secrets", {"open": ["/run/secrets/envkit/token"]}, "secrets"),
        ("secrets", {"shown": True}, "secrets"),
        ("sshd", {"settings": {**SSHD, "kexalgorithms": "diffie-hellman-group14-sha1"}}, "ssh-algorithms"),
        ("traces", {"places": ["the container's log"]}, "traces"),
        ("socket", {"mode": 0o606}, "socket"),
        ("socket", {"mode": 0o660}, "socket"),
        ("socket", {"folder": 0o701}, "socket"),
        ("socket", {"owned": False}, "socket"),
        ("ssh_audit", {"fail": ["ecdh-sha2-nistp256: NIST"]}, "ssh-audit"),
        ("ssh_audit", {"warn": [QUANTUM, "hmac-sha1: SHA-1"]}, "ssh-audit"),
        ("neighbour", {"opened": ["172.17.0.2:8888"]}, "neighbours"),
        ("neighbour", {"refused": ["172.17.0.2:8888"]}, "neighbours"),
        ("image", {"updated": "2026-06-01T00:00:00+00:00"}, "image-age"),
        # Not tried, not to the end, or not told.
        ("guesses", {"tried": 1, "refused": 0}, "http-guesses"),
        ("guesses", {"refused": 99}, "http-guesses"),
        ("cookie", {"cookies": []}, "http-cookie"),
        ("identity", {"status": {}}, "capabilities"),
        ("identity", {"uid": None}, "capabilities"),
        ("escapes", {"tried": 13}, "escapes"),
        ("escapes", {"missing": ["mount a file system"]}, "escapes"),
        ("escapes", {"error": {"type": "OSError"}}, "escapes"),
        ("tampering", {"unfinished": ["write to /usr"]}, "tampering"),
        ("rights", {"checked": False}, "rights"),
        ("rights", {"error": {"type": "TimeoutExpired"}}, "rights"),
        ("sshd", {"error": {}}, "ssh-algorithms"),
        ("sshd", {"settings": {}}, "ssh-algorithms"),
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
        ("neighbour", {"tried": 0}, "neighbours"),
        ("packages", {"error": {}}, "packages"),
        ("neighbour", {"why": "the engine refuses"}, "neighbours"),
        ("image", {"updated": "soon"}, "image-age"),
        ("image", {"updated": ""}, "image-age"),
        ("image", {"today": ""}, "image-age"),
    ],
)
def test_what_goes_wrong_inside_is_one_finding(look: str, data: dict[str, Any], check: str) -> None:
    assert failed(inside={look: data}) == {check}


@pytest.mark.parametrize(("port", "status"), [("8888", Verdict.SKIPPED), ("", Verdict.UNKNOWN)])
def test_a_socket_is_missed_where_jupyterlab_has_no_port(port: str, status: Verdict) -> None:
    inspected = {**LOCKED, "Config": {**LOCKED["Config"], "Labels": {naming.PORT: port}}}
    found = audit.check([Observation("audit.socket", {"there": False})], inspected)
    assert {one.status for one in found if one.check == "audit/socket"} == {status}


def test_what_could_not_be_attacked_never_passes() -> None:
    found = [one for one in audit.check([], LOCKED) if one.check not in hardening.CHECKS]
    assert {one.status for one in found} == {Verdict.SKIPPED, Verdict.UNKNOWN}
    assert all(one.detail for one in found)


@pytest.mark.parametrize("ended", [{"by": "limit"}, {"by": "signal"}, {"by": "exit"}, {"by": ["?"]}])
def test_what_was_not_looked_at_before_the_end_is_unknown(ended: dict[str, Any]) -> None:
    seen = [Observation("audit.identity", INSIDE["audit.identity"]), Observation("ended", ended)]
    found = {one.check: one for one in audit.check(seen, LOCKED)}
    assert found["audit/capabilities"].status is Verdict.PASSED
    for check in ("escapes", "tampering", "rights", "ssh-algorithms", "secrets", "socket", "packages"):
        assert found[f"audit/{check}"].status is Verdict.UNKNOWN
        assert "before that" in found[f"audit/{check}"].detail


HOSTILE: tuple[Any, ...] = (5, "text", None, True, [1, None, ["x"]], {"a": 1}, [[]], -1.5)


@pytest.mark.parametrize("what", [what for what in INSIDE if what != "audit.traces"])
@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_whatever_a_container_says_is_judged(what: str, value: Any) -> None:
    for key in INSIDE[what]:
        assert audit.check([*answers(), *logins(), Observation(what, {key: value})], LOCKED)
    assert audit.check([Observation(what, {"error": value})], LOCKED)


def test_what_a_server_says_is_shown_in_plain_characters() -> None:
    seen = answers("audit/http-anonymous", status=302, location="//\x1b[2Jevil")
    found = next(one for one in audit.check(seen, LOCKED) if one.check == "audit/http-anonymous")
    assert "\x1b" not in found.detail + str(found.data["faults"])
    assert all("\x1b" not in one for one in found.data["faults"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["a", 1, None, "b", ["c"]], ("a", "b")),
        ("ab", ()),
        (5, ()),
        ({"a": "b"}, ()),
        (None, ()),
    ],
)
def test_only_texts_are_taken_from_a_list(value: object, expected: tuple[str, ...]) -> None:
    assert obs.texts({"names": value}, "names") == expected


@pytest.mark.parametrize(
    ("listed", "told"),
    [(False, "vision withstood: 2 of 2 checks; --verbose lists them all"), (True, "vision withstood: 2 of 2 checks")],
)
def test_who_sees_a_count_alone_is_told_how_to_see_the_checks(listed: bool, told: str) -> None:
    assert (
        messages.audit(AuditResult("vision", "withstood: 2 of 2 checks", "2.9.0", CheckHost()), listed=listed) == told
    )


def test_what_could_not_be_tried_is_told_beside_what_withstood() -> None:
    passed, unknown, wrong, skipped = (
        Finding("audit/ports", status, "")
        for status in (Verdict.PASSED, Verdict.UNKNOWN, Verdict.FAILED, Verdict.SKIPPED)
    )
    assert summarize_audit((passed, passed)) == "withstood: 2 of 2 checks"
    assert summarize_audit((passed, unknown)) == "withstood: 1 of 2 checks; 1 could not be tried"
    assert summarize_audit((passed, skipped, skipped)) == "withstood: 1 of 3 checks; 2 skipped"
    assert summarize_audit((passed, unknown, wrong)) == "1 of 3 checks failed; 1 could not be tried"
