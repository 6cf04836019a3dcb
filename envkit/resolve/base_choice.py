"""Choose the base image of a workspace, including `base: auto`. Pure."""

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
    """A chosen base image. The field names are stored in the state.

    Attributes:
        kind: `debian`, `official` or `image`.
        ref: Its reference; empty for `debian`.
        request: Request that `auto` chose it for; another request leads to a new choice.
        reason: Reason of `auto`, or empty.
    """

    kind: str
    ref: str = ""
    request: str = ""
    reason: str = ""


DEBIAN = BaseChoice("debian")
NVIDIA = "nvidia"


@dataclass(frozen=True, slots=True)
class OfficialImage:
    """Availability of the official image.

    Attributes:
        is_local: Whether the engine has it, with a registry's digest.
        unavailable_reason: Why it cannot be pulled; empty if it can.
    """

    is_local: bool = False
    unavailable_reason: str = ""


def from_config(config: Config, facts: Facts) -> BaseChoice | None:
    """Return the base of a config, or None for `auto`.

    Raises:
        ConfigError: The config requests the official image or NVIDIA's, and that release has no usable one.
    """
    if config.base == "auto":
        return None
    if config.base == NVIDIA:
        return _nvidia_container(config)
    if config.base != "official":
        return DEBIAN if config.base == "debian" else BaseChoice("image", config.base)
    ref, issue = official_image(config, facts)
    if issue:
        raise ConfigError([config.problem("base", issue, code="official-image-unusable")])
    return BaseChoice("official", ref)


def _nvidia_container(config: Config) -> BaseChoice:
    """Return NVIDIA's last container, which holds one release of TensorFlow."""
    container = catalog.nvidia_container()
    if catalog.release(config.tensorflow).version != container.tensorflow:
        message = (
            f'NVIDIA\'s last container has TensorFlow {container.tensorflow}; set tensorflow: "{container.tensorflow}"'
        )
        raise ConfigError([config.problem("base", message, code="official-image-unusable")])
    return BaseChoice("image", container.image)


def official_image(config: Config, facts: Facts) -> tuple[str, str]:
    """Return the official image for a config, and why it is unusable, or an empty string."""
    release, gpu = catalog.release(config.tensorflow), select_gpus(config.gpu, facts) is not None
    issue = base_layout.official_image_issue(release, gpu=gpu)
    return "" if issue else catalog.official_image(release, gpu=gpu), issue


def previous(config: Config, facts: Facts, state: State | None) -> BaseChoice | None:
    """Return the earlier choice of `auto`, if the release and the use of a GPU are unchanged."""
    record = _load_record(state)
    keys = {field.name for field in fields(BaseChoice)}
    if record.get("request") != _request(config, facts) or record.keys() != keys:
        return None
    return BaseChoice(**record)


def choose(config: Config, facts: Facts, image: OfficialImage | None) -> BaseChoice:
    """Choose the base for `auto`: the official image if it is usable and available, else Debian.

    Args:
        config: The project's config.
        facts: The host.
        image: Availability of the official image; None if no engine answers.
    """
    request = _request(config, facts)
    ref, issue = official_image(config, facts)
    if issue or image is None:
        return BaseChoice("debian", "", request, issue or "no engine answers")
    if image.is_local or not image.unavailable_reason:
        return BaseChoice("official", ref, request, f"{ref} is available" if image.is_local else f"{ref} can be pulled")
    return BaseChoice("debian", "", request, f"{ref} is not available: {image.unavailable_reason}")


def fallback(choice: BaseChoice, state: State | None, reason: str) -> BaseChoice | None:
    """Return the base that replaces an unsuitable choice of `auto`, or None if envkit must stop with an error.

    A base named in the config is never replaced. A choice of an earlier `up` is replaced only by `--refresh`.
    """
    is_remembered = _load_record(state).get("request") == choice.request
    return None if is_remembered or not choice.request else replace(choice, kind="debian", ref="", reason=reason)


def add_note(plan: Plan, choice: BaseChoice) -> Plan:
    """Add a note to a plan about the choice of `auto` and its reason."""
    if not choice.reason:
        return plan
    note = f"base: auto chose {choice.kind}, because {choice.reason}; --refresh chooses again"
    return replace(plan, notes=(*plan.notes, note))


def to_record(choice: BaseChoice) -> dict[str, str]:
    """Build the state entry of a choice; empty for a base named in the config."""
    return {BASE: json.dumps(asdict(choice))} if choice.request else {}


def _request(config: Config, facts: Facts) -> str:
    gpu = select_gpus(config.gpu, facts) is not None
    return f"{catalog.release(config.tensorflow).version} {'gpu' if gpu else 'cpu'}"


def _load_record(state: State | None) -> Mapping[str, Any]:
    record = json.loads(state.choices.get(BASE, "{}")) if state else {}
    return record if isinstance(record, dict) else {}
