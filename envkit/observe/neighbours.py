"""Knock at a workspace from other containers: from the engine's usual network, and from the workspace's own."""

from __future__ import annotations

import time
from concurrent.futures import wait
from contextlib import contextmanager, suppress
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any

from envkit import names
from envkit.checks import observations as lines
from envkit.engines import leftovers, trial
from envkit.errors import EngineError, EnvkitError
from envkit.model.report import Observation
from envkit.observe import guest
from envkit.observe.aside import begun, together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from envkit.engines.connect import Engine

USUAL = "bridge"  # the network of every container that is given none
TENSORBOARD_PORT = 6006  # its usual one
PORTS = (names.JUPYTER_PORT, names.SSH_PORT, TENSORBOARD_PORT)
PYTHONS = (guest.PYTHON, "python3")
AT_ONCE = 2  # containers: each mostly waits
STAGE_S = 10  # more than the knocking takes
LIMIT_S = 20.0  # for a container, from its start to its end
ENDING_S, PAUSE_S = 10.0, 0.25  # for a container that is being made when nobody wants it any more
WHOLE_S = 2 * len(PYTHONS) * LIMIT_S
KNOCKED, SEEN = "neighbour.knocked", "audit.neighbour"


@contextmanager
def knocking(
    engine: Engine, inspected: Mapping[str, Any], *, owner: int, title: str, labels: Mapping[str, str]
) -> Iterator[Callable[[], tuple[Observation, ...]]]:
    """Knock while the block runs, and yield what fetches the results; an exception in the block takes all of it away.

    Args:
        engine: Where.
        inspected: What the engine says of the workspace's container.
        owner: Whose containers they are.
        title: How their names begin, and those of no others.
        labels: Of the containers.
    """
    stop, works = Event(), list["Future[tuple[Observation, ...]]"]()
    try:
        works.append(begun(partial(knocks, engine, inspected, title=title, labels=labels, stop=stop)))
        yield works[0].result
    except BaseException:
        stop.set()
        with suppress(EnvkitError):
            _clear(engine, owner, title, works)
        raise


def _clear(engine: Engine, owner: int, title: str, works: Sequence[Future[Any]]) -> None:
    """Remove what knocks, until nothing does: what was being made just now shows a moment later."""
    until = time.monotonic() + ENDING_S
    busy = True
    while busy and time.monotonic() < until:
        leftovers.remove_named(engine, owner, title)
        busy = bool(wait(works, PAUSE_S).not_done)


def knocks(
    engine: Engine, inspected: Mapping[str, Any], *, title: str, labels: Mapping[str, str], stop: Event
) -> tuple[Observation, ...]:
    """Start a container on each network, let it knock, and remove it.

    Args:
        engine: Where.
        inspected: What the engine says of the workspace's container.
        title: How the names of the containers begin.
        labels: Of the containers.
        stop: Once it is set, no container is begun.
    """
    joined = {
        name: found for name, at in inspected["NetworkSettings"]["Networks"].items() if (found := _addresses(at))
    }
    targets = [f"{address}:{port}" for found in joined.values() for address in found for port in PORTS]
    if not targets:
        return (Observation(SEEN, {"network": "", **_unaddressed(str(inspected["HostConfig"]["NetworkMode"]))}),)

    def knocked(number: int, network: str) -> Observation:
        try:
            seen = _knocked(engine, str(inspected["Image"]), network, targets, f"{title}{number}", labels, stop)
        except EngineError as error:
            seen = {"why": f"no container could knock from {network}: {error.message}"}
        return Observation(SEEN, {**seen, "network": network})

    networks = dict.fromkeys((USUAL, *joined))
    return together([partial(knocked, number, network) for number, network in enumerate(networks)], AT_ONCE)


def _knocked(
    engine: Engine, image: str, network: str, targets: list[str], name: str, labels: Mapping[str, str], stop: Event
) -> Mapping[str, Any]:
    text = guest.program("neighbour")
    for python in PYTHONS:
        if stop.is_set():
            return {"skipped": "the audit was interrupted"}
        found = guest.Collected(believed={KNOCKED})
        try:
            trial.run(
                engine, image, (python, "-", str(STAGE_S), *targets), text, found, name=name, labels=labels,
                limit_s=LIMIT_S, network=network,
            )
        except trial.NoProgram:
            continue
        seen = lines.last(found.all, KNOCKED)
        return {**seen.data, "ended": "error" not in seen.data} if seen else {"ended": False}
    return {"skipped": "the image has no Python to knock with"}


def _unaddressed(mode: str) -> dict[str, str]:
    if mode == "none":
        return {"skipped": "the workspace is on no network"}
    return {"why": f"the engine tells no address of the workspace to knock at; its network is {mode}"}


def _addresses(joined: Mapping[str, Any]) -> list[str]:
    return [str(one) for one in (joined.get("IPAddress"), joined.get("GlobalIPv6Address")) if one]
