"""Find every difference between an environment and what envkit made of it, by check. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envkit.checks import observations as obs
from envkit.checks.audit import comparison, http, image_comparison, inventory, ssh_settings, state_folder
from envkit.checks.audit.finding import judge
from envkit.config.env_vars import holds_password, looks_like_secret
from envkit.model.report import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from envkit.model.evidence import Evidence
    from envkit.model.report import Finding, Observation


def find_all(
    observations: Sequence[Observation], inspection: Mapping[str, Any], evidence: Evidence
) -> dict[str, list[str]]:
    """Return the faults of each check.

    Args:
        observations: Results of the inventory, of the SSH server and of the state folder.
        inspection: Output of `docker inspect` for the container.
        evidence: What envkit made, and what the engine reports.
    """
    faults: dict[str, list[str]] = {}
    for check_id, fault in _find(observations, inspection, evidence):
        if fault not in faults.setdefault(check_id, []):
            faults[check_id].append(fault)
    return faults


def merge(finding: Finding, faults: Sequence[str]) -> Finding:
    """Add faults to a finding, which then fails."""
    if not faults:
        return finding
    known = finding.data.get("faults", ()) if finding.status in {Verdict.FAILED, Verdict.WARNED} else ()
    return judge(finding.check, [*known, *(fault for fault in faults if fault not in known)])


def check_plan(observations: Sequence[Observation], evidence: Evidence) -> Finding:
    """Build the finding of the comparison itself: unknown if it is incomplete."""
    reason = (
        evidence.problem
        or inventory.unknown_reason(observations)
        or ssh_settings.unknown_reason(obs.data(observations, "audit.sshd"))
    )
    return judge(comparison.PLAN, (), reason)


def _find(
    observations: Sequence[Observation], inspection: Mapping[str, Any], evidence: Evidence
) -> Iterator[tuple[str, str]]:
    yield from http.further_faults(observations)
    sshd_faults = tuple(ssh_settings.find_differences(obs.data(observations, "audit.sshd")))
    yield from sshd_faults
    yield from state_folder.find_differences(obs.data(observations, "audit.state"), sshd_differs=bool(sshd_faults))
    yield from image_comparison.find_file_secrets(evidence.files, evidence.token)
    for address in evidence.relays:
        yield "audit/ports", f"{address} of this host leads other machines to the workspace"
    record, planned = evidence.record, evidence.planned
    if record is None or not planned:
        return
    yield from inventory.find_differences(observations, planned, inspection)
    yield from comparison.compare_containers(planned, inspection)
    images, image_id = obs.table(evidence.surroundings, "images"), obs.text(inspection, "Image")
    image_labels = obs.table(obs.table(obs.table(images, record.image_id), "config"), "Labels")
    yield from comparison.compare_labels(
        {**image_labels, **obs.table(record.request, "Labels")}, obs.table(obs.table(inspection, "Config"), "Labels")
    )
    for name, value in comparison.unplanned_variables(planned, inspection).items():
        if value and (looks_like_secret(name) or holds_password(value)):
            yield "audit/secrets", f"the variable {name} holds a secret"
    yield from image_comparison.compare_images(record.image_id, record.base_id, record.instructions, images, image_id)
    yield from image_comparison.compare_variables(
        record.variables, obs.table(images, image_id), obs.table(images, record.base_id)
    )
    network = obs.table(evidence.surroundings, "network")
    container_id = obs.text(inspection, "Id")
    yield from image_comparison.compare_network(record.network, network, container_id, evidence.own_prefix)
    targets = [obs.text(mount, "Destination") for mount in obs.tables(inspection, "Mounts")]
    targets += obs.table(obs.table(inspection, "HostConfig"), "Tmpfs")
    changes = evidence.surroundings.get("changes", ())
    yield from image_comparison.compare_changes(changes, targets, has_gpu=inventory.has_gpu(planned))
    yield from image_comparison.compare_files(record.image_files, evidence.files)
