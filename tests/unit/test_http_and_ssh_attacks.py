"""Judge the attacks on JupyterLab and SSH: only an observed refusal passes."""

from __future__ import annotations

from envkit.checks.audit.attack_cases import HTTP_ATTACKS, OWNER_LOGIN, SSH_ATTACKS
from envkit.model.report import Observation, Verdict
from tests.support.audit_observations import failed_checks, http_answers, judge, ssh_logins, ssh_statuses

HTTP_CHECKS = tuple(dict.fromkeys(attack.check.removeprefix("audit/") for attack in HTTP_ATTACKS))


def test_a_successful_http_attack_fails_its_check() -> None:
    for check in HTTP_CHECKS:
        status = 500 if check in {"traversal", "frames"} else 101
        assert failed_checks(http_answers(f"audit/{check}", status=status)) == {check}


def test_an_answer_is_judged_by_more_than_its_status() -> None:
    cases: dict[str, dict[str, object]] = {
        "http-anonymous": {"status": 302, "location": "//evil.example"},
        "http-origin": {"allows": "*"},
        "traversal": {"leaked": True},
        "frames": {"header": ""},
    }
    for check, changes in cases.items():
        assert failed_checks(http_answers(f"audit/{check}", **changes)) == {check}


def test_a_successful_login_fails_its_check() -> None:
    for attack in SSH_ATTACKS:
        check = attack.check.removeprefix("audit/")
        assert failed_checks(ssh=ssh_logins(attack.name, code=0)) == {check}, attack.name


def test_an_offered_password_login_fails() -> None:
    assert failed_checks(ssh=ssh_logins("all", offers="publickey,password")) == {"ssh-password"}


def test_a_server_that_tries_to_forward_fails() -> None:
    logins = ssh_logins("forward to another machine", refused=False, reached=True, output="connect failed")
    assert ssh_statuses(logins)["audit/ssh-forwarding"] is Verdict.FAILED


def test_a_login_without_an_explicit_refusal_is_unknown() -> None:
    results: tuple[dict[str, object], ...] = ({"code": None, "refused": False}, {"refused": False, "output": "down"})
    for attack in SSH_ATTACKS:
        for changes in results:
            statuses = ssh_statuses(ssh_logins(attack.name, **changes))
            unknown = {check for check, status in statuses.items() if status is Verdict.UNKNOWN}
            assert unknown == {attack.check}, (attack.name, changes)


def test_ssh_attacks_need_a_working_owner_login() -> None:
    for code in (255, None, 1):
        owner = Observation("audit.ssh", {"attack": OWNER_LOGIN.name, "code": code, "output": "Connection refused"})
        for observations in ([owner], [owner, *ssh_logins()[1:]]):
            assert set(ssh_statuses(observations).values()) == {Verdict.UNKNOWN}, code


def test_without_an_agent_only_the_agent_check_is_skipped() -> None:
    statuses = ssh_statuses(ssh_logins("agent", code=None, refused=False, skipped="there is no ssh-agent"))
    other = {check: status for check, status in statuses.items() if status is not Verdict.PASSED}
    assert other == {"audit/ssh-agent": Verdict.SKIPPED}


def test_http_checks_are_unknown_without_an_answer() -> None:
    findings = judge([Observation("audit.stopped", {"why": "JupyterLab does not answer"})])
    for check in (*HTTP_CHECKS, "http-guesses", "http-cookie"):
        assert findings[check].status is Verdict.UNKNOWN, check
        assert findings[check].detail == "JupyterLab does not answer", check


def test_an_unanswered_attack_is_unknown() -> None:
    for check in HTTP_CHECKS:
        assert failed_checks(http_answers(f"audit/{check}", status=0)) == {check}


def test_attacks_that_were_not_sent_are_unknown() -> None:
    assert failed_checks(http_answers()[:-1]) == {HTTP_CHECKS[-1]}


def test_attacks_of_an_unaccepted_identity_are_unknown() -> None:
    for identity in ("owner", "browser"):
        checks = {attack.check.removeprefix("audit/") for attack in HTTP_ATTACKS if attack.identity == identity}
        assert failed_checks(changes={"control": {identity: 403}}) == checks
