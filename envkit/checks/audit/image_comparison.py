"""Compare a container's image, network and files with what envkit made. Pure."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from envkit.checks import observations as obs
from envkit.checks.audit.comparison import PLAN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from envkit.model.backend import FileEntry

    Values = Mapping[str, Any]

SERVER_FOLDER = "/etc/envkit/"
BUILD_FOLDER = "/opt/envkit/build/"  # its scripts may remove each other
GENERATED = frozenset({"/etc/envkit/jupyter/migrated", "/etc/envkit/requirements.txt"})
NETWORK_FLAGS = ("Internal", "Attachable", "Ingress", "EnableIPv6", "ConfigOnly")
PROTECTED_FOLDERS = ("/opt/", "/etc/envkit", "/etc/ssh", "/root", "/home", "/srv")  # no driver adds a file to them
NETWORK_DRIVER = "bridge"
SHADOW = "/etc/shadow"
ADDED, REMOVED = 1, 2  # kinds of the engine's list of changes; 0 is a change of a folder's entries or of a file
# Mount points that the engine creates, besides the targets of mounts.
ENGINE_FILES = frozenset({"/usr/sbin/docker-init", "/sbin/docker-init", "/etc/hosts", "/etc/hostname", "/etc/mtab"})


def compare_images(
    image_id: str, base_id: str, instructions: tuple[str, ...], images: Values, container_image: str
) -> Iterator[tuple[str, str]]:
    """Yield the faults of an image: another one, other layers than those of the build.

    Args:
        image_id: Id of the image that envkit used.
        base_id: Id of its base image.
        instructions: Keywords of the instructions that built it.
        images: Descriptions of images by id, with the instructions in their history.
        container_image: Id of the container's image.
    """
    if container_image != image_id:
        yield PLAN, f"the container's image is {container_image[:19]}, envkit used {image_id[:19]}"
    image, base = obs.table(images, container_image), obs.table(images, base_id)
    history, base_history = obs.texts(image, "instructions"), obs.texts(base, "instructions")
    if history and instructions and history[-len(instructions) :] != instructions:
        yield PLAN, "the history of the image has other instructions than the Dockerfile"
    elif history and base_history and len(history) != len(instructions) + len(base_history):
        yield PLAN, "the image has other steps between its base and the Dockerfile"
    layers, base_layers = obs.texts(image, "layers"), obs.texts(base, "layers")
    if base_layers and layers[: len(base_layers)] != base_layers:
        yield PLAN, "the image is not built on the planned base image"


def compare_variables(planned: Values, image: Values, base: Values) -> Iterator[tuple[str, str]]:
    """Yield the variables that neither the base image nor envkit set."""
    base_pairs = set(obs.texts(obs.table(base, "config"), "Env"))
    for pair in obs.texts(obs.table(image, "config"), "Env"):
        name, _, value = pair.partition("=")
        if planned.get(name) != value and pair not in base_pairs and pair != "NVIDIA_VISIBLE_DEVICES=void":
            yield "audit/environment", f"the image sets the variable {name}, which is not planned"


def compare_network(
    planned: Values, network: Values, container_id: str, own_prefix: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield the faults of a network: other options, another subnet, other containers.

    Args:
        planned: Name, subnet and options; empty without a network.
        network: The engine's inspection of the network.
        container_id: Id of the environment's container.
        own_prefix: Name prefix of other containers that may be in it, or empty.
    """
    if not planned:
        return
    name = obs.text(planned, "name")
    if not network:
        yield "audit/network", f"the network {name} does not exist"
        return
    if network.get("Driver") != NETWORK_DRIVER:
        yield "audit/network", f"the driver of {name} is {network.get('Driver')}, planned {NETWORK_DRIVER}"
    options, expected = obs.table(network, "Options"), obs.table(planned, "options")
    for key in sorted({*options, *expected}):
        if options.get(key) != expected.get(key):
            yield "audit/network", f"the option {key} of {name} is {options.get(key)}, planned {expected.get(key)}"
    configs = obs.tables(obs.table(network, "IPAM"), "Config")
    subnets = [obs.text(config, "Subnet") for config in configs]
    if planned.get("subnet") and subnets != [planned["subnet"]]:
        yield "audit/network", f"the subnet of {name} is {', '.join(subnets)}, planned {planned['subnet']}"
    yield from (("audit/network", f"{flag} is set for {name}") for flag in NETWORK_FLAGS if network.get(flag) is True)
    for other_id, endpoint in obs.table(network, "Containers").items():
        other_name = obs.text(endpoint, "Name") if isinstance(endpoint, dict) else ""
        if other_id != container_id and not (own_prefix and other_name.startswith(own_prefix)):
            yield "audit/network", f"the container {other_name or other_id[:12]} is in {name}"


def compare_changes(
    changes: Iterable[tuple[str, int]], targets: Iterable[str], *, has_gpu: bool = False
) -> Iterator[tuple[str, str]]:
    """Yield the files that were changed in a container since it was created.

    Args:
        changes: Paths and kinds, as the engine lists them.
        targets: Targets of the container's mounts, which the engine creates.
        has_gpu: Whether the engine adds the files of a GPU's driver, of which only the folders are known.
    """
    created = {*ENGINE_FILES, *targets}
    parents = {parent for path in created for parent in _parents(path)}
    for path, kind in changes:
        is_driver_file = has_gpu and not path.startswith(PROTECTED_FOLDERS)
        if path not in created | parents and not is_driver_file:
            verb = {ADDED: "was added to", REMOVED: "was removed from"}.get(kind, "was changed in")
            yield "audit/tampering", f"{path} {verb} the container's file system"


def compare_files(planned: Mapping[str, str], files: Iterable[FileEntry]) -> Iterator[tuple[str, str]]:
    """Yield the files that differ from those that the build copied, and unknown ones beside the server's settings.

    Args:
        planned: SHA-256 of each file, by path.
        files: Files of the container.
    """
    found = {file.path: file for file in files if file.content is not None}
    if not found:
        return
    for path, digest in sorted(planned.items()):
        file = found.get(path)
        if file is None and not path.startswith(BUILD_FOLDER):
            yield "audit/tampering", f"{path} is missing"
        elif file is not None and hashlib.sha256(file.content or b"").hexdigest() != digest:
            yield "audit/tampering", f"{path} differs from the file that envkit copied"
    for path in sorted(found):
        if path.startswith(SERVER_FOLDER) and path not in planned and path not in GENERATED:
            yield "audit/tampering", f"{path} was not made by envkit"


def find_file_secrets(files: Iterable[FileEntry], token: str) -> Iterator[tuple[str, str]]:
    """Yield the files of a container's system folders that hold a secret: host keys, passwords, the token."""
    for file in files:
        content = file.content or b""
        if token and token.encode() in content:
            yield "audit/secrets", f"{file.path} of the image holds the token"
            yield "audit/traces", f"the token is in {file.path} of the image"
        if b"PRIVATE KEY-----" in content and file.path.startswith(("/etc/ssh/", "/root/", "/etc/envkit/")):
            yield "audit/secrets", f"{file.path} of the image is a private key"
        if file.path == SHADOW:
            for account in _accounts_with_password(content.decode("utf-8", "replace")):
                yield "audit/secrets", f"{account} can log in with a password, by {SHADOW} of the image"


def _accounts_with_password(text: str) -> Iterator[str]:
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        if not rest.startswith(("*", "!")):
            yield name


def _parents(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[:depth]) for depth in range(2, len(parts)))
