"""Two containers made by different hands, as `docker inspect` shows them: where they differ, setting by setting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LABEL = "Config.Labels.com.docker.compose"
# What may differ, and why.
IGNORED = {
    f"{LABEL}.config-hash": "Compose's digest of its own reading of the file; envkit writes a stand-in",
    f"{LABEL}.depends_on": "empty here; Compose notes it for itself",
    f"{LABEL}.image": "the image's id, which the container names too; Compose notes it for itself",
    f"{LABEL}.replace": "which container this one replaced",
    f"{LABEL}.version": "which Compose made it",
    "Network.EndpointID": "a number of this start",
    "Network.NetworkID": "a number of this network, which is made anew after a `down`",
    "Network.IPAddress": "given out at each start",
    "Network.MacAddress": "follows from the address",
}


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[object, object]]:
    """Return every setting that differs and is not ignored, by its path, with both values."""
    left, right = dict(_settings(one)), dict(_settings(other))
    return {
        path: (left.get(path), right.get(path))
        for path in sorted(left | right)
        if path not in IGNORED and left.get(path, ...) != right.get(path, ...)
    }


def _settings(found: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    config = dict(found["Config"])
    # The engine keeps both as lists, in no order of its own; a variable's or a place's name is what identifies it.
    config["Env"] = dict(pair.split("=", 1) for pair in config["Env"])
    host = {**found["HostConfig"], "Mounts": _by(found["HostConfig"].get("Mounts"), "Target")}
    yield from _leaves("Config", config)
    yield from _leaves("HostConfig", host)
    yield from _leaves("Mounts", _by(found["Mounts"], "Destination"))
    networks = found["NetworkSettings"]["Networks"]
    yield "Networks", sorted(networks)
    for network in networks.values():
        # Among its names on the network is its own short id.
        names = sorted(set(network["Aliases"] or ()) - {found["Id"][:12]})
        yield from _leaves("Network", {**network, "Aliases": names})


def _by(entries: list[dict[str, Any]] | None, key: str) -> dict[str, Any]:
    return {str(entry[key]): entry for entry in entries or ()}


def _leaves(path: str, value: Any) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict) and value:
        for key, one in value.items():
            yield from _leaves(f"{path}.{key}", one)
    else:
        yield path, value
