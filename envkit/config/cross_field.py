"""Rules between keys. They check the values as written, so they also apply to configs with other problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkit.config.display import KeyPath


def find_conflicts(value: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield the key and the message of each conflict."""
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
            yield path, "another mount or volume has this target; use a different target"
        elif isinstance(target, str):
            used.add(target)


def _duplicate_port(value: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    ssh = _mapping(value, "ssh")
    port = ssh.get("port")
    if ssh.get("publish") is True and port is not None and port == _mapping(value, "jupyter").get("port"):
        yield ("ssh", "port"), f"jupyter.port is {port} too; use different ports"


def _unreachable_services(value: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    jupyter, network = _mapping(value, "jupyter"), _mapping(value, "network").get("mode")
    if jupyter.get("socket") is True and jupyter.get("port") is not None:
        yield ("jupyter", "port"), "jupyter.socket is true, so JupyterLab has no port; remove one of the two"
    if network == "none" and jupyter.get("socket") is not True:
        yield ("network", "mode"), "without a network, JupyterLab has no port; add jupyter: {socket: true}"
    if network == "none" and _mapping(value, "ssh").get("publish") is True:
        yield ("ssh", "publish"), "network.mode is none, so no port can be published; remove one of the two"


def _overridden_variables(value: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    env = _mapping(value, "env")
    for name in _mapping(value, "secrets"):
        if f"{name}_FILE" in env:
            yield ("env", f"{name}_FILE"), f"the secret {name} sets this variable; remove it here"


def _unused_login(value: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    build = _mapping(value, "build")
    if build.get("netrc") is None:
        return
    if build.get("index") is None:
        yield (
            ("build", "netrc"),
            "build.netrc is unused without build.index; add build.index, or remove build.netrc",
        )
    if build.get("builder") == "classic":
        message = "the classic builder would store the login of build.netrc in the image; use buildx or auto"
        yield ("build", "builder"), message


def _mapping(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    section = value.get(key)
    return section if isinstance(section, dict) else {}
