"""Connect to an engine, and report why none answers."""

from __future__ import annotations

import grp
import pwd
import re
import shlex
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import docker.errors

from envkit import naming, process, ssh_tunnel
from envkit.backends import endpoint
from envkit.backends.docker import cdi
from envkit.backends.endpoint import Choice
from envkit.errors import EngineUnavailable, PreconditionError
from envkit.model.backend import EngineDetails
from envkit.model.facts import EngineFacts
from envkit.net import unix_http

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from envkit.net.http import Response

OK = 200
TIMEOUT_S = 60
CHANGE_TIMEOUT_S = 600.0
PING_TIMEOUT_S = 30  # for the first answer, because socket activation may have to start the engine
LONG_TIMEOUT_S = 24 * 3600
API_MIN = (1, 41)  # the first with private control groups (cgroupns)
ENGINE_MIN = "20.10"
INSTALL_HINT = "sudo apt-get install docker.io, then sudo systemctl start docker"
# Part of the NVIDIA Container Toolkit; `--gpus` works if Docker's daemon finds this program.
NVIDIA_HOOK = "nvidia-container-runtime-hook"


class Client(docker.APIClient):
    """The SDK's client, which ignores the configuration file of Docker's client.

    From that file, the SDK would pass proxies with their credentials to containers and builds, send the credentials of
    all registries with each build, and fail if a credential store is missing.
    """

    @property
    def _general_configs(self) -> dict[str, Any]:
        return {"auths": {}}  # if it were empty, the SDK would load the file again

    @_general_configs.setter
    def _general_configs(self, configs: object) -> None:
        """Discard the configuration that the SDK loaded."""

    # The SDK's own methods for requests: a change may take minutes on a busy engine or one without snapshots.
    def _post(self, url: str, **kwargs: Any) -> Any:
        return super()._post(  # type: ignore[misc]
            url, **{"timeout": self._change_timeout_s, **kwargs}
        )

    def _delete(self, url: str, **kwargs: Any) -> Any:
        return super()._delete(  # type: ignore[misc]
            url, **{"timeout": self._change_timeout_s, **kwargs}
        )

    @property
    def _change_timeout_s(self) -> float:
        return max(float(self.timeout or 0), CHANGE_TIMEOUT_S)

    def _set_auth_headers(self, headers: object) -> None:
        """Send no registry credentials with a build, because its base image was pulled before."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A connected engine.

    Attributes:
        endpoint: Selected address; of a remote engine, its SSH address.
        api: Client of the SDK.
    """

    endpoint: str
    api: docker.APIClient

    @property
    def local_endpoint(self) -> str:
        """Address on this host: for a remote engine, the local socket of the SSH tunnel."""
        return (
            f"unix://{ssh_tunnel.local_socket(self.endpoint)}" if ssh_tunnel.is_remote(self.endpoint) else self.endpoint
        )


def connect(engine_endpoint: str) -> Engine:
    """Connect to the engine at an endpoint: `unix://` on this host, or `ssh://` for a remote engine.

    Raises:
        PreconditionError: The address has another scheme.
        EngineUnavailable: No engine answers, or the caller may not use it.
    """
    if not engine_endpoint.startswith("unix://") and not ssh_tunnel.is_remote(engine_endpoint):
        raise _unsafe_error(_endpoint_choice(engine_endpoint))
    base_url = f"unix://{_open_tunnel(engine_endpoint)}" if ssh_tunnel.is_remote(engine_endpoint) else engine_endpoint
    try:
        unix_http.check_socket(path := base_url.removeprefix("unix://"))
    except OSError as error:
        raise _unavailable_error(engine_endpoint, error) from error
    pong = unix_http.get(path, "/_ping", timeout_s=PING_TIMEOUT_S)
    if not pong.status:
        raise _unavailable_error(engine_endpoint, TimeoutError())
    try:
        return Engine(engine_endpoint, Client(base_url=base_url, version=_api_version(pong), timeout=TIMEOUT_S))
    except (OSError, docker.errors.DockerException) as error:  # errors of `requests` are OSErrors
        raise _unavailable_error(engine_endpoint, None) from error


def _open_tunnel(engine_endpoint: str) -> Path:
    """Open the tunnel to a remote engine; an error also names the source of the address."""
    try:
        return ssh_tunnel.connect(engine_endpoint)
    except EngineUnavailable as error:
        choice = _endpoint_choice(engine_endpoint)
        detail = "; ".join((*choice.skipped_sources, f"{_describe_choice(choice)}: {error.detail}"))
        hint = f"{error.hint}; or {choice.undo}"
        raise EngineUnavailable(error.message, code=error.code, detail=detail, hint=hint) from error


