"""The climb of an `up`: look, resolve, render, build, launch, wait until it answers, probe, say where to go."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from envkit import credentials, decide, files, names, state, tunnel
from envkit.commands import apply, builders, mounted, refusals
from envkit.commands.results import Built, Up
from envkit.commands.survey import remember, survey
from envkit.engines import look
from envkit.engines.failure import PortTaken, SubnetTaken
from envkit.errors import Refusal, StartFailed
from envkit.model import step
from envkit.model.report import Finding, Progress, Report
from envkit.observe.aside import begun
from envkit.render import ssh_config
from envkit.resolve import access_of_base, kept, wants, widened

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from envkit.commands.project import Project
    from envkit.commands.survey import Survey
    from envkit.engines.connect import Engine
    from envkit.model.facts import Wants
    from envkit.model.plan import Access
    from envkit.model.run import RunPlan
    from envkit.model.state import State
    from envkit.model.step import Steps

    Say = Callable[[Progress], None]
    Ask = Callable[[tuple[str, ...]], bool]

T = TypeVar("T")
# As `python -m envkit`, which would look for modules in the working folder first: a workspace is hostile.
SSH_PROXY = "import sys; sys.path[:] = filter(None, sys.path); from envkit.cli.main import main; main()"
ROUNDS = 8  # base, image, a few taken ports: more means that something keeps undoing our work
APART = (step.MakeBase, step.BuildImage, step.CreateNetwork, step.CreateVolume)  # they leave what runs as it is


def up(
    project: Project, *, say: Say, ask: Ask, refresh: bool = False, pull: bool = False
) -> tuple[Report[Up], dict[str, str]]:
    """Bring a project's environment to what its config says; returns the report and the container's labels.

    Args:
        project: Whose.
        say: Gets the news.
        ask: Shown what would be let in anew; says whether that is agreed to.
        refresh: Whether to choose anew what was merely picked or found at the first `up`.
        pull: Whether to bring the base anew first, and so build on today's packages.

    Raises:
        EnvkitError: Why it could not be done; what was there before is still there.
    """
    return _locked(project, say, ask, lambda climb: climb.whole(refresh=refresh, pull=pull))


def build(project: Project, *, say: Say, ask: Ask, pull: bool = False) -> Report[Built]:
    """Build a project's image and stop there; `pull` brings the base anew first.

    Raises:
        EnvkitError: Why it could not be done.
    """
    return _locked(project, say, ask, lambda climb: climb.image(pull=pull))


def wants_of(project: Project) -> Wants:
    """Say what a project's config wants to know of the host."""
    return wants(project.config, project.folder, str(project.place.folder))


def _locked(project: Project, say: Say, ask: Ask, run: Callable[[_Climb], T]) -> T:
    engine = refusals.served(project.endpoint)
    fresh = not project.place.folder.exists()
    with files.locked(project.place.lock, lambda: say(Progress("wait", "another envkit works on this; waiting"))):
        try:
            credentials.ensure_client_key(project.place)
            return run(_Climb(replace(project, state=state.load(project.place)), engine, say, ask))
        except BaseException:
            # A refused first `up` leaves nothing behind; one that began leaves what the next goes on from.
            if fresh and files.read(project.place.folder / state.RECORD) is None:
                state.forget(project.place)
            raise


