"""An endpoint -> an engine that answered, or what was tried and how to mend it."""

from __future__ import annotations

import grp
import pwd
import re
import socket
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import docker.errors

from envkit import names, net, proc, tunnel
from envkit.engines import cdi, endpoint
from envkit.engines.endpoint import Choice
from envkit.errors import EngineUnavailable, Refusal
from envkit.model.facts import EngineFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

OK = 200
TIMEOUT_S = 60
SILENT_S = 30  # for the first answer: one that its socket starts takes a while
PATIENCE_S = 24 * 3600
INSTALL = "sudo apt-get install docker.io, then sudo systemctl start docker"
# NVIDIA's toolkit for containers: Docker offers `--gpus` where its daemon finds this program.
HOOK = "nvidia-container-runtime-hook"


class Client(docker.APIClient):
    """The SDK's client, deaf to the config file of Docker's own client.

    That one puts the proxies it names, credentials included, into containers and builds, sends every registry's
    credentials with each build, and fails where it names a credential store that is gone.
    """

    @property
    def _general_configs(self) -> dict[str, Any]:
        return {"auths": {}}  # not empty: then the SDK would look for the file once more

    @_general_configs.setter
    def _general_configs(self, found: object) -> None:
        """Forget what the SDK found."""

    def _set_auth_headers(self, headers: object) -> None:
        """Send no registry's credentials with a build: what it builds on was pulled before."""


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that answers.

    Attributes:
        endpoint: Its address as it was named; of an engine on another machine, that machine's.
        api: The SDK's client.
    """

    endpoint: str
    api: docker.APIClient

    @property
    def here(self) -> str:
        """Where it answers on this machine: of an engine on another one, the socket that leads there."""
        return f"unix://{tunnel.socket_of(self.endpoint)}" if tunnel.is_remote(self.endpoint) else self.endpoint


def connect(at: str) -> Engine:
    """Reach the engine at an endpoint: a socket of this machine, or `ssh://` to another one.

    Raises:
        Refusal: The address is none of these.
        EngineUnavailable: Nothing answers there, or it may not be used.
    """
    if not at.startswith("unix://") and not tunnel.is_remote(at):
        raise _unsafe(_chosen(at))
    socket_ = f"unix://{_opened(at)}" if tunnel.is_remote(at) else at
    try:
        _knock(Path(path := socket_.removeprefix("unix://")))
    except OSError as error:
        raise _unavailable(at, error) from error
    pong = net.get_local(path, "/_ping", timeout_s=SILENT_S)
    if not pong.status:
        raise _unavailable(at, TimeoutError())
    try:
        return Engine(at, Client(base_url=socket_, version=_api(pong), timeout=TIMEOUT_S))
    except (OSError, docker.errors.DockerException) as error:  # what `requests` raises is an OSError
        raise _unavailable(at, None) from error


def _opened(at: str) -> Path:
    """Open the way to another machine; a failure says too how that machine came to be chosen."""
    try:
        return tunnel.opened(at)
    except EngineUnavailable as error:
        chosen = _chosen(at)
        tried = "; ".join((*chosen.passed_over, f"{_told(chosen)}: {error.tried}"))
        raise EngineUnavailable(error.message, tried=tried, mend=f"{error.mend}; or {chosen.undo}") from error


def _unsafe(chosen: Choice) -> Refusal:
    why = "its address is neither unix:// nor ssh://"
    if chosen.address.startswith(("tcp://", "http://", "https://")):
        why = "whoever is on the way there could read and change what is said, or be that engine"
    return Refusal(
        f"the engine at {_told(chosen)} is not used: {why}",
        mend=f"{chosen.undo}, or name it so: unix:///PATH for a socket here, ssh://[user@]host for another machine",
    )


@contextmanager
def patient(engine: Engine) -> Iterator[None]:
    """Let the engine be silent for long while the body runs: a build step or a followed log may be."""
    before = engine.api.timeout
    engine.api.timeout = PATIENCE_S
    try:
        yield
    finally:
        engine.api.timeout = before


def facts(engine: Engine) -> EngineFacts:
    """Ask the engine what it is."""
    from envkit.engines.failure import translated

    with translated("asking the engine what it is"):
        info: Mapping[str, Any] = engine.api.info()
    security = [str(option) for option in info.get("SecurityOptions") or ()]
    return EngineFacts(
        endpoint=engine.endpoint,
        version=str(info.get("ServerVersion", "")),
        machine=names.machine(str(info.get("Architecture"))),
        # Podman 4.3 tells it by a field of its own, and not among the options.
        rootless=any("name=rootless" in option for option in security) or info.get("Rootless") is True,
        userns=any("name=userns" in option for option in security),
        gpu_roads=_gpu_roads(info, here=not tunnel.is_remote(engine.endpoint)),
        podman="BuildahVersion" in info,  # Podman builds with Buildah, and Docker's answer has no such field
        cpus=int(info.get("NCPU") or 0),
        memory_mib=int(info.get("MemTotal") or 0) // 2**20,
        volumes=f"{info.get('DockerRootDir') or '/var/lib/docker'}/volumes",
        host=str(info.get("Name") or ""),
        system=str(info.get("OperatingSystem") or ""),
        kernel=str(info.get("KernelVersion") or ""),
    )


def about(engine: Engine) -> dict[str, Any]:
    """Return what else is worth knowing of an engine: its API, its control groups, where it keeps images."""
    from envkit.engines.failure import translated

    with translated("asking the engine what it is"):
        info: Mapping[str, Any] = engine.api.info()
    return {
        "api": str(engine.api.api_version), "cgroup": str(info.get("CgroupVersion", "")),
        "root": str(info.get("DockerRootDir", "")), "images": info.get("Images"),
    }


def refuse_unsupported(engine: EngineFacts, machine: str) -> None:
    """Refuse engines this version cannot lock down or build for.

    Raises:
        Refusal: It is Podman, runs without root, maps users, or runs another architecture.
    """
    if engine.podman:
        which = f"Podman {engine.version}, run without root" if engine.rootless else f"Podman {engine.version}"
        raise Refusal(
            f"the engine at {engine.endpoint} is {which}: it gives containers other settings than Docker's API asked "
            "for (writable folders, IPC, network), and this version of envkit cannot lock a workspace down there",
            mend=f"use Docker, which may run beside Podman: {_docker(engine.endpoint)}",
        )
    if engine.rootless or engine.userns:
        what = "runs without root" if engine.rootless else "maps container users to other host users"
        raise Refusal(
            f"the engine at {engine.endpoint} {what}: files that a workspace's user makes would belong to another user "
            "of this machine, and only root inside would be you; this version of envkit runs nothing as root inside",
            mend=f"use the machine's ordinary engine: {_docker(engine.endpoint)}",
        )
    if engine.machine != "amd64" or engine.machine != machine:
        raise Refusal(
            f"the engine runs {engine.machine} containers; this version of envkit builds for amd64 alone",
            mend="use an amd64 machine",
        )


def _docker(at: str) -> str:
    """Say what leads from an engine to the machine's own Docker."""
    chosen = _chosen(at)
    return f"{chosen.undo}; where there is none, {INSTALL}" if chosen.by else INSTALL


