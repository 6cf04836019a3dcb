"""Look at the host, all at once: whatever waits for a network waits beside the rest."""

from __future__ import annotations

import importlib
import os
import re
import time
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from envkit import files, host, net, proc, state
from envkit.engines import connect, endpoint, glance, holder, registry
from envkit.errors import EnvkitError
from envkit.model.report import Observation
from envkit.observe.aside import begun

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkit.model.facts import EngineFacts

LIMIT_S = 1.5  # for everything together: what takes longer is told as not answered
NETWORK_S = 1.3
# Reads every list of sources, and neither the lists of packages nor the network.
READ_SOURCES = ["apt-get", "-o", "Dir::State::lists=/nonexistent", "indextargets", "--format", "$(SITE)"]
PROGRAMS = ("ssh", "rsync", "docker")
NAMED = re.compile(r"[A-Za-z0-9._-]+=(?=https?:)", re.ASCII)  # uv lets an index have a name
LOCAL_INDEXES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")


def looks(
    *, official: str, spare: bool, mirror: str, index: str, unasked: Mapping[str, str], port: int, named: bool,
    own: str, proxies: Mapping[str, str],
) -> tuple[tuple[Observation, ...], EngineFacts | None]:
    """Take every look at the host.

    Args:
        official: The image that a registry is asked for, or empty for none.
        spare: Whether a workspace stands on another base where that one cannot be had.
        mirror: A file of the Debian mirror that builds install from.
        index: Where Python packages come from, or empty for what pip itself uses.
        unasked: Looks that are not taken, and why.
        port: The port that JupyterLab would get.
        named: Whether the config names it.
        own: Container of the workspace, which may hold it, or empty.
        proxies: The caller's proxies.
    """
    facts: list[EngineFacts] = []
    taken: dict[str, Callable[[], Mapping[str, Any]]] = {
        "host.engine": lambda: _engine(facts),
        "host.registry": lambda: _registry(official, spare=spare),
        "host.mirror": lambda: _asked(mirror, proxies),
        "host.index": lambda: _asked(index or _default_index(), proxies),
        "host.machine": _machine,
        "host.port": lambda: _port(port, own, named=named),
        "host.state": _state,
        "host.apt": _apt,
    }
    taken |= {what: partial(_unasked, why) for what, why in unasked.items()}
    started = time.monotonic()
    begun_ones = {what: begun(partial(_timed, look)) for what, look in taken.items()}
    found = []
    for what, future in begun_ones.items():
        try:
            data, seconds = future.result(max(0.01, started + LIMIT_S - time.monotonic()))
        except NotYet:
            data, seconds = {"late": True}, time.monotonic() - started
        found.append(Observation(what, data, seconds))
    return tuple(found), facts[0] if facts else None


def _timed(
    look: Callable[[], Mapping[str, Any]], clock: Callable[[], float] = time.monotonic
) -> tuple[dict[str, Any], float]:
    """Take a look; return what was seen and how long it took itself, not how long others kept the caller waiting."""
    began = clock()
    try:
        data = dict(look())
    except Exception as error:  # noqa: BLE001 - a look that fails is told like any other
        data = {"error": {"type": type(error).__name__, "message": str(error)}}
    return data, clock() - began


def _engine(facts: list[EngineFacts]) -> Mapping[str, Any]:
    try:
        engine = connect.connect(endpoint.endpoint())
        found = connect.facts(engine)
        about = connect.about(engine)
    except EnvkitError as error:
        return {"refused": {"message": error.message, "tried": error.tried, "mend": error.mend}}
    facts.append(found)
    try:
        connect.refuse_unsupported(found, host.machine())
    except EnvkitError as error:
        about = {**about, "unsupported": {"message": error.message, "mend": error.mend}}
    return {
        **about, "endpoint": found.endpoint, "version": found.version, "gpu_roads": list(found.gpu_roads),
        "free_mib": _free_mib(str(about.get("root") or "")),
    }