def _unsafe_error(choice: Choice) -> PreconditionError:
    reason = "its address is neither unix:// nor ssh://"
    if choice.address.startswith(("tcp://", "http://", "https://")):
        reason = "an attacker on the network could read and change the connection, or impersonate the engine"
    return PreconditionError(
        f"the engine at {_describe_choice(choice)} is not supported: {reason}",
        code="endpoint-unsupported",
        hint=f"{choice.undo}, or use unix:///PATH for a local socket or ssh://[user@]host for a remote engine",
    )


@contextmanager
def long_timeout(engine: Engine) -> Iterator[None]:
    """Allow the engine to be silent for hours while the body runs, such as in a build step or a followed log."""
    previous_timeout = engine.api.timeout
    engine.api.timeout = LONG_TIMEOUT_S
    try:
        yield
    finally:
        engine.api.timeout = previous_timeout


def facts(engine: Engine) -> EngineFacts:
    """Query version, platform and features of the engine."""
    from envkit.backends.docker.sdk_errors import translate_errors

    with translate_errors("asking the engine what it is"):
        info: Mapping[str, Any] = engine.api.info()
    security = [str(option) for option in info.get("SecurityOptions") or ()]
    return EngineFacts(
        endpoint=engine.endpoint,
        version=str(info.get("ServerVersion", "")),
        machine=naming.architecture(str(info.get("Architecture"))),
        # Podman 4.3 reports it in a separate field instead of the options.
        rootless=any("name=rootless" in option for option in security) or info.get("Rootless") is True,
        userns=any("name=userns" in option for option in security),
        gpu_methods=_gpu_methods(info, is_local=not ssh_tunnel.is_remote(engine.endpoint)),
        podman="BuildahVersion" in info,  # only Podman, which builds with Buildah, has this field
        cpus=int(info.get("NCPU") or 0),
        memory_mib=int(info.get("MemTotal") or 0) // 2**20,
        volumes_dir=f"{info.get('DockerRootDir') or '/var/lib/docker'}/volumes",
        host=str(info.get("Name") or ""),
        system=str(info.get("OperatingSystem") or ""),
        kernel=str(info.get("KernelVersion") or ""),
        api=str(engine.api.api_version),
    )


def details(engine: Engine) -> EngineDetails:
    """Query details of the engine that only a report shows."""
    from envkit.backends.docker.sdk_errors import translate_errors

    with translate_errors("asking the engine what it is"):
        info: Mapping[str, Any] = engine.api.info()
    return EngineDetails(
        api=str(engine.api.api_version),
        cgroup=str(info.get("CgroupVersion", "")),
        root=str(info.get("DockerRootDir", "")),
        images=info.get("Images"),
    )


def refuse_unsupported(engine: EngineFacts, machine: str) -> None:
    """Refuse engines on which this version cannot lock down or build a workspace.

    Raises:
        PreconditionError: The engine is Podman, too old, runs rootless, remaps users, or has another architecture.
    """
    if engine.podman:
        description = f"rootless Podman {engine.version}" if engine.rootless else f"Podman {engine.version}"
        raise PreconditionError(
            f"the engine at {engine.endpoint} is {description}: it does not apply all container settings of Docker's "
            "API (writable folders, IPC, network), so this version of envkit cannot lock down a workspace there",
            code="engine-unsupported",
            hint=f"use Docker, which may run beside Podman: {_docker_hint(engine.endpoint)}",
        )
    if engine.rootless or engine.userns:
        problem = "runs rootless" if engine.rootless else "maps container users to other host users"
        raise PreconditionError(
            f"the engine at {engine.endpoint} {problem}: files of the workspace's user would belong to another host "
            "user, and only container root would be you; this version of envkit runs no container code as root",
            code="engine-unsupported",
            hint=f"use the system's Docker engine: {_docker_hint(engine.endpoint)}",
        )
    if _is_too_old(engine.api):
        raise PreconditionError(
            f"the engine at {engine.endpoint} is Docker {engine.version} with API {engine.api}; envkit needs API "
            f"{API_MIN[0]}.{API_MIN[1]}, which Docker {ENGINE_MIN} and newer have",
            code="engine-unsupported",
            hint="update Docker: sudo apt-get install --only-upgrade docker.io (or docker-ce)",
        )
    if engine.machine != "amd64" or engine.machine != machine:
        raise PreconditionError(
            f"the engine runs {engine.machine} containers; this version of envkit supports only amd64",
            code="architecture-unsupported",
            hint="use an amd64 host",
        )


