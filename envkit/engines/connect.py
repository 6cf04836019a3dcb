"""An endpoint -> an engine that answered, or what was tried and how to mend it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import docker.errors
import requests

from envkit.errors import EngineUnavailable, Refusal
from envkit.model.facts import EngineFacts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TIMEOUT_S = 60
PATIENCE_S = 24 * 3600
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that answers."""

    endpoint: str
    api: docker.APIClient


def connect(at: str) -> Engine:
    """Reach the engine at an endpoint.

    Raises:
        Refusal: It is on another machine: not supported yet.
        EngineUnavailable: Nothing answers there, or it may not be used.
    """
    if not at.startswith("unix://"):
        raise Refusal(
            f"the engine at {at} is on another machine, and this version of envkit serves local engines only",
            mend="unset DOCKER_HOST, or set it to a unix:// socket",
        )
    try:
        return Engine(at, docker.APIClient(base_url=at, version="auto", timeout=TIMEOUT_S))
    except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
        raise _unavailable(at) from error


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
        machine=MACHINES.get(str(info.get("Architecture")), str(info.get("Architecture"))),
        rootless=any("name=rootless" in option for option in security),
        userns=any("name=userns" in option for option in security),
        remote=False,
        gpu_roads=_gpu_roads(info),
    )


def refuse_unsupported(engine: EngineFacts, machine: str) -> None:
    """Refuse engines this version cannot lock down or build for.

    Raises:
        Refusal: It runs without root, maps users, or runs another architecture.
    """
    if engine.rootless or engine.userns:
        what = "runs without root" if engine.rootless else "maps container users to other host users"
        raise Refusal(
            f"the engine at {engine.endpoint} {what}, and this version of envkit cannot yet map files to you there",
            mend="use the machine's ordinary engine: unset DOCKER_HOST, or `docker context use default`",
        )
    if engine.machine != "amd64" or engine.machine != machine:
        raise Refusal(
            f"the engine runs {engine.machine} containers; this version of envkit builds for amd64 alone",
            mend="use an amd64 machine",
        )


def _gpu_roads(info: Mapping[str, Any]) -> tuple[str, ...]:
    roads = []
    if "nvidia" in (info.get("Runtimes") or {}):
        roads.append("runtime")
    if any("nvidia.com/gpu" in str(device.get("ID")) for device in info.get("DiscoveredDevices") or ()):
        roads.append("cdi")
    return tuple(roads)


def _unavailable(at: str) -> EngineUnavailable:
    path = Path(at.removeprefix("unix://"))
    if not path.exists():
        return EngineUnavailable(
            f"no container engine answers at {at}: the socket is not there", tried=at,
            mend="sudo apt-get install docker.io, then sudo systemctl start docker; or set DOCKER_HOST",
        )
    if not os.access(path, os.R_OK | os.W_OK):
        return EngineUnavailable(
            f"you may not use the container engine at {at}", tried=at,
            mend='sudo usermod -aG docker "$USER", then log in again (members of that group are root on this machine)',
        )
    return EngineUnavailable(
        f"the container engine at {at} does not answer", tried=at, mend="sudo systemctl restart docker",
    )
