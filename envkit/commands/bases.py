"""What a workspace is built on: chosen, brought, looked into, and remembered, so that it never changes by itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from envkit import catalog, names, net
from envkit.engines import inside as inside_
from envkit.engines import look, registry
from envkit.errors import BuildFailed, ConfigError, Refusal
from envkit.model.found import Ground, Inside
from envkit.resolve import bases
from envkit.resolve.bases import Unsuitable
from envkit.resolve.gpu import gpus
from envkit.resolve.kept import BASE, GROUND

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkit.config import Config
    from envkit.engines.connect import Engine
    from envkit.model.facts import Facts
    from envkit.model.found import FoundImage
    from envkit.model.release import Release
    from envkit.model.report import Progress
    from envkit.model.state import State

    Say = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which base it is.

    Attributes:
        kind: `debian`, `official` or `image`.
        ref: What the engine knows it by; empty for `debian`.
        asked: What it was chosen for: another question is answered anew.
        why: Why, where `auto` chose.
    """

    kind: str
    ref: str = ""
    asked: str = ""
    why: str = ""


def choose(config: Config, facts: Facts, engine: Engine | None, remembered: State | None) -> Choice:
    """Say what a config is built on; what `auto` chose once stays chosen.

    Raises:
        ConfigError: There is no official image of that release that serves.
    """
    release = catalog.release(config.tensorflow)
    gpu = gpus(config.gpu, facts) is not None
    if config.base == "auto":
        return _auto(release, engine, remembered, gpu=gpu)
    if config.base != "official":
        return Choice("debian") if config.base == "debian" else Choice("image", config.base)
    broken = bases.official_broken(release, gpu=gpu)
    if broken:
        raise ConfigError([config.problem("base", broken)])
    return Choice("official", catalog.official(release, gpu=gpu))


def stands(choice: Choice, remembered: State | None) -> bool:
    """Say whether `auto` chose this before: then nothing but being asked to takes it back."""
    return bool(choice.asked) and _record(remembered, BASE).get("asked") == choice.asked


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
    told: dict[str, str] = {}
    if choice.asked:
        told[BASE] = json.dumps(asdict(choice))
    if found is not None:
        told[GROUND] = json.dumps({**asdict(found), "asked": asked})
    return told


def _auto(release: Release, engine: Engine | None, remembered: State | None, *, gpu: bool) -> Choice:
    asked = f"{release.version} {'gpu' if gpu else 'cpu'}"
    before = _record(remembered, BASE)
    if before.get("asked") == asked:
        return Choice(**before)
    why = bases.official_broken(release, gpu=gpu) or "no engine answers"
    ref = "" if bases.official_broken(release, gpu=gpu) else catalog.official(release, gpu=gpu)
    if ref and engine is not None:
        found = look.image(engine, ref)
        if found is not None and found.pulled:
            return Choice("official", ref, asked, f"{ref} is here")
        refused = registry.refused(engine, ref)
        if refused is None:
            return Choice("official", ref, asked, f"{ref} can be pulled")
        why = f"{ref} cannot be had: {refused[0]}"
    return Choice("debian", "", asked, why)


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
    given = _record(remembered, GROUND)
    if (given.get("kind"), given.get("ref"), given.get("asked")) != (choice.kind, choice.ref, asked):
        return None
    try:
        return Ground(given["kind"], given["ref"], given["id"], Inside(**given["inside"]), given["managed"])
    except (KeyError, TypeError):
        return None


def _record(remembered: State | None, key: str) -> Mapping[str, Any]:
    found = json.loads(remembered.choices.get(key, "{}")) if remembered else {}
    return found if isinstance(found, dict) else {}

