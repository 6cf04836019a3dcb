"""Attack an environment from everywhere, and look for its token where it must not be."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from envkit.backends.docker import leak_scan
from envkit.concurrency import submit
from envkit.errors import EnvkitError
from envkit.model.report import Observation
from envkit.observe import guest_runner, http_attacks, network_attacks, ssh_attacks, ssh_audit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from envkit.backends.docker.client import Engine

    # Opens a way to JupyterLab: a port of this host's loopback, and whether it still leads there at this moment.
    OpenPort = Callable[[], AbstractContextManager[tuple[int, Callable[[], bool]]]]

STAGE_S = 120  # more than all attempts together may take
LIMIT_S = 150.0
# What is looked at inside. Nothing else that is printed there is believed to be a look: not one at what is outside.
GUEST_OBSERVATIONS = frozenset(
    {
        "audit.identity",
        "audit.escapes",
        "audit.tampering",
        "audit.rights",
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
    engine: Engine,
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
    on_progress: Callable[[str], None],
) -> tuple[tuple[Observation, ...], dict[str, Any]]:
    """Attack; returns what came of it, and what the engine says of the container. The token stands in neither.

    What mostly waits goes on beside the attacks on the servers. An interrupt waits for none of the attacks, and takes
    their programs and containers away.

    Args:
        engine: Where.
        container: Its name.
        base: Id of the image that its own was built on, or empty.
        open_port: Leads to JupyterLab. Nothing is sent when it does not, and the token to nobody else.
        ssh_port: Where its SSH server answers, or 0.
        is_ours: Says whether our container holds its ports at this moment; else nothing is sent there.
        token: The right one, or empty.
        ssh_config: The client's config file for this environment.
        owner: Whose environment it is.
        name_prefix: How the names of other containers begin that knock at it.
        labels: Of those.
        on_progress: Gets the news.
    """
    inspected = leak_scan.inspect_container(engine, container)
    on_progress("knocking from other containers")
    with network_attacks.probe_in_background(
        engine, inspected, owner=owner, name_prefix=name_prefix, labels=labels
    ) as network_results:
        on_progress("attacking from inside")
        guest_future = submit(partial(attack_inside, engine, container))
        observations = [
            *attack_jupyter(open_port, token, on_progress),
            *ssh_attacks.run_attacks(ssh_config, container, on_progress),
            ssh_audit.audit_port(ssh_port, is_ours),
        ]
        observations += [*network_results(), *guest_future.result(), image_dates(engine, container, base)]
    if token:  # last: by now it had every occasion to leak
        leaks, unreadable = leak_scan.find_leaks(engine, container, token)
        observations.append(Observation("audit.traces", {"places": list(leaks), "unread": list(unreadable)}))
    redacted: dict[str, Any] = http_attacks.redact(inspected, [token])
    return http_attacks.redact_observations(observations, [token]), redacted


def attack_jupyter(open_port: OpenPort, token: str, on_progress: Callable[[str], None]) -> tuple[Observation, ...]:
    """Attack JupyterLab from outside, or tell why no way leads there."""
    try:
        with open_port() as (port, is_ours):
            return http_attacks.run_attacks(port, token, is_ours, on_progress)
    except EnvkitError as error:
        return (Observation("audit.stopped", {"why": error.message}),)


def attack_inside(engine: Engine, container: str) -> list[Observation]:
    """Attack from inside, as the workspace's user."""
    collector = guest_runner.Collector(allowed_names=GUEST_OBSERVATIONS)
    guest_runner.run(engine, container, "audit", collector, str(STAGE_S), limit_s=LIMIT_S)
    return collector.observations


def image_dates(engine: Engine, container: str, base: str) -> Observation:
    """Look how old the image is, by the engine's clock, and which day it is, by ours."""
    today = datetime.now(timezone.utc).date().isoformat()
    return Observation("audit.image", {**leak_scan.image_dates(engine, container, base), "today": today})
