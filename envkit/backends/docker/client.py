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

from envkit import naming, process, ssh_tunnel
from envkit.backends.docker import cdi, endpoint
from envkit.backends.docker.endpoint import Choice
from envkit.errors import EngineUnavailable, PreconditionError
from envkit.model.facts import EngineFacts
from envkit.net import http

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

OK = 200
TIMEOUT_S = 60
PING_TIMEOUT_S = 30  # for the first answer: one that its socket starts takes a while
LONG_TIMEOUT_S = 24 * 3600
INSTALL_HINT = "sudo apt-get install docker.io, then sudo systemctl start docker"
# NVIDIA's toolkit for containers: Docker offers `--gpus` where its daemon finds this program.
NVIDIA_HOOK = "nvidia-container-runtime-hook"


class Client(docker.APIClient):
    """The SDK's client, deaf to the config file of Docker's own client.

    That one puts the proxies it names, credentials included, into containers and builds, sends every registry's
    credentials with each build, and fails where it names a credential store that is gone.
    """

    @property
    def _general_configs(self) -> dict[str, Any]:
        return {"auths": {}}  # not empty: then the SDK would look for the file once more

    @_general_configs.setter
    def _general_configs(self, configs: object) -> None:
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
    def local_endpoint(self) -> str:
        """Where it answers on this machine: of an engine on another one, the socket that leads there."""
        return (
            f"unix://{ssh_tunnel.local_socket(self.endpoint)}" if ssh_tunnel.is_remote(self.endpoint) else self.endpoint
        )


def connect(engine_endpoint: str) -> Engine:
    """Reach the engine at an endpoint: a socket of this machine, or `ssh://` to another one.

    Raises:
        Refusal: The address is none of these.
        EngineUnavailable: Nothing answers there, or it may not be used.
    """
    if not engine_endpoint.startswith("unix://") and not ssh_tunnel.is_remote(engine_endpoint):
        raise _unsafe_error(_endpoint_choice(engine_endpoint))
    base_url = f"unix://{_open_tunnel(engine_endpoint)}" if ssh_tunnel.is_remote(engine_endpoint) else engine_endpoint
    try:
        _probe_socket(Path(path := base_url.removeprefix("unix://")))
    except OSError as error:
        raise _unavailable_error(engine_endpoint, error) from error
    pong = http.get_unix(path, "/_ping", timeout_s=PING_TIMEOUT_S)
    if not pong.status:
        raise _unavailable_error(engine_endpoint, TimeoutError())
    try:
        return Engine(engine_endpoint, Client(base_url=base_url, version=_api_version(pong), timeout=TIMEOUT_S))
    except (OSError, docker.errors.DockerException) as error:  # what `requests` raises is an OSError
        raise _unavailable_error(engine_endpoint, None) from error


def _open_tunnel(engine_endpoint: str) -> Path:
    """Open the way to another machine; a failure says too how that machine came to be chosen."""
    try:
        return ssh_tunnel.connect(engine_endpoint)
    except EngineUnavailable as error:
        choice = _endpoint_choice(engine_endpoint)
        detail = "; ".join((*choice.skipped_sources, f"{_describe_choice(choice)}: {error.detail}"))
        raise EngineUnavailable(error.message, detail=detail, hint=f"{error.hint}; or {choice.undo}") from error


def _unsafe_error(choice: Choice) -> PreconditionError:
    reason = "its address is neither unix:// nor ssh://"
    if choice.address.startswith(("tcp://", "http://", "https://")):
        reason = "whoever is on the way there could read and change what is said, or be that engine"
    return PreconditionError(
        f"the engine at {_describe_choice(choice)} is not used: {reason}",
        hint=f"{choice.undo}, or name it so: unix:///PATH for a socket here, ssh://[user@]host for another machine",
    )


@contextmanager
def long_timeout(engine: Engine) -> Iterator[None]:
    """Let the engine be silent for long while the body runs: a build step or a followed log may be."""
    previous_timeout = engine.api.timeout
    engine.api.timeout = LONG_TIMEOUT_S
    try:
        yield
    finally:
        engine.api.timeout = previous_timeout


def facts(engine: Engine) -> EngineFacts:
    """Ask the engine what it is."""
    from envkit.backends.docker.sdk_errors import translate_errors

    with translate_errors("asking the engine what it is"):
        info: Mapping[str, Any] = engine.api.info()
    security = [str(option) for option in info.get("SecurityOptions") or ()]
    return EngineFacts(
        endpoint=engine.endpoint,
        version=str(info.get("ServerVersion", "")),
        machine=naming.architecture(str(info.get("Architecture"))),
        # Podman 4.3 tells it by a field of its own, and not among the options.
        rootless=any("name=rootless" in option for option in security) or info.get("Rootless") is True,
        userns=any("name=userns" in option for option in security),
        gpu_methods=_gpu_methods(info, is_local=not ssh_tunnel.is_remote(engine.endpoint)),
        podman="BuildahVersion" in info,  # Podman builds with Buildah, and Docker's answer has no such field
        cpus=int(info.get("NCPU") or 0),
        memory_mib=int(info.get("MemTotal") or 0) // 2**20,
        volumes_dir=f"{info.get('DockerRootDir') or '/var/lib/docker'}/volumes",
        host=str(info.get("Name") or ""),
        system=str(info.get("OperatingSystem") or ""),
        kernel=str(info.get("KernelVersion") or ""),
    )


def details(engine: Engine) -> dict[str, Any]:
    """Return what else is worth knowing of an engine: its API, its control groups, where it keeps images."""
    from envkit.backends.docker.sdk_errors import translate_errors

    with translate_errors("asking the engine what it is"):
        info: Mapping[str, Any] = engine.api.info()
    return {
        "api": str(engine.api.api_version),
        "cgroup": str(info.get("CgroupVersion", "")),
        "root": str(info.get("DockerRootDir", "")),
        "images": info.get("Images"),
    }


