"""Inspect the host with all probes in parallel."""

from __future__ import annotations

import importlib
import os
import time
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from envkit import backends, distribution, host, process, state
from envkit.backends import endpoint
from envkit.concurrency import submit
from envkit.errors import EnvkitError
from envkit.fs import files
from envkit.model.report import Observation
from envkit.net import http, ports
from envkit.observe import port_owner
from envkit.resolve import allocation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkit.model.facts import EngineFacts

LIMIT_S = 1.5  # for all probes together: a slower one is reported as not answered
NETWORK_S = 1.3
# Reads the sources lists only, neither package lists nor the network.
LIST_SOURCES = ["apt-get", "-o", "Dir::State::lists=/nonexistent", "indextargets", "--format", "$(SITE)"]
PROGRAMS = ("ssh", "rsync", "docker")


def inspect_host(
    *,
    official_image: str,
    has_fallback: bool,
    mirror: str,
    index: str,
    index_login: str,
    skip_reasons: Mapping[str, str],
    port: int,
    is_configured: bool,
    own_container: str,
    proxies: Mapping[str, str],
    pools: tuple[str, ...],
) -> tuple[tuple[Observation, ...], EngineFacts | None]:
    """Run every probe of the host.

    Args:
        official_image: Image to request from its registry, or empty for none.
        has_fallback: Whether another base image is used if that one is unavailable.
        mirror: URL of a file on the Debian mirror that builds install from.
        index: URL of the Python package index, or empty for pip's default.
        index_login: Login of that index as `user:password`, or empty.
        skip_reasons: Reasons of skipped probes, by name.
        port: Port that JupyterLab would use.
        is_configured: Whether the config sets that port.
        own_container: Container of the workspace, which may hold the port, or empty.
        proxies: Proxies of the build.
        pools: Ranges for the networks of environments, in order of preference.

    Returns:
        Observations, and the engine's facts if it answered.
    """
    facts: list[EngineFacts] = []
    probes: dict[str, Callable[[], Mapping[str, Any]]] = {
        "host.engine": lambda: _inspect_engine(facts),
        "host.registry": lambda: _check_registry(official_image, has_fallback=has_fallback),
        "host.mirror": lambda: _check_url(mirror, proxies),
        "host.index": lambda: _check_url(index or _default_index(), proxies, index_login),
        "host.machine": _inspect_machine,
        "host.port": lambda: _inspect_port(port, own_container, is_configured=is_configured),
        "host.subnet": lambda: _inspect_subnet(pools),
        "host.state": _inspect_state,
        "host.apt": _check_apt,
        "host.distribution": lambda: {"foreign": distribution.foreign_version()},
    }
    probes |= {name: partial(_skip, reason) for name, reason in skip_reasons.items()}
    with suppress(EnvkitError):  # `_inspect_engine` reports it
        backends.preload(endpoint.current_endpoint())
    late_data = {
        "host.mirror": _describe_proxy(mirror, proxies),
        "host.index": _describe_proxy(index or "https://", proxies),
    }
    start = time.monotonic()
    futures = {name: submit(partial(_measure, probe)) for name, probe in probes.items()}
    observations = []
    for name, future in futures.items():
        try:
            data, seconds = future.result(max(0.01, start + LIMIT_S - time.monotonic()))
        except FutureTimeoutError:
            data, seconds = {"late": True, **late_data.get(name, {})}, time.monotonic() - start
        observations.append(Observation(name, data, seconds))
    return tuple(observations), facts[0] if facts else None


def _measure(
    probe: Callable[[], Mapping[str, Any]], clock: Callable[[], float] = time.monotonic
) -> tuple[dict[str, Any], float]:
    """Run a probe, and return its data and its own duration, without the time spent waiting for other probes."""
    start = clock()
    try:
        data = dict(probe())
    except Exception as error:  # noqa: BLE001 - a failed probe is an observation, too
        data = {"error": {"type": type(error).__name__, "message": str(error)}}
    return data, clock() - start


def _inspect_engine(facts: list[EngineFacts]) -> Mapping[str, Any]:
    try:
        backend = backends.connect(endpoint.current_endpoint())
        engine_facts = backend.facts()
        info: dict[str, Any] = asdict(backend.details())
    except EnvkitError as error:
        return {"refused": {"message": error.message, "detail": error.detail, "hint": error.hint}}
    facts.append(engine_facts)
    try:
        backend.refuse_unsupported(engine_facts, host.machine())
    except EnvkitError as error:
        info = {**info, "unsupported": {"message": error.message, "hint": error.hint}}
    return {
        **info,
        "endpoint": engine_facts.endpoint,
        "version": engine_facts.version,
        "gpu_roads": list(engine_facts.gpu_methods),
        "free_mib": _free_mib(str(info.get("root") or "")),
    }


def _skip(reason: str) -> Mapping[str, Any]:
    return {"skipped": reason}


