"""Judge whether JupyterLab withstood the attacks from outside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkit.checks import observations as obs
from envkit.checks.audit.attack_cases import HTTP_ATTACKS, TOKEN_GUESSES
from envkit.checks.audit.finding import judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from envkit.checks.audit.attack_cases import HttpAttack
    from envkit.model.report import Finding, Observation

MIN_TOKEN_LENGTH = 43  # 256 bits
# Distinct characters, pairs of characters and distances between neighbors: of 43 random characters, fewer are a
# matter of less than one in a million.
MIN_RANDOMNESS = {"different": 18, "pairs": 34, "distances": 18}
OK, REDIRECT = 200, 302
LOGIN_PREFIXES = ("/login?next=", "/hub/login?next=")
COOKIE_FLAGS = ("HttpOnly", "SameSite=Strict")


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Judge JupyterLab's answers."""
    check_ids = dict.fromkeys(attack.check for attack in HTTP_ATTACKS)
    answers = [observation.data for observation in observations if observation.name == "audit.http"]
    results = list(zip(HTTP_ATTACKS, answers, strict=False))
    stop_reason = obs.text(obs.data(observations, "audit.stopped"), "why") or "JupyterLab does not answer"
    for check_id in check_ids:
        check_results = [(attack, answer) for attack, answer in results if attack.check == check_id]
        faults = [fault for attack, answer in check_results for fault in _find_faults(attack, answer)]
        complete = len(check_results) == sum(attack.check == check_id for attack in HTTP_ATTACKS)
        yield judge(
            check_id, faults, _unknown_reason(check_id, check_results, observations) if complete else stop_reason
        )
    yield _check_guesses(obs.data(observations, "audit.guesses"), stop_reason)
    yield _check_cookie(obs.last(observations, "audit.cookie"), stop_reason)


def further_faults(observations: Sequence[Observation]) -> Iterator[tuple[str, str]]:
    """Yield the faults of attacks that belong to more than one check."""
    answers = [observation.data for observation in observations if observation.name == "audit.http"]
    for attack, answer in zip(HTTP_ATTACKS, answers, strict=False):
        yield from ((check_id, fault) for check_id in attack.also for fault in _find_faults(attack, answer))


def _unknown_reason(
    check_id: str, results: Sequence[tuple[HttpAttack, Mapping[str, Any]]], observations: Sequence[Observation]
) -> str:
    """Return why the answers prove nothing: one is missing, or the server did not accept the control request."""
    request = next((obs.text(answer, "attack") for _, answer in results if answer.get("status") == 0), "")
    if request:
        return f"{request} is not answered"
    control = obs.data(observations, "audit.control")
    for identity in {attack.identity for attack in HTTP_ATTACKS if attack.check == check_id} & {"owner", "browser"}:
        if control.get(identity) != OK:
            return (
                f"not comparable: the {identity}'s request without an attack is answered with {control.get(identity)}"
            )
    return ""


def _find_faults(attack: HttpAttack, answer: Mapping[str, Any]) -> Iterator[str]:
    status, request, location = answer.get("status"), obs.text(answer, "attack"), obs.text(answer, "location")
    if status == 0:
        return
    if answer.get("leaked") is True:
        yield f"{request} returns a system file"
    elif status not in attack.statuses:
        yield f"{request} is answered with {status}"
    elif status == REDIRECT and not location.startswith(LOGIN_PREFIXES) and location != attack.path.rstrip("/"):
        yield f"{request} redirects to {location}"
    if obs.text(answer, "allows") and attack.check == "audit/http-origin":
        yield f"{request} allows the origin {obs.text(answer, 'allows')}"
    name, directive = attack.required_header
    if name and directive not in re.split(r"\s*[;,]\s*", obs.text(answer, "header").strip()):
        yield f"{request} does not send {name}: {directive}, but {obs.text(answer, 'header') or 'nothing'}"


def _check_guesses(data: Mapping[str, Any], stop_reason: str) -> Finding:
    if not data:
        return judge("audit/http-guesses", (), stop_reason)
    length, successes, refusals = (data.get(key) for key in ("characters", "let_in", "refused"))
    faults = [f"{successes} of {data.get('attempts')} made-up tokens were accepted"] if successes else []
    if not isinstance(length, int) or length < MIN_TOKEN_LENGTH:
        faults.append(f"the token has only {length} characters and can be guessed")
    elif any((obs.number(data.get(key)) or 0) < minimum for key, minimum in MIN_RANDOMNESS.items()):
        faults.append("the token has a pattern and can be guessed")
    if count := data.get("passwords"):
        faults.append(f"{count} of the most common passwords was accepted beside the token")
    unknown_reason = "" if refusals == TOKEN_GUESSES else f"{refusals} of {TOKEN_GUESSES} made-up tokens were refused"
    return judge("audit/http-guesses", faults, unknown_reason, f"{refusals} made-up tokens were refused")


def _check_cookie(observation: Observation | None, stop_reason: str) -> Finding:
    if observation is None:
        return judge("audit/http-cookie", (), stop_reason)
    cookies = obs.tables(observation.data, "cookies")
    faults = [
        f"the login cookie {obs.text(cookie, 'name')} lacks {flag}"
        for cookie in cookies
        for flag in COOKIE_FLAGS
        if flag not in obs.texts(cookie, "flags")
    ]
    return judge("audit/http-cookie", faults, "" if cookies else "a login with the right token set no cookie")
