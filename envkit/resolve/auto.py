"""What a workspace stands on, and what `base: auto` makes of what was seen. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from envkit import catalog
from envkit.errors import ConfigError
from envkit.resolve import bases
from envkit.resolve.gpu import gpus
from envkit.resolve.kept import BASE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.config import Config
    from envkit.model.facts import Facts
    from envkit.model.plan import Plan
    from envkit.model.state import State


@dataclass(frozen=True, slots=True)
class Choice:
    """Which base it is.

    Attributes:
        kind: `debian`, `official` or `image`.
        ref: What the engine knows it by; empty for `debian`.
        asked: What `auto` chose it for: another question is answered anew.
        why: Why, where `auto` chose.
    """

    kind: str
    ref: str = ""
    asked: str = ""
    why: str = ""


DEBIAN = Choice("debian")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the engine and the registry say of the official image.

    Attributes:
        here: The engine has it, and a registry vouched for it.
        refused: Why the registry does not offer it; empty where it does.
    """

    here: bool = False
    refused: str = ""


def named(config: Config, facts: Facts) -> Choice | None:
    """Return the base that a config names, or None where it leaves it to `auto`.

    Raises:
        ConfigError: There is no official image of that release that serves.
    """
    if config.base == "auto":
        return None
    if config.base != "official":
        return DEBIAN if config.base == "debian" else Choice("image", config.base)
    ref, broken = official(config, facts)
    if broken:
        raise ConfigError([config.problem("base", broken)])
    return Choice("official", ref)


def official(config: Config, facts: Facts) -> tuple[str, str]:
    """Return the official image for a config, and why that one does not serve, or an empty text."""
    release, gpu = catalog.release(config.tensorflow), gpus(config.gpu, facts) is not None
    broken = bases.official_broken(release, gpu=gpu)
    return "" if broken else catalog.official(release, gpu=gpu), broken


def before(config: Config, facts: Facts, state: State | None) -> Choice | None:
    """Return what `auto` chose before, as long as it is asked for the same release, with a GPU or without."""
    found = _record(state)
    if found.get("asked") != _asked(config, facts) or found.keys() != {one.name for one in fields(Choice)}:
        return None
    return Choice(**found)


def choose(config: Config, facts: Facts, seen: Seen | None) -> Choice:
    """Say what `auto` becomes: the official image where it serves and is here or can be pulled, else Debian.

    Args:
        config: As written.
        facts: The host.
        seen: What engine and registry say of the official image; None where no engine answers.
    """
    asked = _asked(config, facts)
    ref, broken = official(config, facts)
    if broken or seen is None:
        return Choice("debian", "", asked, broken or "no engine answers")
    if seen.here or not seen.refused:
        return Choice("official", ref, asked, f"{ref} is here" if seen.here else f"{ref} can be pulled")
    return Choice("debian", "", asked, f"{ref} cannot be had: {seen.refused}")


def instead(choice: Choice, state: State | None, why: str) -> Choice | None:
    """Say what `auto` takes where no workspace can be built on its choice, or None where that is a refusal.

    What somebody named is refused; so is what `auto` chose at an earlier `up`, which is taken back by nobody but
    who asks for it.
    """
    stands = _record(state).get("asked") == choice.asked
    return None if stands or not choice.asked else replace(choice, kind="debian", ref="", why=why)


def told(plan: Plan, choice: Choice) -> Plan:
    """Say in a plan which base `auto` chose and why."""
    if not choice.why:
        return plan
    why = f"base: auto chose {choice.kind}, because {choice.why}; --refresh chooses anew"
    return replace(plan, remarks=(*plan.remarks, why))


def kept(choice: Choice) -> dict[str, str]:
    """Return what to remember of a choice: what the config names needs no memory."""
    return {BASE: json.dumps(asdict(choice))} if choice.asked else {}


def _asked(config: Config, facts: Facts) -> str:
    gpu = gpus(config.gpu, facts) is not None
    return f"{catalog.release(config.tensorflow).version} {'gpu' if gpu else 'cpu'}"


def _record(state: State | None) -> Mapping[str, Any]:
    found = json.loads(state.choices.get(BASE, "{}")) if state else {}
    return found if isinstance(found, dict) else {}
