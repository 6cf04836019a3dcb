"""What came of the attacks on JupyterLab and on SSH, judged: a refusal counts where it was seen, and nothing less."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit.checks import audit
from envkit.checks.audit.attack_cases import HTTP_ATTACKS, OWNER_LOGIN, SSH_ATTACKS
from envkit.model.report import Observation, Verdict
from tests.unit.audits import LOCKED, answers, failed, logins, verdicts

if TYPE_CHECKING:
    from envkit.checks.audit.attack_cases import SshAttack


@pytest.mark.parametrize("check", dict.fromkeys(one.check for one in HTTP_ATTACKS))
def test_an_attack_on_jupyterlab_that_succeeds_is_one_finding(check: str) -> None:
    assert failed(answers(check, status=500 if check in {"audit/traversal", "audit/frames"} else 101)) == {check[6:]}


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        ("audit/http-anonymous", {"status": 302, "location": "//evil.example"}),
        ("audit/http-origin", {"allows": "*"}),
        ("audit/traversal", {"leaked": True}),
        ("audit/frames", {"header": ""}),
    ],
)
def test_an_answer_is_judged_by_more_than_its_status(check: str, wrong: dict[str, object]) -> None:
    assert failed(answers(check, **wrong)) == {check[6:]}


@pytest.mark.parametrize("attack", SSH_ATTACKS, ids=lambda one: one.name)
def test_a_login_that_succeeds_is_one_finding(attack: SshAttack) -> None:
    assert failed(ssh=logins(attack.name, code=0)) == {attack.check[6:]}


def test_another_way_to_log_in_that_is_offered_is_a_finding_too() -> None:
    assert failed(ssh=logins("all", offers="publickey,password")) == {"ssh-password"}


def test_a_server_that_tries_to_forward_fails_though_nobody_was_reached() -> None:
    seen = logins("forward to another machine", refused=False, reached=True, said="connect failed")
    assert verdicts(seen)["audit/ssh-forwarding"] is Verdict.FAILED


@pytest.mark.parametrize("attack", SSH_ATTACKS, ids=lambda one: one.name)
@pytest.mark.parametrize("nothing", [{"code": None, "refused": False}, {"refused": False, "said": "unreachable"}])
def test_a_login_that_was_not_refused_in_so_many_words_is_unknown(
    attack: SshAttack, nothing: dict[str, object]
) -> None:
    found = verdicts(logins(attack.name, **nothing))
    assert {check for check, verdict in found.items() if verdict is Verdict.UNKNOWN} == {attack.check}


@pytest.mark.parametrize("code", [255, None, 1])
def test_attacks_on_an_ssh_server_that_does_not_let_in_its_owner_show_nothing(code: int | None) -> None:
    dead = [Observation("audit.ssh", {"attack": OWNER_LOGIN.name, "code": code, "said": "Connection refused"})]
    refusing = [*dead, *logins()[1:]]
    for seen in (dead, refusing):
        assert {verdicts(seen)[one.check] for one in SSH_ATTACKS} == {Verdict.UNKNOWN}


def test_without_an_agent_to_forward_that_check_alone_is_skipped() -> None:
    found = verdicts(logins("agent", code=None, refused=False, skipped="there is no ssh-agent"))
    assert {check for check, verdict in found.items() if verdict is not Verdict.PASSED} == {"audit/ssh-agent"}
    assert found["audit/ssh-agent"] is Verdict.SKIPPED


def test_a_jupyterlab_that_does_not_answer_passes_and_fails_nothing() -> None:
    seen = [Observation("audit.stopped", {"why": "JupyterLab does not answer"})]
    names = {*(one.check for one in HTTP_ATTACKS), "audit/http-guesses", "audit/http-cookie"}
    found = [one for one in audit.check(seen, LOCKED) if one.check in names]
    assert {one.check for one in found} == names
    assert {(one.status, one.detail) for one in found} == {(Verdict.UNKNOWN, "JupyterLab does not answer")}


@pytest.mark.parametrize("check", dict.fromkeys(one.check for one in HTTP_ATTACKS))
def test_an_attack_that_is_not_answered_is_unknown(check: str) -> None:
    assert failed(answers(check, status=0)) == {check[6:]}


def test_attacks_that_were_never_sent_are_unknown() -> None:
    sent = len(HTTP_ATTACKS) - 1
    assert failed(answers()[:sent]) == {HTTP_ATTACKS[-1].check[6:]}


@pytest.mark.parametrize("who", ["owner", "browser"])
def test_attacks_as_somebody_whom_the_server_does_not_know_show_nothing(who: str) -> None:
    expected = {one.check[6:] for one in HTTP_ATTACKS if one.identity == who}
    assert failed(inside={"control": {who: 403}}) == expected
