"""Look, resolve, render, decide: from a project to the steps it needs. Nothing is changed here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envkit import catalog, digest, host, names, tunnel
from envkit.commands import bases
from envkit.commands.project import is_gone, names_taken
from envkit.decide import Wanted
from envkit.engines import connect, holder, look
from envkit.errors import EngineUnavailable, Refusal
from envkit.model.found import Found
from envkit.render import image as image_
from envkit.resolve import auto, far, kept, name_of, resolve, wants
from envkit.resolve.auto import DEBIAN, Choice

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from envkit.commands.project import Project
    from envkit.engines.connect import Engine
    from envkit.model.artifact import Artifact
    from envkit.model.facts import Facts
    from envkit.model.plan import Plan
    from envkit.model.report import Progress
    from envkit.model.state import State

    Say = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Survey:
    """What is wanted and what was found.

    Attributes:
        wanted: The plan with its digests.
        context: Its rendered build context.
        facts: The host.
        found: What the engine holds.
        choice: Which base it stands on.
        question: What that base was looked at for.
    """

    wanted: Wanted
    context: tuple[Artifact, ...]
    facts: Facts
    found: Found
    choice: Choice = DEBIAN
    question: str = ""

    @property
    def plan(self) -> Plan:
        """What was decided."""
        return self.wanted.plan


def survey(
    project: Project, engine: Engine | None, remembered: State | None, *, avoid: Collection[int] = (),
    say: Say | None = None,
) -> Survey:
    """Look at host and engine and decide everything for a project.

    Args:
        project: The project.
        engine: Its engine; without one, only what needs none is decided, as `render` does.
        remembered: What is remembered, which may be newer than the project's.
        avoid: Ports that turned out to be taken.
        say: Gets the news of a base image that has to be pulled; without one nothing is pulled.

    Raises:
        ConfigError: The config cannot be honoured on this host.
        Refusal: The workspace cannot be one, or a name belongs to somebody else.
    """
    facts = _facts(project, engine, remembered, avoid)
    name = name_of(project.config, project.folder, remembered, _taken(project, engine, facts.caller.uid, remembered))
    _refuse_renaming(engine, facts.caller.uid, name, remembered)
    found = Found() if engine is None else _found(project, engine, facts.caller.uid, name)
    choice = bases.choose(project.config, facts, engine, remembered)
    if choice.kind != "debian":
        try:
            return _on_image(project, engine, name, facts, found, remembered, choice, say)
        except Refusal as error:
            other = auto.instead(choice, remembered, error.message)
            if other is None:
                raise
            choice = other
    if engine is not None and (remembered is None or not remembered.base_id):
        suite = catalog.release(project.config.tensorflow).suite
        found = replace(found, base=look.base(engine, suite, remembered.base_ref if remembered else ""))
    surveyed = _with_image(project, engine, name, facts, found, remembered)
    if surveyed.found.image is None and engine is not None and found.base is None:
        # Nothing was built on what the last build stood on: build on what is there now.
        suite = surveyed.plan.image.suite.name
        base = look.base(engine, suite, remembered.base_ref if remembered else "")
        fresh = replace(remembered, base_ref="", base_id="", base_origin="") if remembered else None
        surveyed = _with_image(project, engine, name, facts, replace(found, base=base), fresh)
    return _chosen(surveyed, choice)


def _facts(
    project: Project, engine: Engine | None, remembered: State | None, avoid: Collection[int]
) -> Facts:
    """Look at the host, and at the machine that the engine is on."""
    wanted = wants(project.config, project.folder, str(project.place.folder))
    facts = host.look(wanted)
    if tunnel.is_remote(project.endpoint):
        facts = far.facts(facts, connect.facts(engine) if engine else None)
    facts = kept.as_chosen(facts, remembered.choices if remembered else {}, wanted)
    if engine is not None and facts.gpu.driver and project.config.gpu != "off":
        facts = replace(facts, gpu_roads=connect.facts(engine).gpu_roads)
    busy = {**facts.busy_ports, **dict.fromkeys(avoid, "")}
    asked = (port for port in wanted.ports if port in busy)
    return replace(
        facts, busy_ports=busy | {port: holder.holder(engine, project.endpoint, port, busy[port]) for port in asked}
    )


def _found(project: Project, engine: Engine, owner: int, name: str) -> Found:
    """Look at what the engine holds of an environment, but for its images."""
    title, abroad = names.container(owner, name), tunnel.is_remote(project.endpoint)
    own = ("home", *far.OWN) if abroad else ("home",)
    found = look.surroundings(engine, title, [names.volume(title, one) for one in (*own, *project.config.volumes)])
    if abroad:  # what is shown of another machine has nothing to do with folders of this one
        return found
    return replace(found, binds=look.binds(engine, owner, project.folder))


def _chosen(surveyed: Survey, choice: Choice) -> Survey:
    wanted = replace(surveyed.wanted, plan=auto.told(surveyed.plan, choice))
    return replace(surveyed, choice=choice, wanted=wanted)


def _on_image(
    project: Project, engine: Engine | None, name: str, facts: Facts, found: Found, remembered: State | None,
    choice: Choice, say: Say | None,
) -> Survey:
    """Survey a workspace over an image that somebody else made."""
    if engine is None:
        raise EngineUnavailable(
            f"what lies in {choice.ref} decides the rest, and no engine answers that has it",
            mend="start one, or write base: debian, which needs none for this",
        )
    title = names.container(facts.caller.uid, name)
    ground = bases.ground(choice, project.config, facts, engine, remembered, title, say)
    surveyed = _with_image(project, engine, name, facts, replace(found, ground=ground), remembered)
    if surveyed.found.image is None:
        base = look.image(engine, choice.ref)
        if base is None or base.id != ground.id:  # nothing was built on what was there then: look at what is there now
            ground = bases.ground(choice, project.config, facts, engine, remembered, title, say, fresh=True)
            base = look.image(engine, choice.ref)
        surveyed = _with_image(project, engine, name, facts, replace(found, ground=ground, base=base), remembered)
    return replace(_chosen(surveyed, choice), question=bases.question(project.config))


def _taken(project: Project, engine: Engine | None, owner: int, remembered: State | None) -> dict[str, str]:
    """Return the names this project may not choose; one that it has already is not given up for a leftover."""
    taken, asked = names_taken(project.endpoint, project.folder), project.config.name
    if asked in taken:
        there = look.container(engine, names.container(owner, asked)) if engine is not None else None
        about: list[str] = [] if engine is None else ["down" if there is None else there.status]
        about += ["its folder is gone"] if is_gone(taken[asked]) else []
        return {**taken, asked: taken[asked] + (f" ({', '.join(about)})" if about else "")}
    if engine is None or remembered is not None or asked:
        return taken  # a name that was asked for is refused with what holds it, by `decide`
    held = (one for one in look.labels_held(engine, owner) if not names.ours(one, owner, project.folder))
    return {one[names.NAME]: "" for one in held if names.NAME in one} | taken


def _refuse_renaming(engine: Engine | None, owner: int, name: str, remembered: State | None) -> None:
    """Refuse to leave a container running under a name that nobody would know any more."""
    if engine is None or remembered is None or remembered.name == name:
        return
    if look.container(engine, names.container(owner, remembered.name)) is not None:
        raise Refusal(
            f"this project's environment is up as {remembered.name!r}, and would now be called {name!r}",
            mend=f"envkit down --name {remembered.name} first (its home volume keeps the old name), or keep the name",
        )


def _with_image(
    project: Project, engine: Engine | None, name: str, facts: Facts, found: Found, remembered: State | None
) -> Survey:
    plan = resolve(project.config, project.folder, name, facts, found, remembered)
    context = image_.render(plan.image)
    digests = digest.digests(plan, context, image_.instructions)
    ref = digest.image_ref(plan, digests)
    if engine is not None:
        found = replace(found, image=look.image(engine, ref))
    return Survey(Wanted(plan, digests, ref), context, facts, found)


def remember(surveyed: Survey, remembered: State | None, workspace_name_from_folder: bool) -> State:
    """Return the state with what this survey decided."""
    from envkit.model.state import State as State_

    plan = surveyed.plan
    before = remembered or State_(name=plan.name, project=plan.project)
    if plan.image.base.id:
        # What the image stands on must not go by a `prune`: another base would make every image anew.
        base = plan.image.base
        before = replace(before, base_ref=base.ref, base_id=base.id, base_origin=base.origin)
    return replace(
        before,
        name=plan.name,
        project=plan.project,
        workspace=surveyed.facts.workspace,
        port=plan.run.published(names.JUPYTER_PORT) or before.port,
        ssh_port=plan.run.published(names.SSH_PORT) or before.ssh_port,
        subnet=plan.run.network.subnet or before.subnet,
        image_ref=surveyed.wanted.ref,
        choices={
            **before.choices,
            "name": "folder" if workspace_name_from_folder else "config",
            **bases.kept(surveyed.choice, surveyed.found.ground, surveyed.question),
        },
    )


