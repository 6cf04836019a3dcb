"""What a workspace stands on, and what `base: auto` makes of what was seen. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from envkit import catalog
from envkit.errors import ConfigError
from envkit.resolve import base_layout
from envkit.resolve.gpu import select_gpus
from envkit.resolve.sticky import BASE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.config import Config
    from envkit.model.facts import Facts
    from envkit.model.plan import Plan
    from envkit.model.state import State


@dataclass(frozen=True, slots=True)
class BaseChoice:
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


DEBIAN = BaseChoice("debian")


@dataclass(frozen=True, slots=True)
class OfficialImage:
    """What the engine and the registry say of the official image.

    Attributes:
        is_local: The engine has it, and a registry vouched for it.
        unavailable_reason: Why the registry does not offer it; empty where it does.
    """

    is_local: bool = False
    unavailable_reason: str = ""


def from_config(config: Config, facts: Facts) -> BaseChoice | None:
    """Return the base that a config names, or None where it leaves it to `auto`.

    Raises:
        ConfigError: There is no official image of that release that serves.
    """
    if config.base == "auto":
        return None
    if config.base != "official":
        return DEBIAN if config.base == "debian" else BaseChoice("image", config.base)
    ref, broken = official_image(config, facts)
    if broken:
        raise ConfigError([config.problem("base", broken)])
    return BaseChoice("official", ref)


def official_image(config: Config, facts: Facts) -> tuple[str, str]:
    """Return the official image for a config, and why that one does not serve, or an empty text."""
    release, gpu = catalog.release(config.tensorflow), select_gpus(config.gpu, facts) is not None
    broken = base_layout.official_image_issue(release, gpu=gpu)
    return "" if broken else catalog.official_image(release, gpu=gpu), broken


def previous(config: Config, facts: Facts, state: State | None) -> BaseChoice | None:
    """Return what `auto` chose before, as long as it is asked for the same release, with a GPU or without."""
    record = _load_record(state)
    if record.get("asked") != _request(config, facts) or record.keys() != {field.name for field in fields(BaseChoice)}:
        return None
    return BaseChoice(**record)


def choose(config: Config, facts: Facts, image: OfficialImage | None) -> BaseChoice:
    """Say what `auto` becomes: the official image where it serves and is here or can be pulled, else Debian.

    Args:
        config: As written.
        facts: The host.
        image: What engine and registry say of the official image; None where no engine answers.
    """
    request = _request(config, facts)
    ref, broken = official_image(config, facts)
    if broken or image is None:
        return BaseChoice("debian", "", request, broken or "no engine answers")
    if image.is_local or not image.unavailable_reason:
        return BaseChoice("official", ref, request, f"{ref} is here" if image.is_local else f"{ref} can be pulled")
    return BaseChoice("debian", "", request, f"{ref} cannot be had: {image.unavailable_reason}")


def fallback(choice: BaseChoice, state: State | None, reason: str) -> BaseChoice | None:
    """Say what `auto` takes where no workspace can be built on its choice, or None where that is a refusal.

    What somebody named is refused; so is what `auto` chose at an earlier `up`, which is taken back by nobody but
    who asks for it.
    """
    is_remembered = _load_record(state).get("asked") == choice.asked
    return None if is_remembered or not choice.asked else replace(choice, kind="debian", ref="", why=reason)


def add_note(plan: Plan, choice: BaseChoice) -> Plan:
    """Say in a plan which base `auto` chose and why."""
    if not choice.why:
        return plan
    note = f"base: auto chose {choice.kind}, because {choice.why}; --refresh chooses anew"
    return replace(plan, notes=(*plan.notes, note))


def to_record(choice: BaseChoice) -> dict[str, str]:
    """Return what to remember of a choice: what the config names needs no memory."""
    return {BASE: json.dumps(asdict(choice))} if choice.asked else {}


def _request(config: Config, facts: Facts) -> str:
    gpu = select_gpus(config.gpu, facts) is not None
    return f"{catalog.release(config.tensorflow).version} {'gpu' if gpu else 'cpu'}"


def _load_record(state: State | None) -> Mapping[str, Any]:
    record = json.loads(state.choices.get(BASE, "{}")) if state else {}
    return record if isinstance(record, dict) else {}