def refuse_unsupported(engine: EngineFacts, machine: str) -> None:
    """Refuse engines this version cannot lock down or build for.

    Raises:
        Refusal: It is Podman, runs without root, maps users, or runs another architecture.
    """
    if engine.podman:
        description = f"Podman {engine.version}, run without root" if engine.rootless else f"Podman {engine.version}"
        raise PreconditionError(
            f"the engine at {engine.endpoint} is {description}: it gives containers other settings than Docker's API asked "
            "for (writable folders, IPC, network), and this version of envkit cannot lock a workspace down there",
            hint=f"use Docker, which may run beside Podman: {_docker_hint(engine.endpoint)}",
        )
    if engine.rootless or engine.userns:
        problem = "runs without root" if engine.rootless else "maps container users to other host users"
        raise PreconditionError(
            f"the engine at {engine.endpoint} {problem}: files that a workspace's user makes would belong to another user "
            "of this machine, and only root inside would be you; this version of envkit runs nothing as root inside",
            hint=f"use the machine's ordinary engine: {_docker_hint(engine.endpoint)}",
        )
    if engine.machine != "amd64" or engine.machine != machine:
        raise PreconditionError(
            f"the engine runs {engine.machine} containers; this version of envkit builds for amd64 alone",
            hint="use an amd64 machine",
        )


def _docker_hint(engine_endpoint: str) -> str:
    """Say what leads from an engine to the machine's own Docker."""
    choice = _endpoint_choice(engine_endpoint)
    return f"{choice.undo}; where there is none, {INSTALL_HINT}" if choice.source else INSTALL_HINT


def _gpu_methods(info: Mapping[str, Any], *, is_local: bool) -> tuple[str, ...]:
    """Return the ways to pass a GPU: what the engine tells, and what lies beside one of this machine."""
    has_cdi = any(f"{cdi.KIND}=" in str(device.get("ID")) for device in info.get("DiscoveredDevices") or ())
    methods = {
        "cdi": has_cdi or (is_local and bool(cdi.devices(info.get("CDISpecDirs") or ()))),
        "hook": is_local and process.which(NVIDIA_HOOK) is not None,
        "runtime": "nvidia" in (info.get("Runtimes") or {}),
    }
    return tuple(method for method, available in methods.items() if available)


def _unavailable_error(engine_endpoint: str, error: OSError | None) -> EngineUnavailable:
    if ssh_tunnel.is_remote(engine_endpoint):
        return EngineUnavailable(
            f"the container engine at {engine_endpoint} stopped answering",
            detail=engine_endpoint,
            hint="repeat the command; is Docker up there?",
        )
    choice, path = _endpoint_choice(engine_endpoint), Path(engine_endpoint.removeprefix("unix://"))
    is_custom = bool(choice.source) and engine_endpoint != endpoint.DEFAULT  # then any engine may listen there
    if isinstance(error, FileNotFoundError):
        reason, message = "not there", f"no container engine answers at {engine_endpoint}: the socket is not there"
        hint = "start the engine that listens there" if is_custom else f"{INSTALL_HINT}; or set DOCKER_HOST"
    elif isinstance(error, PermissionError):
        reason, message = "permission denied", f"you may not use the container engine at {engine_endpoint}"
        hint = _join_group_hint("docker") if engine_endpoint == endpoint.DEFAULT else _access_hint(path)
    else:
        reason = "what answers is no container engine" if error is None else error.strerror or "it does not answer"
        reason, message = reason.lower(), f"the container engine at {engine_endpoint} does not answer"
        hint = "restart the engine that listens there" if is_custom else "sudo systemctl restart docker"
    if choice.source:
        hint = f"{hint}; or {choice.undo}"
    return EngineUnavailable(
        message, detail="; ".join((*choice.skipped_sources, f"{_describe_choice(choice)}: {reason}")), hint=hint
    )


def _access_hint(path: Path) -> str:
    """Say what lets the caller use a socket that is closed to them."""
    try:
        socket_stat = path.stat()
    except OSError:
        return "run the command as the user whose engine it is"
    if socket_stat.st_gid and socket_stat.st_mode & stat.S_IWGRP:
        return _join_group_hint(_resolve_name(grp.getgrgid, socket_stat.st_gid))
    return f"run the command as {_resolve_name(pwd.getpwuid, socket_stat.st_uid)}, whose engine it is"


def _resolve_name(look_up: Callable[[int], Sequence[Any]], account_id: int) -> str:
    try:
        return str(look_up(account_id)[0])
    except KeyError:
        return str(account_id)


def _join_group_hint(group: str) -> str:
    return f'sudo usermod -aG {group} "$USER", then log in again (members of that group are root on this machine)'


def _probe_socket(path: Path) -> None:
    """Connect and hang up, or raise an OSError; the SDK would leave a socket that nobody took open."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        connection.connect(str(path))


def _api_version(pong: http.Response) -> str:
    """Return the API's version, or `auto`: a ping tells it too, and starts no runc to ask for that one's."""
    version = {name.lower(): text for name, text in pong.headers.items()}.get("api-version", "")
    return version if pong.status == OK and re.fullmatch(r"1\.[0-9]{1,3}", version) else "auto"


def _endpoint_choice(engine_endpoint: str) -> Choice:
    """Say how an address was chosen; one that comes from elsewhere was simply given."""
    choice = endpoint.choose()
    return choice if choice.address == engine_endpoint else Choice(engine_endpoint, "DOCKER_HOST", "unset DOCKER_HOST")


def _describe_choice(choice: Choice) -> str:
    return f"{choice.address} ({choice.source})" if choice.source else choice.address
