"""`smoke`: whether images, ours or anybody's, do what a TensorFlow developer needs; a verdict and a code for each."""

from __future__ import annotations

import os
import secrets
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import checks, host, names
from envkit.checks import image as claims
from envkit.checks import observations as looks
from envkit.checks.table import finding
from envkit.commands import project, reach
from envkit.commands.site import site
from envkit.engines import connect, endpoint, leftovers, look, registry
from envkit.errors import BuildFailed, EngineError, EnvkitError, Exit, Refusal, StartFailed
from envkit.model.report import Progress, Report
from envkit.model.run import Gpus
from envkit.observe import smoke as observed
from envkit.observe.aside import together

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from envkit.checks.smoke import Expected
    from envkit.commands.project import Known
    from envkit.engines.connect import Engine
    from envkit.model.facts import EngineFacts
    from envkit.model.report import Finding, Observation, Site

    Say = Callable[[Progress], None]

SLACK_S = 120.0  # for an engine that is slow to make and to remove a container
WORST = (Exit.OK, Exit.CHECK_FAILED, Exit.ENGINE, Exit.GPU)  # of several images, the last of these counts


@dataclass(frozen=True, slots=True)
class Tried:
    """One image or environment.

    Attributes:
        subject: As it was named.
        verdict: What came of it, in one line.
        exit_code: What it would exit with alone.
        findings: Every check of it.
        tensorflow: The release that was found in it, or empty.
    """

    subject: str
    verdict: str
    exit_code: Exit
    findings: tuple[Finding, ...]
    tensorflow: str = ""


@dataclass(frozen=True, slots=True)
class Smoked:
    """All that were tried, in the order they were named, and where."""

    tried: tuple[Tried, ...]
    site: Site


def smoke(subjects: Sequence[str], *, expect: Expected, jobs: int, limit_s: float, say: Say) -> Report[Smoked]:
    """Try images by reference, or running environments by name.

    Args:
        subjects: What to try.
        expect: Whether a GPU has to compute, must not be asked for, or may be there.
        jobs: How many are tried at once.
        limit_s: How long TensorFlow and the training may take in each, seconds.
        say: Gets the news.

    Raises:
        EngineUnavailable: Nothing answers.
    """
    at = endpoint.endpoint()
    engine, owner = connect.connect(at), os.getuid()
    leftovers.sweep(engine, owner)
    ours = {name: project.known(Path(), name) for name in project.names_known() if name in subjects}
    facts, title = connect.facts(engine), _title(owner)

    def one(number: int, subject: str, tell: Say) -> Tried:
        return _tried(at, subject, f"{title}{number}", facts, expect, limit_s, tell, ours.get(subject))

    try:
        tried = _together(one, subjects, jobs, say)
    except BaseException:
        with suppress(EnvkitError):
            leftovers.remove_named(engine, owner, title)
        raise
    findings = tuple(found for each in tried for found in each.findings)
    code = max((each.exit_code for each in tried), key=WORST.index, default=Exit.OK)
    return Report("smoke", " ".join(subjects), Smoked(tried, site(facts)), findings, code)


def _together(
    one: Callable[[int, str, Say], Tried], subjects: Sequence[str], jobs: int, say: Say
) -> tuple[Tried, ...]:
    """Try so many at once; whoever interrupts waits for nothing that runs, and hears no more of it."""
    stopped, lock = threading.Event(), threading.Lock()

    def tell(news: Progress) -> None:
        with lock:
            if not stopped.is_set():
                say(news)

    try:
        return together([partial(one, number, subject, tell) for number, subject in enumerate(subjects)], jobs)
    except BaseException:
        stopped.set()
        raise


def _title(owner: int) -> str:
    """Return how the names of this run's containers begin: no other run's do, whatever number its process has."""
    return f"{names.smoke(owner)}{os.getpid()}.{secrets.token_hex(4)}."


def _tried(
    at: str, subject: str, title: str, facts: EngineFacts, expect: Expected, limit_s: float, say: Say,
    known: Known | None,
) -> Tried:
    """Try one; what befalls it takes nothing from the others."""
    graphics = reach.gpu(at)
    try:
        engine = connect.connect(at)  # its own: what the SDK keeps of a connection is not for two at once
        gpus = _gpus(facts, expect)
        seen = _observed(engine, subject, title, limit_s, known, gpus, say)
    except (EngineError, Refusal) as error:
        failed = finding("image/runs", error.message, cause=error.tried or None, mend=error.mend or None)
        code = Exit.GPU if error.exit_code is Exit.GPU and expect == "gpu" else Exit.ENGINE
        say(Progress("smoke", f"{subject}: {error.message}", done=True))
        return Tried(subject, f"{error.message}; {error.mend}", code, (failed,))
    claimed = claims.claim("" if known else subject)
    found = checks.smoke(seen, claimed, expect, graphics, facts, own=known is not None)
    say(Progress("smoke", f"{subject}: {checks.verdict(found)}", done=True))
    code = checks.exit_code(found, gpu_expected=expect == "gpu")
    inside = looks.text(looks.data(seen, "tensorflow.version"), "version")
    return Tried(subject, checks.verdict(found), code, found, inside)


def _observed(
    engine: Engine, subject: str, title: str, limit_s: float, known: Known | None, gpus: Gpus | None, say: Say
) -> tuple[Observation, ...]:
    say(Progress("smoke", f"trying {subject}"))

    def seen(one: Observation) -> None:
        say(Progress("smoke", f"{subject}: {one.what}", detail=True))

    if known is not None:
        project.running(engine, known)
        return observed.environment(engine, known.container, limit_s=limit_s, seen=seen)
    image = _image(engine, subject, say)
    longest_s = len(observed.PYTHONS) * observed.whole_s(limit_s) + SLACK_S
    labels = {names.MANAGED: "1", names.OWNER: str(os.getuid()), **leftovers.waiting(longest_s)}
    return observed.image(engine, image, name=title, labels=labels, limit_s=limit_s, gpus=gpus, seen=seen)


def _image(engine: Engine, ref: str, say: Say) -> str:
    """Return the id of an image, brought from its registry where it is not here."""
    found = look.image(engine, ref)
    if found is None:
        try:
            registry.pull(engine, ref, say)
        except BuildFailed as error:
            why = error.message.partition(": ")[2] or error.message
            raise StartFailed(
                f"the image {ref} is not here, and cannot be pulled: {why}", mend=f"docker pull {ref} says more"
            ) from error
        found = look.image(engine, ref)
    if found is None:
        raise StartFailed(f"the image {ref} vanished as it came", mend="repeat the command")
    if found.system != "linux" or found.machine != host.machine():
        raise StartFailed(
            f"the image {ref} is for {found.system}/{found.machine}",
            mend=f"build or pull it for linux/{host.machine()}",
        )
    return found.id


def _gpus(engine: EngineFacts, expect: Expected) -> Gpus | None:
    if expect == "cpu":
        return None
    roads = engine.gpu_roads
    if not roads or not (reach.gpu(engine.endpoint).driver or expect == "gpu"):
        return None
    return Gpus(roads[0], ("all",))
