"""Containers that are weakened on purpose, and the audit findings about them."""

from __future__ import annotations

import copy
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from envkit.checks import audit
from envkit.model.report import Verdict
from envkit.observe import attack_suite as audit_probes
from envkit.observe import evidence
from tests.support.container_commands import Inside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import docker

    from envkit.backends.backend import Backend
    from envkit.model.report import Finding
    from tests.functional.conftest import SharedEnvironment

PYTHON = "/usr/bin/python3"


@contextmanager
def weakened(engine: docker.DockerClient, like: SharedEnvironment, change: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Start a container with an environment's settings and one change; its program only sleeps."""
    data = copy.deepcopy(engine.api.inspect_container(str(like.container.id)))
    config = {**data["Config"], "Entrypoint": ["/bin/sleep"], "Cmd": ["600"], "Hostname": "weak", "Labels": {}}
    config |= change.get("Config", {})
    host = {**data["HostConfig"], "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}}
    # The environment occupies the ports; published ports are judged from the configuration.
    host |= {"PortBindings": {}, **change.get("HostConfig", {})}
    name = f"envkit-weak-{secrets.token_hex(4)}"
    api: Any = engine.api
    container_id = api.create_container_from_config({**config, "HostConfig": host}, name)["Id"]
    try:
        engine.api.start(container_id)
        yield container_id
    finally:
        engine.api.remove_container(container_id, force=True, v=True)


def failed_checks(findings: Sequence[Finding]) -> set[str]:
    """Return the checks that failed or warned."""
    return {
        finding.check.removeprefix("audit/")
        for finding in findings
        if finding.status in {Verdict.FAILED, Verdict.WARNED}
    }


def audit_inside(envkit_backend: Backend, container: str) -> tuple[Finding, ...]:
    """Return the findings about the container's inside, its settings and its image."""
    inspection = envkit_backend.raw_inspection(container)
    observations = [
        *audit_probes.attack_inside(envkit_backend, container),
        *evidence.take_inventory(envkit_backend, inspection, "", ()),
        audit_probes.image_dates(envkit_backend, container, ""),
    ]
    return audit.check(observations, inspection)


def listens_inside(engine: docker.DockerClient, container: str) -> bool:
    """Check whether a process listens on port 8888 in a container's network."""
    table = Inside(engine.containers.get(container))("cat", "/proc/net/tcp").out.splitlines()
    return any(line.split()[1].endswith(":22B8") and line.split()[3] == "0A" for line in table[1:])
