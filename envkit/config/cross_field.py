"""Rules that two keys break together. They look at the written values, so they speak beside any other problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkit.config.display import KeyPath


def find_conflicts(value: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield the key and the message of each rule that is broken."""
    yield from _duplicate_targets(value)
    yield from _duplicate_port(value)
    yield from _unreachable_services(value)
    yield from _overridden_variables(value)
    yield from _unused_login(value)


def _duplicate_targets(value: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    mounts = value.get("mounts")
    targets: list[tuple[KeyPath, Any]] = [
        (("mounts", index, "target"), mount.get("target"))
        for index, mount in enumerate(mounts if isinstance(mounts, list | tuple) else ())
        if isinstance(mount, dict)
    ]
    targets += [(("volumes", name), target) for name, target in _mapping(value, "volumes").items()]
    used: set[str] = set()
    for path, target in targets:
        if isinstance(target, str) and target in used:
            yield path, "something else is mounted there already; give each mount and volume its own target"
        elif isinstance(target, str):
            used.add(target)


def _duplicate_port(value: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    ssh = _mapping(value, "ssh")
    port = ssh.get("port")
    if ssh.get("publish") is True and port is not None and port == _mapping(value, "jupyter").get("port"):
        yield ("ssh", "port"), f"jupyter.port is {port} too; give each its own port"


def _unreachable_services(value: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    jupyter, network = _mapping(value, "jupyter"), _mapping(value, "network").get("mode")
    if jupyter.get("socket") is True and jupyter.get("port") is not None:
        yield ("jupyter", "port"), "jupyter.socket is true, and then it listens at no port; take one of the two out"
    if network == "none" and jupyter.get("socket") is not True:
        yield ("network", "mode"), "without a network no port leads to JupyterLab; add jupyter: {socket: true}"
    if network == "none" and _mapping(value, "ssh").get("publish") is True:
        yield ("ssh", "publish"), "network.mode is none, and then no port is published; take one of the two out"


def _overridden_variables(value: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    env = _mapping(value, "env")
    for name in _mapping(value, "secrets"):
        if f"{name}_FILE" in env:
            yield ("env", f"{name}_FILE"), f"the secret {name} sets this variable; take it out here"


def _unused_login(value: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    build = _mapping(value, "build")
    if build.get("netrc") is None:
        return
    if build.get("index") is None:
        yield ("build", "netrc"), "it is the login for build.index, which is not set; add that, or take this out"
    if build.get("builder") == "classic":
        message = "the classic builder would keep what build.netrc holds in the image; write builder: buildx, or auto"
        yield ("build", "builder"), message


def _mapping(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    section = value.get(key)
    return section if isinstance(section, dict) else {}
