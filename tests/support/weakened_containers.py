"""Containers that are weakened on purpose, and the audit findings about them."""

from __future__ import annotations

import copy
import io
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from envkit.checks import audit
from envkit.model.report import Verdict
from envkit.observe import attack_suite as audit_probes
from envkit.observe import evidence
from tests.support.container_commands import Inside
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import docker
    from docker.models.containers import Container

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


def recreate(engine: docker.DockerClient, container: Container, change: dict[str, dict[str, Any]]) -> None:
    """Recreate a container under its name with one change, and wait until its health check passes.

    Texts of `Env` that start with `+` are added, and so are binds; `+` stands for the user in `User`.
    """
    api: Any = engine.api
    data = copy.deepcopy(api.inspect_container(container.id))
    config, host = (
        {**data["Config"], **change.get("Config", {})},
        {**data["HostConfig"], **change.get("HostConfig", {})},
    )
    added = [pair.removeprefix("+") for pair in change.get("Config", {}).get("Env", [])]
    config["Env"] = [*data["Config"]["Env"], *added] if added else config["Env"]
    config["User"] = config["User"].replace("+", data["Config"]["User"].partition(":")[0])
    networks = {
        name: {"Aliases": settings["Aliases"]} for name, settings in data["NetworkSettings"]["Networks"].items()
    }
    api.remove_container(container.id, force=True)
    body = {**config, "HostConfig": host, "NetworkingConfig": {"EndpointsConfig": networks}}
    new_id = api.create_container_from_config(body, data["Name"].removeprefix("/"))["Id"]
    api.start(new_id)
    wait_until(
        lambda: api.inspect_container(new_id)["State"]["Health"]["Status"] == "healthy", "the new container is healthy"
    )


@contextmanager
def derived_image(engine: docker.DockerClient, base: str, instructions: Sequence[str]) -> Iterator[str]:
    """Build an image with further instructions of root, and yield its reference."""
    ref = f"envkit-weak:{secrets.token_hex(4)}"
    dockerfile = "\n".join([f"FROM {base}", "USER 0:0", *instructions, "USER 65534:65534"])
    engine.images.build(fileobj=io.BytesIO(dockerfile.encode()), tag=ref)
    try:
        yield ref
    finally:
        engine.images.remove(ref, force=True)


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