def _inspect_port(port: int, own_container: str, *, is_configured: bool) -> Mapping[str, Any]:
    if port not in ports.busy():
        return {"port": port, "holder": None, "named": is_configured, "ours": False}
    engine_endpoint, backend = endpoint.current_endpoint(), None
    is_ours = bool(own_container) and backends.fast(engine_endpoint).owns_port(own_container, port)
    with suppress(EnvkitError):
        backend = backends.connect(engine_endpoint)
    owner = port_owner.find_owner(backend, engine_endpoint, port, ports.listener(port))
    return {"port": port, "holder": owner, "named": is_configured, "ours": is_ours}


def _inspect_subnet(pools: tuple[str, ...]) -> Mapping[str, Any]:
    engine_subnets: tuple[str, ...] = ()
    with suppress(EnvkitError):  # without an engine, the host's routes still count
        engine_subnets = backends.connect(endpoint.current_endpoint()).actual_state("", ()).subnets
    try:
        subnet = allocation.subnet(pools, "", allocation.used_subnets(ports.routes(), engine_subnets))
    except EnvkitError as error:
        return {"refused": {"message": error.message, "detail": error.detail, "hint": error.hint}}
    return {"subnet": subnet, "preferred": allocation.in_pool(subnet, pools[0]), "pool": pools[0]}


def _free_mib(root: str) -> int | None:
    """Return the free space of the image storage, by the nearest folder that the caller may access."""
    for folder in (Path(root), *Path(root).parents) if root else ():
        try:
            filesystem = os.statvfs(folder)
        except OSError:
            continue
        return filesystem.f_bavail * filesystem.f_frsize >> 20
    return None


def _check_registry(official_image: str, *, has_fallback: bool) -> Mapping[str, Any]:
    if not official_image:
        return {}
    backend = backends.connect(endpoint.current_endpoint())
    problem = backend.check_image(official_image)
    reason, hint = (problem.reason, problem.hint) if problem else ("", "")
    return {"image": official_image, "why": reason, "hint": hint, "spare": has_fallback}


def _check_url(url: str, proxies: Mapping[str, str], login: str = "") -> Mapping[str, Any]:
    if not url:
        return {}
    address, url_login = _split_login(url)
    login = login or url_login
    if not address:
        return {"skipped": "it is not an http or https URL; envkit checks only those"}
    answer = http.send_head(address, proxies, timeout_s=NETWORK_S, login=login)
    return {
        "url": address.partition("?")[0],
        "status": answer.status,
        "output": "" if answer.status else answer.body.decode("utf-8", "replace"),
        "date": answer.headers.get("date", ""),
        "now": time.time(),
        **_describe_proxy(address, proxies),
    }


def _describe_proxy(url: str, proxies: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variable of the proxy that a request uses, and its address without the login; nothing without one."""
    parts = urlsplit(url)
    variable = f"{parts.scheme}_proxy"
    if not proxies.get(variable) or http.is_proxy_bypassed(parts.netloc):
        return {}
    scheme, separator, rest = proxies[variable].rpartition("://")
    return {"proxy": variable, "proxy_address": f"{scheme}{separator}{rest.rpartition('@')[2]}"}


def _split_login(url: str) -> tuple[str, str]:
    """Split a URL into the URL without its login, and the login; the URL is empty if it is not http or https."""
    try:
        parts = urlsplit(url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError:
        return "", ""
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "", ""
    parts_without_login = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="")
    return urlunsplit(parts_without_login), f"{user}:{password}" if user or password else ""


def _default_index() -> str:
    """Return pip's built-in index. The caller's own settings of pip and uv do not reach a build."""
    try:
        index = importlib.import_module("pip._internal.models.index")
    except ImportError:
        return ""
    return str(index.PyPI.simple_url)


def _inspect_machine() -> Mapping[str, Any]:
    memory = (files.read_if_permitted(Path("/proc/meminfo")) or b"").decode("ascii", "replace")
    available = next((line.split()[1] for line in memory.splitlines() if line.startswith("MemAvailable:")), "")
    release = (files.read_if_permitted(Path("/etc/os-release")) or b"").decode("utf-8", "replace")
    os_release = dict(line.split("=", 1) for line in release.splitlines() if "=" in line)
    systems = f"{os_release.get('ID', '')} {os_release.get('ID_LIKE', '')}".replace('"', "")
    return {
        "memory_mib": int(available) >> 10 if available.isdecimal() else None,
        "systems": systems.split(),
        "programs": {name: process.which(name) is not None for name in PROGRAMS},
    }


def _inspect_state() -> Mapping[str, Any]:
    folder = state.engine_root(endpoint.current_endpoint())
    if not folder.exists():
        return {"folder": str(folder), "mode": None}
    return {"folder": str(folder), "mode": folder.stat().st_mode & 0o777, "own": folder.stat().st_uid == os.getuid()}


def _check_apt() -> Mapping[str, Any]:
    if process.which(LIST_SOURCES[0]) is None:
        return {"skipped": "apt-get is not installed"}
    result = process.run(LIST_SOURCES, timeout_s=NETWORK_S, env={"LC_ALL": "C"})
    return {"code": result.code, "output": result.err}