def _unasked(why: str) -> Mapping[str, Any]:
    return {"skipped": why}


def _port(port: int, own: str, *, named: bool) -> Mapping[str, Any]:
    if port not in net.busy_ports():
        return {"port": port, "holder": None, "named": named, "ours": False}
    at, engine = endpoint.endpoint(), None
    ours = bool(own) and glance.holds(at, own, port)
    with suppress(EnvkitError):
        engine = connect.connect(at)
    who = holder.holder(engine, at, port, net.port_holder(port))
    return {"port": port, "holder": who, "named": named, "ours": ours}


def _free_mib(root: str) -> int | None:
    """Return what is free where images lie: of the nearest folder that the caller may look at."""
    for one in (Path(root), *Path(root).parents) if root else ():
        try:
            found = os.statvfs(one)
        except OSError:
            continue
        return found.f_bavail * found.f_frsize >> 20
    return None


def _registry(official: str, *, spare: bool) -> Mapping[str, Any]:
    if not official:
        return {}
    engine = connect.connect(endpoint.endpoint())
    refused = registry.refused(engine, official)
    why, mend = refused or ("", "")
    return {"image": official, "why": why, "mend": mend, "spare": spare}


def _asked(url: str, proxies: Mapping[str, str]) -> Mapping[str, Any]:
    if not url:
        return {}
    address, login = _parted(url)
    if not address:
        return {"skipped": "it is no address of http or https: nothing else is asked"}
    answer = net.ask(address, proxies, timeout_s=NETWORK_S, login=login)
    return {
        "url": address.partition("?")[0], "status": answer.status,
        "said": "" if answer.status else answer.body.decode("utf-8", "replace"),
        "date": answer.headers.get("date", ""), "now": time.time(), "proxy": bool(proxies),
    }


def _parted(url: str) -> tuple[str, str]:
    """Return an address without the login in it, and that; no address where it is none of the web's."""
    try:
        parts = urlsplit(NAMED.sub("", url))
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError:
        return "", ""
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "", ""
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="")
    return urlunsplit(bare), f"{user}:{password}" if user or password else ""


def _default_index() -> str:
    """Return where pip looks by itself: what the caller set, or else the address it was made with."""
    named = next((os.environ[one] for one in LOCAL_INDEXES if os.environ.get(one)), "")
    if named:
        return named
    try:
        index = importlib.import_module("pip._internal.models.index")
    except ImportError:
        return ""
    return str(index.PyPI.simple_url)


def _machine() -> Mapping[str, Any]:
    memory = (files.readable(Path("/proc/meminfo")) or b"").decode("ascii", "replace")
    available = next((line.split()[1] for line in memory.splitlines() if line.startswith("MemAvailable:")), "")
    release = (files.readable(Path("/etc/os-release")) or b"").decode("utf-8", "replace")
    words = dict(line.split("=", 1) for line in release.splitlines() if "=" in line)
    like = f"{words.get('ID', '')} {words.get('ID_LIKE', '')}".replace('"', "")
    return {
        "memory_mib": int(available) >> 10 if available.isdecimal() else None, "systems": like.split(),
        "programs": {name: proc.which(name) is not None for name in PROGRAMS},
    }


def _state() -> Mapping[str, Any]:
    folder = state.root(endpoint.endpoint())
    if not folder.exists():
        return {"folder": str(folder), "mode": None}
    return {"folder": str(folder), "mode": folder.stat().st_mode & 0o777, "own": folder.stat().st_uid == os.getuid()}


def _apt() -> Mapping[str, Any]:
    if proc.which(READ_SOURCES[0]) is None:
        return {"skipped": "there is no apt-get here"}
    done = proc.run(READ_SOURCES, timeout_s=NETWORK_S, env={"LC_ALL": "C"})
    return {"code": done.code, "said": done.err}