def _is_too_old(api: str) -> bool:
    match = re.fullmatch(r"([0-9]{1,3})\.([0-9]{1,3})", api, re.ASCII)
    return match is not None and (int(match[1]), int(match[2])) < API_MIN


def _docker_hint(engine_endpoint: str) -> str:
    """Return the hint that leads from an unsupported engine to the system's Docker."""
    choice = _endpoint_choice(engine_endpoint)
    return f"{choice.undo}; if Docker is not installed, {INSTALL_HINT}" if choice.source else INSTALL_HINT


def _gpu_methods(info: Mapping[str, Any], *, is_local: bool) -> tuple[str, ...]:
    """Return the methods of passing GPUs that the engine reports, or that are installed beside a local engine."""
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
            code="engine-unavailable",
            detail=engine_endpoint,
            hint="check that Docker runs on that host, then repeat the command",
        )
    choice, path = _endpoint_choice(engine_endpoint), Path(engine_endpoint.removeprefix("unix://"))
    is_custom = (
        bool(choice.source) and engine_endpoint != endpoint.DEFAULT
    )  # then it may be an engine other than Docker
    code = "engine-unavailable"
    if isinstance(error, FileNotFoundError):
        reason = "does not exist"
        message = f"no container engine answers at {engine_endpoint}: the socket does not exist"
        hint = "start the engine that listens there" if is_custom else f"{INSTALL_HINT}; or set DOCKER_HOST"
    elif isinstance(error, PermissionError):
        code, reason = "engine-access-denied", "permission denied"
        message = f"you may not use the container engine at {engine_endpoint}"
        hint = _join_group_hint("docker") if engine_endpoint == endpoint.DEFAULT else _access_hint(path)
    elif path.is_dir():
        # The engine's client creates it if a container mounts the socket while no engine runs.
        reason = "is a directory"
        message = f"{path} is a directory, not the socket of a container engine"
        hint = f"sudo rmdir {shlex.quote(str(path))}, then sudo systemctl start docker"
    else:
        reason = "not a container engine" if error is None else (error.strerror or "no answer").lower()
        message = f"the container engine at {engine_endpoint} does not answer"
        hint = "restart the engine that listens there" if is_custom else "sudo systemctl restart docker"
    if choice.source:
        hint = f"{hint}; or {choice.undo}"
    detail = "; ".join((*choice.skipped_sources, f"{_describe_choice(choice)}: {reason}"))
    return EngineUnavailable(message, code=code, detail=detail, hint=hint)


def _access_hint(path: Path) -> str:
    """Return the command that lets the caller use a socket without permission."""
    try:
        socket_stat = path.stat()
    except OSError:
        return "run the command as the user who owns the engine"
    if socket_stat.st_gid and socket_stat.st_mode & stat.S_IWGRP:
        return _join_group_hint(_resolve_name(grp.getgrgid, socket_stat.st_gid))
    return f"run the command as {_resolve_name(pwd.getpwuid, socket_stat.st_uid)}, who owns the engine"


def _resolve_name(look_up: Callable[[int], Sequence[Any]], account_id: int) -> str:
    try:
        return str(look_up(account_id)[0])
    except KeyError:
        return str(account_id)


def _join_group_hint(group: str) -> str:
    return f'sudo usermod -aG {group} "$USER", then log in again (members of that group are root on this host)'


def _api_version(pong: Response) -> str:
    """Return the API version from a ping, or `auto`; for `auto`, the SDK requests `/version`, which runs runc."""
    version = {name.lower(): text for name, text in pong.headers.items()}.get("api-version", "")
    return version if pong.status == OK and re.fullmatch(r"1\.[0-9]{1,3}", version) else "auto"


def _endpoint_choice(engine_endpoint: str) -> Choice:
    """Return how an address was selected; an address from elsewhere counts as DOCKER_HOST."""
    choice = endpoint.choose()
    return choice if choice.address == engine_endpoint else Choice(engine_endpoint, "DOCKER_HOST", "unset DOCKER_HOST")


def _describe_choice(choice: Choice) -> str:
    return f"{choice.address} ({choice.source})" if choice.source else choice.address
