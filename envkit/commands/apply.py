"""Carry out steps, one after the other; each is undone by nothing and can be done again."""

from __future__ import annotations

import secrets
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import decide, files, names, state
from envkit.commands import builders, delivered, mounted
from envkit.engines import containers, look, registry
from envkit.model import step
from envkit.model.report import Progress
from envkit.render import compose
from envkit.resolve import kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.commands.survey import Survey
    from envkit.engines.connect import Engine
    from envkit.model.plan import Plan
    from envkit.model.state import State
    from envkit.state import Place

    Say = Callable[[Progress], None]


def apply(
    steps: step.Steps, surveyed: Survey, engine: Engine, place: Place, remembered: State, say: Say
) -> State:
    """Carry out the steps of an `up` and return what is to be remembered, saved as it came.

    Raises:
        EngineError: A step failed; what was done before it stays, and the next `up` goes on from there.
    """
    for one in steps:
        remembered = _apply(one, surveyed, engine, place, remembered, say)
    return remembered


def files_current(place: Place, surveyed: Survey, remembered: State | None) -> bool:
    """Say whether the mounted files are what the plan says: here, and where the engine is on another machine there."""
    if not mounted.current(place, surveyed.plan):
        return False
    if not surveyed.facts.far:
        return True
    return remembered is not None and remembered.delivered == delivered.mark(
        place, surveyed.plan, surveyed.found.volumes
    )


def _apply(one: step.Step, surveyed: Survey, engine: Engine, place: Place, remembered: State, say: Say) -> State:
    plan = surveyed.plan
    own = names.labels(plan.owner, plan.name, plan.project)
    match one:
        case step.MakeBase(suite, ref):
            _make_base(engine, suite, ref, plan, say)
        case step.BuildImage(ref, anew):
            return _build(engine, surveyed, ref, place, remembered, say, anew=anew)
        case step.CreateNetwork():
            containers.create_network(engine, plan.run, {**own, **compose.network_labels(plan.run)})
        case step.CreateVolume(name):
            made = {names.MADE: secrets.token_hex(8)}
            containers.create_volume(engine, name, {**own, **compose.volume_labels(plan.run, name), **made})
        case step.PrepareVolumes(volumes, image):
            return _prepare(engine, surveyed, volumes, image, place, remembered)
        case step.ReplaceFiles():
            return _replace_files(engine, surveyed, place, remembered, say)
        case step.CreateContainer(name, ref):
            say(Progress("start", f"starting {name}"))
            labels = names.container_labels(plan, surveyed.wanted.digests)
            labels |= compose.container_labels(plan.run, str(place.rendered))
            containers.create(engine, plan.run, ref, labels)
        case step.StartContainer(name):
            containers.start(engine, name)
        case step.UnpauseContainer(name):
            containers.unpause(engine, name)
        case _:
            remove(one, engine, say)
    return remembered


def _replace_files(engine: Engine, surveyed: Survey, place: Place, remembered: State, say: Say) -> State:
    for told in mounted.replace_files(place, surveyed.plan):
        say(Progress("keys", told, done=True))
    return _deliver(engine, surveyed, place, remembered) if surveyed.facts.far else remembered


def _deliver(engine: Engine, surveyed: Survey, place: Place, remembered: State) -> State:
    plan, kept = surveyed.plan, surveyed.found.container
    labels = _helpers(plan)
    at_hand = surveyed.wanted.ref if look.image(engine, surveyed.wanted.ref) or kept is None else kept.image_id
    delivered.deliver(engine, place, plan, at_hand, labels)
    volumes = look.surroundings(engine, plan.run.name, (delivered.volume(plan),)).volumes
    return _saved(place, replace(remembered, delivered=delivered.mark(place, plan, volumes)))


def remove(one: step.Step, engine: Engine, say: Say) -> None:
    """Carry out a step that takes something away."""
    match one:
        case step.RemoveContainer(name):
            say(Progress("stop", f"removing {name}"))
            containers.remove(engine, name)
        case step.RemoveNetwork(name):
            containers.remove_network(engine, name)
        case step.RemoveVolume(name):
            containers.remove_volume(engine, name)
        case _:
            raise AssertionError(one)


def bring_base(surveyed: Survey, engine: Engine, place: Place, remembered: State, say: Say) -> State:
    """Bring the base of a plan anew, and forget what the old one was: another base is another image.

    Raises:
        BuildFailed: It cannot be had; the old one is still there.
        Refusal: It could not be built on.
    """
    plan = surveyed.plan
    builders.refuse(plan, (step.BuildImage(surveyed.wanted.ref),))
    own = surveyed.choice.kind == "debian"
    ref = plan.image.base.ref if own else surveyed.choice.ref
    if own and ref == names.base_ref(plan.image.suite.name):
        _make_base(engine, plan.image.suite.name, ref, plan, say)
    else:
        registry.pull(engine, ref, say)
    return _saved(place, kept.without_base(remembered))


def _make_base(engine: Engine, suite: str, ref: str, plan: Plan, say: Say) -> None:
    from envkit import rootfs
    from envkit.engines import images

    with tempfile.TemporaryDirectory(prefix="envkit-") as folder:
        tar = Path(folder) / "rootfs.tar"
        origin = rootfs.make(suite, plan.image.mirror, tar, say, proxies=plan.build_proxies)
        labels = {names.MANAGED: "1", names.BUILDER: str(plan.owner), names.SUITE: suite, names.ORIGIN: origin}
        images.import_tar(engine, tar, ref, labels)


def _build(
    engine: Engine, surveyed: Survey, ref: str, place: Place, remembered: State, say: Say, *, anew: bool
) -> State:
    builder = str(surveyed.plan.owner)
    labels = {names.MANAGED: "1", names.BUILDER: builder, names.IMAGE: surveyed.wanted.digests.image}
    builders.build(surveyed, engine, ref, labels, say, anew=anew)
    base = surveyed.plan.image.base
    return _saved(place, replace(remembered, base_ref=base.ref, base_id=base.id, base_origin=base.origin))


def _prepare(
    engine: Engine, surveyed: Survey, volumes: tuple[str, ...], image: str, place: Place, remembered: State
) -> State:
    plan = surveyed.plan
    labels = _helpers(plan)
    folders = {name: decide.folders_in(plan).get(name, ()) for name in volumes}
    containers.prepare_volumes(engine, folders, plan.run.user, image, names.helper(plan.run.name), labels)
    found = look.surroundings(engine, plan.run.name, volumes)
    made = {name: decide.mark(plan, found, name) for name in volumes if name in found.volumes}
    return _saved(place, replace(remembered, prepared={**remembered.prepared, **made}))


def _helpers(plan: Plan) -> dict[str, str]:
    """Return a helper's labels: without the environment's name, because it is none, and `status` passes it by."""
    own = names.labels(plan.owner, plan.name, plan.project)
    return {key: value for key, value in own.items() if key != names.NAME}


def _saved(place: Place, remembered: State) -> State:
    state.save(place, remembered)
    return remembered


def write_rendered(place: Place, surveyed: Survey) -> None:
    """Keep the artefacts of this plan in the state folder, for people and for Compose to read."""
    files.private_folder(place.rendered)
    for artifact in (*surveyed.context, compose.render(surveyed.wanted)):
        path = place.rendered / artifact.path
        files.private_folder(path.parent)
        if files.read(path) != artifact.text.encode():
            files.write(path, artifact.text.encode(), mode=artifact.mode & 0o700 | 0o600, lasting=False)
