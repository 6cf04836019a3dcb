"""Attack an environment from inside, from this host and from other containers, and scan for leaks of its token."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from envkit.checks import observations as lines
from envkit.concurrency import submit
from envkit.errors import EnvkitError
from envkit.model.report import Observation
from envkit.net import relays
from envkit.observe import evidence, guest_runner, http_attacks, network_attacks, ssh_attacks, ssh_audit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from envkit.backends.backend import Backend
    from envkit.model.evidence import Evidence
    from envkit.model.last_applied import LastApplied

    # Opens a loopback port to JupyterLab, and yields it with a function that checks whether it still leads there.
    OpenPort = Callable[[], AbstractContextManager[tuple[int, Callable[[], bool]]]]

STAGE_S = 120  # more than the sum of all attempts' limits
LIMIT_S = 150.0
LOG_LINES = 2000  # more than an audit's requests cause
CANARY_PLACE = "the server's log, which shows tokens of failed requests"
# Observations accepted from container code, which could print any others, such as those of attacks from outside.
GUEST_OBSERVATIONS = frozenset(
    {
        "audit.identity",
        "audit.escapes",
        "audit.tampering",
        "audit.variables",
        "audit.secrets",
        "audit.sshd",
        "audit.socket",
        "audit.packages",
        "ended",
        "done",
    }
)


def run_attacks(
    backend: Backend,
    container: str,
    *,
    base: str,
    open_port: OpenPort,
    ssh_port: int,
    is_ours: Callable[[], bool],
    token: str,
    ssh_config: Path,
    owner: int,
    name_prefix: str,
    labels: Mapping[str, str],
    record: LastApplied | None,
    on_progress: Callable[[str], None],
) -> tuple[tuple[Observation, ...], dict[str, Any], Evidence]:
    """Collect evidence and run all attacks.

    Attacks that mostly wait run in parallel with those on the servers. An interrupt does not wait for them, and
    removes their programs and containers.

    Returns:
        The observations, the engine's inspection of the container without the token, and the evidence.

    Args:
        backend: Backend of the environment.
        container: Name of its container.
        base: Id of the base image, or empty.
        open_port: Function that opens a port to JupyterLab; the token is sent only there.
        ssh_port: Port of its SSH server, or 0.
        is_ours: Function that checks whether envkit's container holds the ports now; otherwise nothing is sent.
        token: Token of the environment, or empty.
        ssh_config: Config file of the SSH client for this environment.
        owner: UID of the environment's owner.
        name_prefix: Name prefix of the attacking containers.
        labels: Labels of the attacking containers.
        record: What envkit made of the environment, or None.
        on_progress: Callback for progress.
    """
    inspected = backend.raw_inspection(container)
    on_progress("comparing with what envkit made")
    evidence_future = submit(
        partial(evidence.collect, backend, inspected, record, name_prefix=name_prefix, labels=labels, token=token)
    )
    # Before the attacks: their connections to the workspace would look like those of a relay.
    local_listeners = relays.public_listeners() if backend.capabilities.local_ports else ()
    relay_addresses = evidence.find_relays(inspected, local_listeners)
    # Also before the attacks: while an engine reads files of a container, it does not answer other questions about it.
    collected = evidence_future.result()
    on_progress("connecting from other containers")
    with network_attacks.probe_in_background(
        backend, inspected, owner=owner, name_prefix=name_prefix, labels=labels
    ) as network_results:
        on_progress("attacking from inside")
        guest_future = submit(partial(attack_inside, backend, container, record.sshd_config if record else ""))
        host_ports = tuple(sorted({port for _, port in local_listeners}))
        inventory_future = submit(partial(evidence.take_inventory, backend, inspected, token, host_ports))
        observations = [
            *attack_jupyter(open_port, token, on_progress),
            *ssh_attacks.run_attacks(ssh_config, container, on_progress),
            ssh_audit.audit_port(ssh_port, is_ours),
        ]
        observations += [*network_results(), *guest_future.result(), *inventory_future.result()]
        observations.append(image_dates(backend, container, base))
    if token:  # last, after every opportunity to leak it
        leaks, unreadable = backend.find_leaks(container, token)
        places = [*leaks, *_find_canary(backend, container, observations)]
        observations.append(Observation("audit.traces", {"places": places, "unread": list(unreadable)}))
    redacted: dict[str, Any] = http_attacks.redact(inspected, [token])
    redacted_observations = http_attacks.redact_observations(observations, [token])
    return redacted_observations, redacted, replace(collected, relays=relay_addresses)


def attack_jupyter(open_port: OpenPort, token: str, on_progress: Callable[[str], None]) -> tuple[Observation, ...]:
    """Attack JupyterLab from outside, or report why it is unreachable."""
    try:
        with open_port() as (port, is_ours):
            return http_attacks.run_attacks(port, token, is_ours, on_progress)
    except EnvkitError as error:
        return (Observation("audit.stopped", {"why": error.message}),)


def attack_inside(backend: Backend, container: str, sshd_config: str = "") -> list[Observation]:
    """Run the attacks inside the container, as the workspace's user but with none of its programs.

    Args:
        backend: Backend of the environment.
        container: Name of its container.
        sshd_config: Planned settings of the SSH server, or empty.
    """
    collector = guest_runner.Collector(allowed_names=GUEST_OBSERVATIONS)
    arguments = (str(STAGE_S), sshd_config)
    python = guest_runner.TRUSTED_PYTHON
    guest_runner.run(backend, container, "audit", collector, *arguments, limit_s=LIMIT_S, python=python)
    return collector.observations


def _find_canary(backend: Backend, container: str, observations: Sequence[Observation]) -> list[str]:
    """Return whether a made-up token that was sent to the server is in its log."""
    canary = lines.text(lines.data(observations, "audit.canary"), "token")
    if not canary:
        return []
    log = b"".join(backend.logs(container, lines=LOG_LINES))
    return [CANARY_PLACE] if canary.encode() in log else []


def image_dates(backend: Backend, container: str, base: str) -> Observation:
    """Return the image's dates by the engine's clock, and the current date by this host's."""
    today = datetime.now(timezone.utc).date().isoformat()
    return Observation("audit.image", {**asdict(backend.image_dates(container, base)), "today": today})