class _Climb:
    """One `up` from what is to what is wanted."""

    def __init__(self, project: Project, engine: Engine, say: Say, ask: Ask) -> None:
        self.project, self.engine, self.say, self.ask = project, engine, say, ask
        self.state = project.state
        self.done: list[str] = []
        self.avoid: set[int] = set()
        self.agreed: tuple[str, ...] = ()

    def whole(self, *, refresh: bool, pull: bool) -> tuple[Report[Up], dict[str, str]]:
        if refresh and self.state is not None:
            self.state = kept.refreshed(self.state)
        surveyed = self._converge(self._steps_up, pull=pull)
        self._keep_entry(surveyed)
        self._forward(surveyed.plan.run)
        return self._answering(surveyed), names.container_labels(surveyed.plan, surveyed.wanted.digests)

    def _answering(self, surveyed: Survey) -> Report[Up]:
        """Wait for the container and prove it, where it changed or nothing was proven of it."""
        # Loaded here, while the container starts: what is loaded before delays its start.
        from envkit import checks
        from envkit.commands import proof

        started = proof.Started(self.project.place, self.engine, surveyed.plan, self._state.forwarded, self.say)
        if self.done:
            self.say(Progress("wait", "waiting for JupyterLab"))
        started.wait()
        remarks = self._sync()
        chosen = kept.choices(surveyed.facts, wants_of(self.project))
        self._save(replace(self._state, choices={**self._state.choices, **chosen}))
        findings: tuple[Finding, ...] = ()
        if self.done or not self._state.proven:
            findings = started.prove(surveyed.facts.gpu)
        code = checks.exit_code(findings)
        if findings:
            self._save(replace(self._state, verdict=checks.verdict(findings), proven=not code))
        result = self._result(surveyed, self._state.verdict, started.port)
        return Report("up", surveyed.plan.name, replace(result, remarks=result.remarks + remarks), findings, code)

    def image(self, *, pull: bool) -> Report[Built]:
        surveyed = self._converge(lambda seen: decide.image_only(seen.wanted, seen.found), to_run=False, pull=pull)
        plan = surveyed.plan
        return Report("build", plan.name, Built(plan.name, surveyed.wanted.ref, tuple(self.done), plan.remarks))

    @property
    def _state(self) -> State:
        assert self.state is not None  # noqa: S101 - set by the first round of `_converge`
        return self.state

    def _save(self, new: State) -> None:
        if new != self.state:
            state.save(self.project.place, new)
            self.state = new

    def _converge(
        self, decided: Callable[[Survey], Steps], *, to_run: bool = True, pull: bool = False
    ) -> Survey:
        self._agree(access_of_base(self.project.config))
        anew = False
        for _ in range(ROUNDS):
            surveyed = survey(self.project, self.engine, self.state, avoid=self.avoid, say=self.say)
            if to_run:  # an image for a GPU can be built anywhere
                refusals.no_gpu(surveyed, self.engine)
                refusals.other_copy(surveyed, self.state)
            self._refuse(surveyed)
            if pull:
                pull, anew = False, True
                self.state = apply.bring_base(surveyed, self.engine, self.project.place, self._state, self.say)
                continue
            steps = decided(surveyed)
            if anew:
                steps = decide.anew(surveyed.wanted, surveyed.found, steps, to_run=to_run)
            if not steps:
                return surveyed
            builders.refuse(surveyed.plan, steps)
            apply.write_rendered(self.project.place, surveyed)
            self._carry_out(steps, surveyed)
            if anew:
                anew = False
                self._remove_old(surveyed)
        raise StartFailed("the environment does not settle: something keeps changing it", mend="envkit status")

    def _remove_old(self, surveyed: Survey) -> None:
        """Remove an image whose name a new one has, unless somebody still uses it: nobody would find it again."""
        old, new = surveyed.found.image, look.image(self.engine, surveyed.wanted.ref)
        if old and new and old.id != new.id:
            from envkit.engines import images

            images.remove(self.engine, old.id)

    def _refuse(self, surveyed: Survey) -> None:
        """Stop before anything is done: access nobody agreed to, also when that came meanwhile."""
        self._agree(surveyed.plan.access)
        by_folder = self.project.config.name is None
        approved = replace(remember(surveyed, self.state, by_folder), approved=surveyed.plan.access.entries)
        self._save(approved)

    def _agree(self, access: Access) -> None:
        """Have somebody agree to what nobody has agreed to yet; once, before a base image is brought or after."""
        approved = self.state.approved if self.state else None
        new = widened(access, (*(approved or ()), *self.agreed))
        if new and not self.ask(new):
            raise refusals.wider_access(new)
        self.agreed += new

    def _steps_up(self, surveyed: Survey) -> Steps:
        place = self.project.place
        return decide.up(
            surveyed.wanted, surveyed.found, self.state,
            files_current=apply.files_current(place, surveyed, self.state),
            token_kept=mounted.token_kept(place, surveyed.plan),
        )

    def _carry_out(self, steps: Steps, surveyed: Survey) -> None:
        network: Future[State] | None = None
        done: list[step.Step] = []
        try:
            for one in steps:
                if not isinstance(one, APART):  # what was proven is so until something it was proven of changes
                    self._save(replace(self._state, proven=False, verdict=""))
                if isinstance(one, step.CreateNetwork):  # the engine takes a while, and only the container needs it
                    network = begun(partial(self._apply, one, surveyed))
                else:
                    if network and isinstance(one, step.CreateContainer):
                        network.result()
                    self.state = self._apply(one, surveyed)
                done.append(one)
            if network:
                network.result()
        except SubnetTaken:
            done = [one for one in done if not isinstance(one, step.CreateNetwork)]
            self._save(replace(self._state, subnet=""))
        except PortTaken as error:
            self._avoid(error, surveyed.plan.run)
        self.done += [type(one).__name__ for one in done]

    def _apply(self, one: step.Step, surveyed: Survey) -> State:
        return apply.apply((one,), surveyed, self.engine, self.project.place, self._state, self.say)

    def _avoid(self, error: PortTaken, run: RunPlan) -> None:
        """Let the next round pick another port in the place of the one that was taken."""
        config = self.project.config
        asked = {config.jupyter.port: "jupyter.port", config.ssh.port: "ssh.port"}
        taken = [port.host for port in run.ports if error.port in {0, port.host}]
        for port in taken:
            if port in asked:
                raise Refusal(
                    f"{asked[port]}: port {port} was taken by somebody while the container started",
                    mend="free it, choose another, or leave the key out",
                ) from error
        self.avoid.update(taken)

    def _keep_entry(self, surveyed: Survey) -> None:
        """Keep the SSH host entry: it names this envkit, which may have moved, whatever the engine holds."""
        place, plan = self.project.place, surveyed.plan
        # With its engine: whoever logs in later may have chosen another one meanwhile.
        host = f"DOCKER_HOST={self.engine.endpoint}"
        proxy = ["env", host, sys.executable, "-c", SSH_PROXY, "ssh-proxy", plan.run.name]
        port, agent = plan.run.published(names.SSH_PORT), plan.run.ssh.agent
        entry = ssh_config.render(plan.name, plan.run.name, str(place.client), proxy, port=port, agent=agent)
        if files.read(place.client / entry.path) != entry.text.encode():
            files.write(place.client / entry.path, entry.text.encode(), mode=entry.mode)

    def _forward(self, run: RunPlan) -> None:
        """Bring the port of an engine on another machine here."""
        there, at = run.published(names.JUPYTER_PORT), self.engine.endpoint
        if there and tunnel.is_remote(at):
            from envkit.commands import reach

            forwarded = reach.forward(at, self._state.forwarded, there, self.project.config.jupyter.port)
            self._save(replace(self._state, forwarded=forwarded))

    def _sync(self) -> tuple[str, ...]:
        """Copy what changed both ways, where the engine is on another machine; return what somebody should know."""
        if not tunnel.is_remote(self.engine.endpoint):
            return ()
        from envkit.commands import synced

        known = synced.known(self.project, self._state)
        return synced.remarks(synced.sync(known, self.engine, say=self.say))

    def _result(self, surveyed: Survey, verdict: str, port: int) -> Up:
        plan = surveyed.plan
        address = f"http://127.0.0.1:{port}" if port else ""
        return Up(
            name=plan.name,
            url=address and f"{address}/lab",
            ssh_host=plan.run.name,
            tensorboard=address and f"{address}/tensorboard/",
            workspace=surveyed.facts.workspace,
            verdict=verdict,
            changed=tuple(self.done),
            remarks=plan.remarks,
            ssh_port=plan.run.published(names.SSH_PORT),
        )
