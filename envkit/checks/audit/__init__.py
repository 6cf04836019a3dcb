"""Judge whether an environment withstood its attacks and is hardened as promised.

A check passes if all its attacks were tried and refused. If one was not tried or not answered, it is unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks import observations as obs
from envkit.checks.audit import (
    comparison,
    differences,
    hardening,
    http,
    image_age,
    inside,
    network,
    ssh,
    vulnerable_versions,
)
from envkit.checks.audit.attack_cases import OWNER_LOGIN, SSH_ATTACKS
from envkit.checks.audit.finding import judge, skip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from envkit.checks.audit.attack_cases import SshAttack
    from envkit.model.evidence import Evidence
    from envkit.model.report import Finding, Observation


def check(
    observations: Sequence[Observation], inspection: Mapping[str, Any], evidence: Evidence | None = None
) -> tuple[Finding, ...]:
    """Judge every attack, every setting, and every difference from what envkit made.

    Args:
        observations: Results of the attacks, from outside and from inside.
        inspection: Output of `docker inspect` for the container.
        evidence: What envkit made, and what the engine reports; without it nothing is compared.
    """
    findings = _check_attacks(observations, inspection)
    if evidence is None:
        return (skip(comparison.PLAN, "the environment was not compared with what envkit made"), *findings)
    faults = differences.find_all(observations, inspection, evidence)
    all_findings = (differences.check_plan(observations, evidence), *findings)
    return tuple(differences.merge(finding, faults.get(finding.check, ())) for finding in all_findings)


def _check_attacks(observations: Sequence[Observation], inspection: Mapping[str, Any]) -> tuple[Finding, ...]:
    return (
        *_check_settings(inspection),
        *http.check(observations),
        *_check_ssh(observations),
        ssh.check(observations),
        network.check(observations),
        *inside.check(observations, inspection),
        vulnerable_versions.check(observations),
        image_age.check(observations),
        _check_traces(observations),
    )


def _check_settings(inspection: Mapping[str, Any]) -> Iterator[Finding]:
    for check_id, rule in hardening.CHECKS.items():
        faults, unknown_reason = [], ""
        try:
            faults = list(rule(dict(inspection)))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            unknown_reason = f"unexpected answer of the engine: {type(error).__name__} {error}"
        yield judge(check_id, faults, unknown_reason)


def _check_ssh(observations: Sequence[Observation]) -> Iterator[Finding]:
    results = {
        obs.text(observation.data, "attack"): observation.data
        for observation in observations
        if observation.name == "audit.ssh"
    }
    suite_reason = next((obs.text(result, "skipped") for name, result in results.items() if not name), "")
    owner = results.get(OWNER_LOGIN.name, {})
    login_error = "" if owner.get("code") == 0 else f"the owner's login failed: {obs.text(owner, 'output')}"
    for check_id in dict.fromkeys(attack.check for attack in SSH_ATTACKS):
        outcomes = [(attack, results.get(attack.name, {})) for attack in SSH_ATTACKS if attack.check == check_id]
        skip_reason = next((obs.text(data, "skipped") for _, data in outcomes if obs.text(data, "skipped")), "")
        if suite_reason or skip_reason or not results:
            yield skip(check_id, suite_reason or skip_reason or "the SSH server was not attacked")
            continue
        faults = [fault for attack, data in outcomes for fault in _find_breaches(attack, data)]
        yield judge(
            check_id,
            faults,
            login_error
            or next((reason for attack, data in outcomes if (reason := _missing_refusal(attack, data))), ""),
        )


def _find_breaches(attack: SshAttack, data: Mapping[str, Any]) -> Iterator[str]:
    if data.get("code") == 0:
        yield f"{attack.name}: the server allowed it"
    elif data.get("reached") is True:
        yield f"{attack.name}: the server tried it"
    if attack.check == "audit/ssh-password" and obs.text(data, "offers") not in {"", "publickey"}:
        yield f"the server offers {obs.text(data, 'offers')}"


def _missing_refusal(attack: SshAttack, data: Mapping[str, Any]) -> str:
    """Return why an attack does not count as refused, or an empty string if the expected message and code came."""
    if data.get("refused") is True and data.get("code") == attack.exit_code:
        return ""
    return f"{attack.name}: not refused explicitly; {obs.text(data, 'output') or 'no message'}"


def _check_traces(observations: Sequence[Observation]) -> Finding:
    observation = obs.last(observations, "audit.traces")
    if observation is None:
        return skip("audit/traces", "there is no token to search for")
    unreadable = obs.texts(observation.data, "unread")
    return judge(
        "audit/traces",
        [f"the token is in {location}" for location in obs.texts(observation.data, "places")],
        f"could not be searched: {', '.join(unreadable)}" if unreadable else "",
    )
