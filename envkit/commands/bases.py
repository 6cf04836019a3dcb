"""What a workspace is built on: chosen, brought, looked into, and remembered, so that it never changes by itself."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from envkit import catalog, names, net
from envkit.engines import inside as inside_
from envkit.engines import look, registry
from envkit.errors import BuildFailed, Refusal
from envkit.model.found import Ground, Inside
from envkit.resolve import auto, bases
from envkit.resolve.auto import Choice, Seen
from envkit.resolve.bases import Unsuitable
from envkit.resolve.kept import GROUND

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.config import Config
    from envkit.engines.connect import Engine
    from envkit.model.facts import Facts
    from envkit.model.found import FoundImage
    from envkit.model.report import Progress
    from envkit.model.state import State

    Say = Callable[[Progress], None]


def choose(config: Config, facts: Facts, engine: Engine | None, remembered: State | None) -> Choice:
    """Say what a config is built on; what `auto` chose once stays chosen.

    Raises:
        ConfigError: There is no official image of that release that serves.
    """
    chosen = auto.named(config, facts) or auto.before(config, facts, remembered)
    return chosen or auto.choose(config, facts, _seen(engine, auto.official(config, facts)[0]))


def ground(
    choice: Choice, config: Config, facts: Facts, engine: Engine, remembered: State | None, title: str,
    say: Say | None, *, fresh: bool = False,
) -> Ground:
    """Return what a chosen image is and holds: as remembered, else looked at.

    Args:
        choice: Which one.
        config: As written.
        facts: The host.
        engine: Where.
        remembered: What is remembered.
        title: What the environment is called.
        say: Gets the news of a pull; without one nothing is pulled.
        fresh: Whether what is remembered does not count.

    Raises:
        Refusal: No workspace can be built on it.
        BuildFailed: It cannot be had, or is not there and nothing may be pulled.
    """
    mirror = config.build.python_mirror or ""
    known = None if fresh else _remembered(choice, question(config), remembered)
    if known is not None:
        return known
    image = _at_hand(engine, choice.ref, say)
    _insist(choice.ref, bases.unfit(image, facts.machine))
    labels = {names.MANAGED: "1", names.OWNER: str(facts.caller.uid)}
    said = inside_.look_inside(engine, image.id, names.look(title), labels)
    seen = None if said is None else bases.parse(said)
    system = _insist(choice.ref, bases.system_of(seen))
    assert seen is not None  # noqa: S101 - without a shell there is no system
    release = catalog.release(config.tensorflow)
    managed = mirror
    if not managed and bases.wants_managed(bases.layout(seen, system, release, managed="")):
        managed = "default" if net.reachable(catalog.managed_mirror(), facts.proxies) else ""
    _insist(choice.ref, bases.layout(seen, system, release, managed=managed))
    return Ground("official" if choice.kind == "official" else "image", choice.ref, image.id, seen, managed)


def question(config: Config) -> str:
    """Return what an image is looked at for: for another release or mirror it is looked at anew."""
    return f"{config.tensorflow} {config.build.python_mirror or ''}"


def kept(choice: Choice, found: Ground | None, asked: str) -> dict[str, str]:
    """Return what to remember of a base."""
    ground_ = {} if found is None else {GROUND: json.dumps({**asdict(found), "asked": asked})}
    return auto.kept(choice) | ground_


def _seen(engine: Engine | None, ref: str) -> Seen | None:
    """Ask engine and registry for the official image; the registry only where the engine lacks it."""
    if engine is None or not ref:
        return None
    found = look.image(engine, ref)
    if found is not None and found.pulled:
        return Seen(here=True)
    try:
        refused = registry.refused(engine, ref)
    except BuildFailed as error:  # nobody named that registry: what keeps it closed is a reason for Debian
        return Seen(refused=error.message)
    return Seen(refused=refused[0] if refused else "")


def _at_hand(engine: Engine, ref: str, say: Say | None) -> FoundImage:
    found = look.image(engine, ref)
    if found is None and say is None:
        raise BuildFailed(
            f"the base image {ref} is not on the engine, and what it holds decides everything else",
            mend=f"docker pull {ref}, or envkit up, which does that",
        )
    if found is None and say is not None:
        registry.pull(engine, ref, say)
        found = look.image(engine, ref)
    if found is None:
        raise BuildFailed(f"the base image {ref} vanished as it came", mend="repeat the command")
    return found


def _insist(ref: str, found: Any) -> Any:
    if isinstance(found, Unsuitable):
        raise Refusal(f"no workspace can be built on {ref}: {found.reason}", mend=found.mend)
    return found


def _remembered(choice: Choice, asked: str, remembered: State | None) -> Ground | None:
    given = json.loads(remembered.choices.get(GROUND, "{}")) if remembered else {}
    if not isinstance(given, dict):
        return None
    if (given.get("kind"), given.get("ref"), given.get("asked")) != (choice.kind, choice.ref, asked):
        return None
    try:
        return Ground(given["kind"], given["ref"], given["id"], Inside(**given["inside"]), given["managed"])
    except (KeyError, TypeError):
        return None
