"""Collect the evidence that the audit compares with what envkit made: from the engine and from this host.

None of it depends on a program that the workspace can replace. The engine itself reports settings, networks, images,
changed files, and the files of system folders. That shows that the programs in the container are those of the image.
Only then does the inventory run one of them: the server's Python, without the user's settings, and as a user whom the
workspace can neither trace nor signal.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from envkit import naming
from envkit.checks import observations as obs
from envkit.errors import EngineError
from envkit.model.evidence import Evidence
from envkit.net import relays
from envkit.observe import guest_runner
from envkit.render import image_contents

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from envkit.backends.backend import Backend
    from envkit.model.last_applied import LastApplied
    from envkit.model.report import Observation
    from envkit.net.relays import Address

# Folders of the server's settings and programs, and of accounts: small, and read completely.
SYSTEM_FOLDERS = ("/etc", "/opt/envkit", "/root", "/srv")
INVENTORY = frozenset(
    {
        "inventory.files",
        "inventory.mounts",
        "inventory.processes",
        "inventory.network",
        "inventory.gateway",
        "inventory.ended",
    }
)
INVENTORY_S = 75.0
OTHER_USERS = ("65534", "65533")  # of nobody: no file of the image belongs to it
NO_RECORD = "there is no record of what envkit made; envkit up writes it"


def collect(
    backend: Backend,
    inspection: Mapping[str, Any],
    record: LastApplied | None,
    *,
    name_prefix: str,
    labels: Mapping[str, str],
    token: str,
) -> Evidence:
    """Collect what the engine reports, or the reason why it cannot be collected.

    Args:
        backend: Backend of the environment.
        inspection: The engine's inspection of its container.
        record: What envkit made, or None.
        name_prefix: Name prefix of this audit's temporary containers.
        labels: Labels of the temporary container.
        token: Token of the environment, or empty.
    """
    if record is None:
        return Evidence(token=token, problem=NO_RECORD)
    container = str(inspection["Id"])
    try:
        images = (record.image_id, record.base_id, str(inspection["Image"]))
        surroundings = backend.describe_surroundings(container, obs.text(record.network, "name"), images)
        for image in surroundings["images"].values():
            image["instructions"] = image_contents.history_keywords(image["history"])
        known_image = record.image_id if record.image_id in surroundings["images"] else str(inspection["Image"])
        planned = backend.planned_inspection(record.request, known_image, f"{name_prefix}plan", labels)
        files = tuple(file for folder in SYSTEM_FOLDERS for file in backend.read_files(container, folder))
    except EngineError as error:
        return Evidence(record, token=token, problem=f"the engine does not answer as expected: {error.message}")
    return Evidence(record, planned, surroundings, files, token=token, own_prefix=name_prefix)


def find_relays(inspection: Mapping[str, Any], listeners: Collection[Address]) -> tuple[str, ...]:
    """Return those listeners of this host that lead other machines to the workspace."""
    return relays.find_relays(listeners, _addresses(inspection))


def take_inventory(
    backend: Backend, inspection: Mapping[str, Any], token: str, host_ports: tuple[int, ...]
) -> list[Observation]:
    """Take stock of a running container.

    Args:
        backend: Backend of the environment.
        inspection: The engine's inspection of its container.
        token: Token to search the image for, or empty.
        host_ports: Ports on which the engine's machine listens.
    """
    uid, _, gid = obs.text(obs.table(inspection, "Config"), "User").partition(":")
    arguments = {
        "uid": _number(uid),
        "gid": _number(gid),
        "ports": [naming.JUPYTER_PORT, *([naming.SSH_PORT] if _publishes_ssh(inspection) else [])],
        "host_ports": list(host_ports),
    }
    user = next(other for other in OTHER_USERS if other != uid)
    collector = guest_runner.Collector(allowed_names=INVENTORY)
    guest_runner.run(
        backend,
        str(inspection["Id"]),
        "inventory",
        collector,
        json.dumps(arguments),
        limit_s=INVENTORY_S,
        python=guest_runner.TRUSTED_PYTHON,
        user=f"{user}:{user}",
        secret=token,
    )
    return collector.observations


def _addresses(inspection: Mapping[str, Any]) -> set[Address]:
    settings = obs.table(inspection, "NetworkSettings")
    ports, addresses = obs.table(settings, "Ports"), set()
    for port, bindings in ports.items():
        number = _number(port.partition("/")[0])
        for binding in bindings or ():
            addresses.add(("127.0.0.1", _number(binding.get("HostPort", ""))))
        for network in obs.table(settings, "Networks").values():
            if address := obs.text(network, "IPAddress"):
                addresses.add((address, number))
    return addresses


def _publishes_ssh(inspection: Mapping[str, Any]) -> bool:
    return bool((obs.table(obs.table(inspection, "NetworkSettings"), "Ports")).get(f"{naming.SSH_PORT}/tcp"))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0
