"""Compare two containers of envkit and Docker Compose, setting by setting, as `docker inspect` shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LABEL = "Config.Labels.com.docker.compose"
# Settings that may differ, and why.
IGNORED = {
    f"{LABEL}.config-hash": "Compose's digest of the file; envkit writes a placeholder",
    f"{LABEL}.depends_on": "empty here; used by Compose only",
    f"{LABEL}.image": "the image's id, which the container also has; used by Compose only",
    f"{LABEL}.replace": "the container that this one replaced",
    f"{LABEL}.version": "the version of Compose that created it",
    "Network.EndpointID": "an id of this start",
    "Network.NetworkID": "an id of this network, which is recreated after a `down`",
    "Network.IPAddress": "assigned at each start",
    "Network.MacAddress": "derived from the IP address",
}


def differences(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, tuple[object, object]]:
    """Return every setting that differs and is not ignored, by its path, with both values."""
    left_settings, right_settings = dict(_settings(left)), dict(_settings(right))
    return {
        path: (left_settings.get(path), right_settings.get(path))
        for path in sorted(left_settings | right_settings)
        if path not in IGNORED and left_settings.get(path, ...) != right_settings.get(path, ...)
    }


def _settings(attrs: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    config = dict(attrs["Config"])
    # The engine keeps variables and mounts as unordered lists, so they are compared by name and target.
    config["Env"] = dict(pair.split("=", 1) for pair in config["Env"])
    host = {**attrs["HostConfig"], "Mounts": _index_by(attrs["HostConfig"].get("Mounts"), "Target")}
    yield from _leaves("Config", config)
    yield from _leaves("HostConfig", host)
    yield from _leaves("Mounts", _index_by(attrs["Mounts"], "Destination"))
    networks = attrs["NetworkSettings"]["Networks"]
    yield "Networks", sorted(networks)
    for network in networks.values():
        # The aliases include the container's short id.
        names = sorted(set(network["Aliases"] or ()) - {attrs["Id"][:12]})
        yield from _leaves("Network", {**network, "Aliases": names})


def _index_by(entries: list[dict[str, Any]] | None, key: str) -> dict[str, Any]:
    return {str(entry[key]): entry for entry in entries or ()}


def _leaves(path: str, value: Any) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict) and value:
        for key, child in value.items():
            yield from _leaves(f"{path}.{key}", child)
    else:
        yield path, value
