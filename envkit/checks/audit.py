"""Whether an environment withstood its attacks, and holds what its hardening promises.

A check passes when everything it is about was tried and refused. What was not tried, or got no answer, is unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks import age, audit_http, audit_inside, audit_ssh, container, neighbours, versions
from envkit.checks import observations as look
from envkit.checks.attacks import LOGINS, OWNER
from envkit.checks.held import held, skipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from envkit.checks.attacks import Login
    from envkit.model.report import Finding, Observation


def check(observations: Sequence[Observation], inspected: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Judge every attack and every setting.

    Args:
        observations: What came of the attacks, from outside and from inside.
        inspected: What the engine says of the container.
    """
    return (
        *_settings(inspected), *audit_http.check(observations), *_ssh(observations), audit_ssh.check(observations),
        neighbours.check(observations), *audit_inside.check(observations, inspected), versions.check(observations),
        age.check(observations), _traces(observations),
    )


def _settings(inspected: Mapping[str, Any]) -> Iterator[Finding]:
    for name, judge in container.CHECKS.items():
        faults, untried = [], ""
        try:
            faults = list(judge(dict(inspected)))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            untried = f"the engine does not say it as expected: {type(error).__name__} {error}"
        yield held(name, faults, untried)


def _ssh(observations: Sequence[Observation]) -> Iterator[Finding]:
    tried = {look.text(one.data, "attack"): one.data for one in observations if one.what == "audit.ssh"}
    why = next((look.text(one, "skipped") for name, one in tried.items() if not name), "")
    owner = tried.get(OWNER.name, {})
    silent = "" if owner.get("code") == 0 else f"the owner's own login failed: {look.text(owner, 'said')}"
    for name in dict.fromkeys(one.check for one in LOGINS):
        seen = [(one, tried.get(one.name, {})) for one in LOGINS if one.check == name]
        left_out = next((look.text(data, "skipped") for _, data in seen if look.text(data, "skipped")), "")
        if why or left_out or not tried:
            yield skipped(name, why or left_out or "the SSH server was not attacked")
            continue
        faults = [fault for one, data in seen for fault in _let_in(one, data)]
        yield held(name, faults, silent or next((said for one, data in seen if (said := _unrefused(one, data))), ""))


def _let_in(attack: Login, seen: Mapping[str, Any]) -> Iterator[str]:
    if seen.get("code") == 0:
        yield f"{attack.name}: let in"
    elif seen.get("reached") is True:
        yield f"{attack.name}: the server tried to"
    if attack.check == "audit/ssh-password" and look.text(seen, "offers") not in {"", "publickey"}:
        yield f"it offers {look.text(seen, 'offers')}"


def _unrefused(attack: Login, seen: Mapping[str, Any]) -> str:
    """Return why an attack was not refused in the refusal's own words, or nothing."""
    if seen.get("refused") is True and seen.get("code") == attack.code:
        return ""
    return f"{attack.name}: no refusal was seen; {look.text(seen, 'said') or 'nothing was said'}"


def _traces(observations: Sequence[Observation]) -> Finding:
    seen = look.last(observations, "audit.traces")
    if seen is None:
        return skipped("audit/traces", "there is no token to look for")
    unread = look.texts(seen.data, "unread")
    return held(
        "audit/traces", [f"the token stands in {one}" for one in look.texts(seen.data, "places")],
        f"could not be searched: {', '.join(unread)}" if unread else "",
    )
