"""Environments weakened on purpose, and what an audit finds of them."""

from __future__ import annotations

import copy
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from envkit.backends.docker import leak_scan
from envkit.checks import audit
from envkit.model.report import Verdict
from envkit.observe import attack_suite as audit_probes
from tests.functional.inside import Inside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import docker

    from envkit.backends.docker.client import Engine
    from envkit.model.report import Finding
    from tests.functional.conftest import SharedEnvironment

PYTHON = "/usr/bin/python3"


@contextmanager
def weakened(engine: docker.DockerClient, like: SharedEnvironment, change: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Start a container with the settings of an environment and one of them changed; its program only waits."""
    data = copy.deepcopy(engine.api.inspect_container(str(like.container.id)))
    config = {**data["Config"], "Entrypoint": ["/bin/sleep"], "Cmd": ["600"], "Hostname": "weak", "Labels": {}}
    config |= change.get("Config", {})
    host = {**data["HostConfig"], "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}}
    # Its ports are another environment's already, and what is published is judged from what was asked for.
    host |= {"PortBindings": {}, **change.get("HostConfig", {})}
    name = f"envkit-weak-{secrets.token_hex(4)}"
    api: Any = engine.api
    made = api.create_container_from_config({**config, "HostConfig": host}, name)["Id"]
    try:
        engine.api.start(made)
        yield made
    finally:
        engine.api.remove_container(made, force=True, v=True)


def failures(found: Sequence[Finding]) -> set[str]:
    """Return the checks that failed or warned."""
    return {one.check.removeprefix("audit/") for one in found if one.status in {Verdict.FAILED, Verdict.WARNED}}


def looked_inside(reached: Engine, container: str) -> tuple[Finding, ...]:
    """Return what is found inside, in the settings and of the image."""
    seen = [*audit_probes.attack_inside(reached, container), audit_probes.image_dates(reached, container, "")]
    return audit.check(seen, leak_scan.inspect_container(reached, container))


def listens_inside(engine: docker.DockerClient, container: str) -> bool:
    """Say whether something listens at port 8888 of a container's own network."""
    table = Inside(engine.containers.get(container))("cat", "/proc/net/tcp").out.splitlines()
    return any(line.split()[1].endswith(":22B8") and line.split()[3] == "0A" for line in table[1:])
