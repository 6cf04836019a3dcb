"""Choose, pull and inspect the base image, and save the choice so that it never changes by itself."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from envkit import catalog, naming
from envkit.errors import BuildFailed, PreconditionError
from envkit.model.engine_state import ForeignBase, ImageContents
from envkit.net import http
from envkit.resolve import base_choice, base_layout
from envkit.resolve.base_choice import BaseChoice, OfficialImage
from envkit.resolve.base_layout import UnsuitableImage
from envkit.resolve.sticky import FOREIGN_BASE

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.backends.backend import Backend
    from envkit.config import Config
    from envkit.model.engine_state import ImageInfo
    from envkit.model.facts import Facts
    from envkit.model.report import Progress
    from envkit.model.state import State

    ProgressCallback = Callable[[Progress], None]


def choose(config: Config, facts: Facts, backend: Backend | None, state: State | None) -> BaseChoice:
    """Choose the base of a configuration; an earlier choice of `auto` is kept.

    Raises:
        ConfigError: The release has no suitable official image.
    """
    choice = base_choice.from_config(config, facts) or base_choice.previous(config, facts, state)
    return choice or base_choice.choose(
        config, facts, _check_official_image(backend, base_choice.official_image(config, facts)[0])
    )


def inspect_foreign(
    choice: BaseChoice,
    config: Config,
    facts: Facts,
    backend: Backend,
    state: State | None,
    container_name: str,
    on_progress: ProgressCallback | None,
    *,
    refresh: bool = False,
) -> ForeignBase:
    """Inspect a foreign base image, or return the saved result of an earlier inspection.

    Args:
        choice: Chosen base.
        config: Configuration of the project.
        facts: Facts about the host.
        backend: Backend that has the image or pulls it.
        state: Saved state.
        container_name: Name of the environment's container.
        on_progress: Callback for the progress of a pull; without it nothing is pulled.
        refresh: Whether to ignore the saved result.

    Raises:
        PreconditionError: No workspace can be built on the image.
        BuildFailed: The image is missing and cannot or must not be pulled.
    """
    mirror = config.build.python_mirror or ""
    saved_base = None if refresh else _load_saved_base(choice, inspection_key(config), state)
    if saved_base is not None:
        return saved_base
    image = _pull_if_missing(backend, choice.ref, on_progress)
    _require_suitable(choice.ref, base_layout.check_image(image, facts.resources.machine))
    labels = {naming.MANAGED: "1", naming.OWNER: str(facts.caller.uid)}
    output = backend.describe_image(image.id, naming.inspector(container_name), labels)
    contents = None if output is None else base_layout.parse(output)
    system = _require_suitable(choice.ref, base_layout.detect_system(contents))
    assert contents is not None  # noqa: S101 - detect_system rejects an image without a shell
    release = catalog.release(config.tensorflow)
    python_source = mirror
    if not python_source and base_layout.needs_managed_python(
        base_layout.choose_layout(contents, system, release, python_mirror="")
    ):
        python_source = "default" if http.is_reachable(catalog.python_mirror(), facts.network.proxies) else ""
    _require_suitable(choice.ref, base_layout.choose_layout(contents, system, release, python_mirror=python_source))
    return ForeignBase(
        "official" if choice.kind == "official" else "image", choice.ref, image.id, contents, python_source
    )


def find_base(backend: Backend, suite: str, previous_ref: str) -> ImageInfo | None:
    """Find a base image for a suite: the previous one, one that envkit built, or Debian's slim image."""
    refs = naming.base_refs(suite)
    candidates = (previous_ref if previous_ref in refs else "", *refs)
    return next((image for ref in candidates if ref and (image := backend.image(ref))), None)


def inspection_key(config: Config) -> str:
    """Return the key of an inspection: another release or Python mirror needs a new one."""
    return f"{config.tensorflow} {config.build.python_mirror or ''}"


def serialize_choice(choice: BaseChoice, foreign_base: ForeignBase | None, key: str) -> dict[str, str]:
    """Serialize the choice of a base and its inspection for the saved state."""
    entry = {} if foreign_base is None else {FOREIGN_BASE: json.dumps({**asdict(foreign_base), "request": key})}
    return base_choice.to_record(choice) | entry


def _check_official_image(backend: Backend | None, ref: str) -> OfficialImage | None:
    """Look for the official image on the engine, then in the registry."""
    if backend is None or not ref:
        return None
    image = backend.image(ref)
    if image is not None and image.from_registry:
        return OfficialImage(is_local=True)
    try:
        rejection = backend.check_image(ref)
    except BuildFailed as error:  # an unreachable registry is a reason to choose Debian, not an error
        return OfficialImage(unavailable_reason=error.message)
    return OfficialImage(unavailable_reason=rejection.reason if rejection else "")


def _pull_if_missing(backend: Backend, ref: str, on_progress: ProgressCallback | None) -> ImageInfo:
    image = backend.image(ref)
    if image is None and on_progress is None:
        raise BuildFailed(
            f"the base image {ref} is not on the engine and has to be inspected first",
            code="base-image-missing",
            hint=f"docker pull {ref}, or envkit up, which pulls it",
        )
    if image is None and on_progress is not None:
        backend.pull_image(ref, on_progress)
        image = backend.image(ref)
    if image is None:
        raise BuildFailed(
            f"the base image {ref} disappeared after it was pulled",
            code="base-image-missing",
            hint="repeat the command",
        )
    return image


def _require_suitable(ref: str, value: Any) -> Any:
    if isinstance(value, UnsuitableImage):
        raise PreconditionError(
            f"no workspace can be built on {ref}: {value.reason}", code="base-unsuitable", hint=value.hint
        )
    return value


def _load_saved_base(choice: BaseChoice, key: str, state: State | None) -> ForeignBase | None:
    data = json.loads(state.choices.get(FOREIGN_BASE, "{}")) if state else {}
    if not isinstance(data, dict):
        return None
    if (data.get("kind"), data.get("ref"), data.get("request")) != (choice.kind, choice.ref, key):
        return None
    try:
        return ForeignBase(
            data["kind"], data["ref"], data["id"], ImageContents(**data["contents"]), data["python_mirror"]
        )
    except (KeyError, TypeError):
        return None
