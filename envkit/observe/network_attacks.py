"""Connect to a workspace from other containers: on the engine's default network, and on the workspace's network."""

from __future__ import annotations

import time
from concurrent.futures import wait
from contextlib import contextmanager, suppress
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any

from envkit import naming
from envkit.checks import observations as lines
from envkit.concurrency import gather, submit
from envkit.errors import EngineError, EnvkitError, ProgramNotFound
from envkit.model.report import Observation
from envkit.observe import guest_runner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from envkit.backends.backend import Backend

DEFAULT_NETWORK = "bridge"  # the network of containers without a network setting
TENSORBOARD_PORT = 6006  # its default
PORTS = (naming.JUPYTER_PORT, naming.SSH_PORT, TENSORBOARD_PORT)
PYTHONS = (guest_runner.PYTHON, "python3")
CONCURRENCY = 2  # containers, which mostly wait
STAGE_S = 10  # longer than the scan takes
LIMIT_S = 20.0  # for a container, from its start to its end
CLEANUP_S, PAUSE_S = 10.0, 0.25  # for a container whose creation is interrupted
TOTAL_S = 2 * len(PYTHONS) * LIMIT_S
GUEST_OBSERVATION, OBSERVATION = "neighbour.knocked", "audit.neighbour"


@contextmanager
def probe_in_background(
    backend: Backend, inspected: Mapping[str, Any], *, owner: int, name_prefix: str, labels: Mapping[str, str]
) -> Iterator[Callable[[], tuple[Observation, ...]]]:
    """Probe the networks while the block runs, and yield a function that fetches the results.

    An exception in the block removes the containers.

    Args:
        backend: Backend of the workspace.
        inspected: The engine's inspection of the workspace's container.
        owner: UID of the containers' owner.
        name_prefix: Name prefix of these containers only.
        labels: Labels of the containers.
    """
    stop, futures = Event(), list["Future[tuple[Observation, ...]]"]()
    try:
        futures.append(
            submit(partial(probe_networks, backend, inspected, name_prefix=name_prefix, labels=labels, stop=stop))
        )
        yield futures[0].result
    except BaseException:
        stop.set()
        with suppress(EnvkitError):
            _remove_containers(backend, owner, name_prefix, futures)
        raise


def _remove_containers(backend: Backend, owner: int, name_prefix: str, futures: Sequence[Future[Any]]) -> None:
    """Remove the containers until no probe is running: one that is being created appears a moment later."""
    deadline = time.monotonic() + CLEANUP_S
    is_busy = True
    while is_busy and time.monotonic() < deadline:
        backend.remove_by_prefix(owner, name_prefix)
        is_busy = bool(wait(futures, PAUSE_S).not_done)


def probe_networks(
    backend: Backend, inspected: Mapping[str, Any], *, name_prefix: str, labels: Mapping[str, str], stop: Event
) -> tuple[Observation, ...]:
    """Run the port scan in a container on each network.

    Args:
        backend: Backend of the workspace.
        inspected: The engine's inspection of the workspace's container.
        name_prefix: Name prefix of the containers.
        labels: Labels of the containers.
        stop: Event after which no further container starts.
    """
    network_addresses = {
        name: addresses
        for name, settings in inspected["NetworkSettings"]["Networks"].items()
        if (addresses := _addresses(settings))
    }
    targets = [
        f"{address}:{port}" for addresses in network_addresses.values() for address in addresses for port in PORTS
    ]
    if not targets:
        return (
            Observation(
                OBSERVATION, {"network": "", **_explain_no_address(str(inspected["HostConfig"]["NetworkMode"]))}
            ),
        )

    def probe(number: int, network: str) -> Observation:
        try:
            data = _probe_network(
                backend, str(inspected["Image"]), network, targets, f"{name_prefix}{number}", labels, stop
            )
        except EngineError as error:
            data = {"why": f"no container could scan from {network}: {error.message}"}
        return Observation(OBSERVATION, {**data, "network": network})

    networks = dict.fromkeys((DEFAULT_NETWORK, *network_addresses))
    return gather([partial(probe, number, network) for number, network in enumerate(networks)], CONCURRENCY)


def _probe_network(
    backend: Backend, image: str, network: str, targets: list[str], name: str, labels: Mapping[str, str], stop: Event
) -> Mapping[str, Any]:
    text = guest_runner.build_program("neighbour")
    for python in PYTHONS:
        if stop.is_set():
            return {"skipped": "the audit was interrupted"}
        collector = guest_runner.Collector(allowed_names={GUEST_OBSERVATION})
        try:
            backend.run_once(
                image,
                (python, "-", str(STAGE_S), *targets),
                text,
                collector,
                name=name,
                labels=labels,
                limit_s=LIMIT_S,
                network=network,
            )
        except ProgramNotFound:
            continue
        observation = lines.last(collector.observations, GUEST_OBSERVATION)
        return {**observation.data, "ended": "error" not in observation.data} if observation else {"ended": False}
    return {"skipped": "the image has no Python for the scan"}


def _explain_no_address(mode: str) -> dict[str, str]:
    if mode == "none":
        return {"skipped": "the workspace is on no network"}
    return {"why": f"the engine reports no address of the workspace; its network is {mode}"}


def _addresses(settings: Mapping[str, Any]) -> list[str]:
    return [str(address) for address in (settings.get("IPAddress"), settings.get("GlobalIPv6Address")) if address]
