"""What a workspace is built on: chosen, brought, looked into, and remembered, so that it never changes by itself."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from envkit import catalog, naming
from envkit.backends.docker import image_contents, inspect, registry
from envkit.errors import BuildFailed, PreconditionError
from envkit.model.engine_state import ForeignBase, ImageContents
from envkit.net import http
from envkit.resolve import base_choice, base_layout
from envkit.resolve.base_choice import BaseChoice, OfficialImage
from envkit.resolve.base_layout import UnsuitableImage
from envkit.resolve.sticky import FOREIGN_BASE

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.backends.docker.client import Engine
    from envkit.config import Config
    from envkit.model.engine_state import ImageInfo
    from envkit.model.facts import Facts
    from envkit.model.report import Progress
    from envkit.model.state import State

    ProgressCallback = Callable[[Progress], None]


def choose(config: Config, facts: Facts, engine: Engine | None, state: State | None) -> BaseChoice:
    """Say what a config is built on; what `auto` chose once stays chosen.

    Raises:
        ConfigError: There is no official image of that release that serves.
    """
    choice = base_choice.from_config(config, facts) or base_choice.previous(config, facts, state)
    return choice or base_choice.choose(
        config, facts, _check_official_image(engine, base_choice.official_image(config, facts)[0])
    )


def inspect_foreign(
    choice: BaseChoice,
    config: Config,
    facts: Facts,
    engine: Engine,
    state: State | None,
    container_name: str,
    on_progress: ProgressCallback | None,
    *,
    refresh: bool = False,
) -> ForeignBase:
    """Return what a chosen image is and holds: as remembered, else looked at.

    Args:
        choice: Which one.
        config: As written.
        facts: The host.
        engine: Where.
        state: What is remembered.
        container_name: What the environment is called.
        on_progress: Gets the news of a pull; without one nothing is pulled.
        refresh: Whether what is remembered does not count.

    Raises:
        Refusal: No workspace can be built on it.
        BuildFailed: It cannot be had, or is not there and nothing may be pulled.
    """
    mirror = config.build.python_mirror or ""
    saved_base = None if refresh else _load_saved_base(choice, inspection_key(config), state)
    if saved_base is not None:
        return saved_base
    image = _pull_if_missing(engine, choice.ref, on_progress)
    _require_suitable(choice.ref, base_layout.check_image(image, facts.machine))
    labels = {naming.MANAGED: "1", naming.OWNER: str(facts.caller.uid)}
    output = image_contents.describe_image(engine, image.id, naming.inspector(container_name), labels)
    contents = None if output is None else base_layout.parse(output)
    system = _require_suitable(choice.ref, base_layout.detect_system(contents))
    assert contents is not None  # noqa: S101 - without a shell there is no system
    release = catalog.release(config.tensorflow)
    python_source = mirror
    if not python_source and base_layout.needs_managed_python(
        base_layout.choose_layout(contents, system, release, python_mirror="")
    ):
        python_source = "default" if http.is_reachable(catalog.python_mirror(), facts.proxies) else ""
    _require_suitable(choice.ref, base_layout.choose_layout(contents, system, release, python_mirror=python_source))
    return ForeignBase(
        "official" if choice.kind == "official" else "image", choice.ref, image.id, contents, python_source
    )


def inspection_key(config: Config) -> str:
    """Return what an image is looked at for: for another release or mirror it is looked at anew."""
    return f"{config.tensorflow} {config.build.python_mirror or ''}"


def serialize_choice(choice: BaseChoice, foreign_base: ForeignBase | None, key: str) -> dict[str, str]:
    """Return what to remember of a base."""
    entry = {} if foreign_base is None else {FOREIGN_BASE: json.dumps({**asdict(foreign_base), "asked": key})}
    return base_choice.to_record(choice) | entry


def _check_official_image(engine: Engine | None, ref: str) -> OfficialImage | None:
    """Ask engine and registry for the official image; the registry only where the engine lacks it."""
    if engine is None or not ref:
        return None
    image = inspect.image(engine, ref)
    if image is not None and image.from_registry:
        return OfficialImage(is_local=True)
    try:
        rejection = registry.check_image(engine, ref)
    except BuildFailed as error:  # nobody named that registry: what keeps it closed is a reason for Debian
        return OfficialImage(unavailable_reason=error.message)
    return OfficialImage(unavailable_reason=rejection[0] if rejection else "")


def _pull_if_missing(engine: Engine, ref: str, on_progress: ProgressCallback | None) -> ImageInfo:
    image = inspect.image(engine, ref)
    if image is None and on_progress is None:
        raise BuildFailed(
            f"the base image {ref} is not on the engine, and what it holds decides everything else",
            hint=f"docker pull {ref}, or envkit up, which does that",
        )
    if image is None and on_progress is not None:
        registry.pull(engine, ref, on_progress)
        image = inspect.image(engine, ref)
    if image is None:
        raise BuildFailed(f"the base image {ref} vanished as it came", hint="repeat the command")
    return image


def _require_suitable(ref: str, value: Any) -> Any:
    if isinstance(value, UnsuitableImage):
        raise PreconditionError(f"no workspace can be built on {ref}: {value.reason}", hint=value.hint)
    return value


def _load_saved_base(choice: BaseChoice, key: str, state: State | None) -> ForeignBase | None:
    data = json.loads(state.choices.get(FOREIGN_BASE, "{}")) if state else {}
    if not isinstance(data, dict):
        return None
    if (data.get("kind"), data.get("ref"), data.get("asked")) != (choice.kind, choice.ref, key):
        return None
    try:
        return ForeignBase(
            data["kind"], data["ref"], data["id"], ImageContents(**data["contents"]), data["python_mirror"]
        )
    except (KeyError, TypeError):
        return None
