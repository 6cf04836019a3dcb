"""Whether JupyterLab withstood the attacks from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks import observations as look
from envkit.checks.attacks import ATTACKS, GUESSES
from envkit.checks.held import held

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from envkit.checks.attacks import Attack
    from envkit.model.report import Finding, Observation

TOKEN_CHARACTERS = 43  # 256 bits
OK, REDIRECT = 200, 302
LOGIN_PAGE = ("/login?next=", "/hub/login?next=")
FLAGS = ("HttpOnly", "SameSite=Strict")


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Judge what JupyterLab answered."""
    names = dict.fromkeys(one.check for one in ATTACKS)
    answers = [one.data for one in observations if one.what == "audit.http"]
    tried = list(zip(ATTACKS, answers, strict=False))
    stopped = look.text(look.data(observations, "audit.stopped"), "why") or "JupyterLab does not answer"
    for name in names:
        mine = [(attack, seen) for attack, seen in tried if attack.check == name]
        faults = [fault for attack, seen in mine for fault in _answered(attack, seen)]
        whole = len(mine) == sum(attack.check == name for attack in ATTACKS)
        yield held(name, faults, _untried(name, mine, observations) if whole else stopped)
    yield _guesses(look.data(observations, "audit.guesses"), stopped)
    yield _cookie(look.last(observations, "audit.cookie"), stopped)


def _untried(
    name: str, tried: Sequence[tuple[Attack, Mapping[str, Any]]], observations: Sequence[Observation]
) -> str:
    """Return why answers show nothing: there was none, or who asked was nobody to the server."""
    silent = next((look.text(seen, "attack") for _, seen in tried if seen.get("status") == 0), "")
    if silent:
        return f"{silent} is not answered"
    control = look.data(observations, "audit.control")
    for who in {attack.who for attack in ATTACKS if attack.check == name} & {"owner", "browser"}:
        if control.get(who) != OK:
            return f"nothing was shown: without an attack the {who} is answered with {control.get(who)}"
    return ""


def _answered(attack: Attack, seen: Mapping[str, Any]) -> Iterator[str]:
    status, said, leads_to = seen.get("status"), look.text(seen, "attack"), look.text(seen, "location")
    if status == 0:
        return
    if seen.get("leaked") is True:
        yield f"{said} shows a file of the system"
    elif status not in attack.good:
        yield f"{said} is answered with {status}"
    elif status == REDIRECT and not leads_to.startswith(LOGIN_PAGE) and leads_to != attack.path.rstrip("/"):
        yield f"{said} leads to {leads_to}"
    if look.text(seen, "allows") and attack.check == "audit/http-origin":
        yield f"{said} allows {look.text(seen, 'allows')}"
    if attack.has[0] and attack.has[1] not in look.text(seen, "header"):
        yield f"{said} sends no {attack.has[1]}"


def _guesses(seen: Mapping[str, Any], stopped: str) -> Finding:
    if not seen:
        return held("audit/http-guesses", (), stopped)
    characters, different, let_in, refused = (seen.get(key) for key in ("characters", "different", "let_in", "refused"))
    faults = [f"{let_in} of {seen.get('tried')} made-up tokens let in"] if let_in else []
    if not isinstance(characters, int) or characters < TOKEN_CHARACTERS:
        faults.append(f"the token has {characters} characters and can be guessed")
    elif not isinstance(different, int) or different < TOKEN_CHARACTERS // 4:
        faults.append("the token repeats few characters and can be guessed")
    untried = "" if refused == GUESSES else f"{refused} of {GUESSES} made-up tokens were refused"
    return held("audit/http-guesses", faults, untried, f"{refused} made-up tokens were refused")


def _cookie(seen: Observation | None, stopped: str) -> Finding:
    if seen is None:
        return held("audit/http-cookie", (), stopped)
    cookies = look.tables(seen.data, "cookies")
    faults = [
        f"the login cookie {look.text(one, 'name')} lacks {flag}"
        for one in cookies for flag in FLAGS if flag not in look.texts(one, "flags")
    ]
    return held("audit/http-cookie", faults, "" if cookies else "a login with the right token gave no cookie")