def _gpu_roads(info: Mapping[str, Any], *, here: bool) -> tuple[str, ...]:
    """Return the ways to pass a GPU: what the engine tells, and what lies beside one of this machine."""
    known = any(f"{cdi.KIND}=" in str(device.get("ID")) for device in info.get("DiscoveredDevices") or ())
    roads = {
        "cdi": known or (here and bool(cdi.devices(info.get("CDISpecDirs") or ()))),
        "hook": here and proc.which(HOOK) is not None,
        "runtime": "nvidia" in (info.get("Runtimes") or {}),
    }
    return tuple(road for road, there in roads.items() if there)


def _unavailable(at: str, refused: OSError | None) -> EngineUnavailable:
    if tunnel.is_remote(at):
        return EngineUnavailable(
            f"the container engine at {at} stopped answering", tried=at, mend="repeat the command; is Docker up there?"
        )
    chosen, path = _chosen(at), Path(at.removeprefix("unix://"))
    named = bool(chosen.by) and at != endpoint.DEFAULT  # then any engine may listen there
    if isinstance(refused, FileNotFoundError):
        why, message = "not there", f"no container engine answers at {at}: the socket is not there"
        mend = "start the engine that listens there" if named else f"{INSTALL}; or set DOCKER_HOST"
    elif isinstance(refused, PermissionError):
        why, message = "permission denied", f"you may not use the container engine at {at}"
        mend = _joining("docker") if at == endpoint.DEFAULT else _opened_by(path)
    else:
        why = "what answers is no container engine" if refused is None else refused.strerror or "it does not answer"
        why, message = why.lower(), f"the container engine at {at} does not answer"
        mend = "restart the engine that listens there" if named else "sudo systemctl restart docker"
    if chosen.by:
        mend = f"{mend}; or {chosen.undo}"
    return EngineUnavailable(message, tried="; ".join((*chosen.passed_over, f"{_told(chosen)}: {why}")), mend=mend)


def _opened_by(path: Path) -> str:
    """Say what lets the caller use a socket that is closed to them."""
    try:
        found = path.stat()
    except OSError:
        return "run the command as the user whose engine it is"
    if found.st_gid and found.st_mode & stat.S_IWGRP:
        return _joining(_called(grp.getgrgid, found.st_gid))
    return f"run the command as {_called(pwd.getpwuid, found.st_uid)}, whose engine it is"


def _called(look_up: Callable[[int], Sequence[Any]], number: int) -> str:
    try:
        return str(look_up(number)[0])
    except KeyError:
        return str(number)


def _joining(group: str) -> str:
    return f'sudo usermod -aG {group} "$USER", then log in again (members of that group are root on this machine)'


def _knock(path: Path) -> None:
    """Connect and hang up, or raise an OSError; the SDK would leave a socket that nobody took open."""
    with socket.socket(socket.AF_UNIX) as tried:
        tried.settimeout(1)
        tried.connect(str(path))


def _api(pong: net.Answer) -> str:
    """Return the API's version, or `auto`: a ping tells it too, and starts no runc to ask for that one's."""
    told = {name.lower(): text for name, text in pong.headers.items()}.get("api-version", "")
    return told if pong.status == OK and re.fullmatch(r"1\.[0-9]{1,3}", told) else "auto"


def _chosen(at: str) -> Choice:
    """Say how an address was chosen; one that comes from elsewhere was simply given."""
    chosen = endpoint.choice()
    return chosen if chosen.address == at else Choice(at, "DOCKER_HOST", "unset DOCKER_HOST")


def _told(chosen: Choice) -> str:
    return f"{chosen.address} ({chosen.by})" if chosen.by else chosen.address
