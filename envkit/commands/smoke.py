"""`smoke`: whether images, ours or anybody's, do what a TensorFlow developer needs; a verdict and a code for each."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import checks, host, names, state
from envkit.checks import image as claims
from envkit.commands import reach
from envkit.engines import connect, endpoint, look, registry
from envkit.errors import BuildFailed, Exit, Refusal, StartFailed
from envkit.model.report import Progress, Report
from envkit.model.run import Gpus
from envkit.observe import smoke as observed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from envkit.checks.smoke import Expected
    from envkit.engines.connect import Engine
    from envkit.model.report import Finding, Observation

    Say = Callable[[Progress], None]

LIMIT_S = 300.0
WORST = (Exit.OK, Exit.CHECK_FAILED, Exit.ENGINE, Exit.GPU)  # of several images, the last of these counts


@dataclass(frozen=True, slots=True)
class Tried:
    """One image or environment.

    Attributes:
        subject: As it was named.
        verdict: What came of it, in one line.
        exit_code: What it would exit with alone.
        findings: Every check of it.
    """

    subject: str
    verdict: str
    exit_code: Exit
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Smoked:
    """All that were tried, in the order they were named."""

    tried: tuple[Tried, ...]


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
    engine = connect.connect(at)
    known = {one.name for _, one in state.all_of(at)}
    gpus = _gpus(engine, expect)
    lock = threading.Lock()

    def tell(news: Progress) -> None:
        with lock:
            say(news)

    def one(numbered: tuple[int, str]) -> Tried:
        number, subject = numbered
        try:
            seen = _observed(engine, subject, number, limit_s, None if subject not in known else subject, gpus, tell)
        except (StartFailed, Refusal) as error:
            return Tried(subject, f"{error.message}; {error.mend}", Exit.ENGINE, ())
        found = checks.smoke(seen, claims.claim("" if subject in known else subject), expect, reach.gpu(at))
        tell(Progress("smoke", f"{subject}: {checks.verdict(found)}", done=True))
        code = checks.exit_code(found)
        if code is Exit.GPU and expect != "gpu":  # nobody expected one: what is wrong with it is a check like any other
            code = Exit.CHECK_FAILED
        return Tried(subject, checks.verdict(found), code, found)

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        tried = tuple(pool.map(one, enumerate(subjects)))
    findings = tuple(found for each in tried for found in each.findings)
    code = max((each.exit_code for each in tried), key=WORST.index, default=Exit.OK)
    return Report("smoke", " ".join(subjects), Smoked(tried), findings, code)


def _observed(
    engine: Engine, subject: str, number: int, limit_s: float, environment: str | None, gpus: Gpus | None, say: Say
) -> tuple[Observation, ...]:
    say(Progress("smoke", f"trying {subject}"))

    def seen(one: Observation) -> None:
        say(Progress("smoke", f"{subject}: {one.what}", detail=True))

    if environment is not None:
        title = names.container(os.getuid(), environment)
        found = look.container(engine, title)
        if found is None or found.status != "running":
            raise StartFailed(f"the environment {environment} does not run", mend="envkit up")
        return observed.environment(engine, title, limit_s=limit_s, seen=seen)
    image = _image(engine, subject, say)
    owner = os.getuid()
    labels = {names.MANAGED: "1", names.OWNER: str(owner)}
    title = f"envkit-{owner}-smoke.{os.getpid()}.{number}"
    return observed.image(engine, image, name=title, labels=labels, limit_s=limit_s, gpus=gpus, seen=seen)


def _image(engine: Engine, ref: str, say: Say) -> str:
    """Return the id of an image, brought from its registry where it is not here."""
    found = look.image(engine, ref)
    if found is None:
        try:
            registry.pull(engine, ref, say)
        except BuildFailed as error:
            raise StartFailed(f"the image {ref} is not here, and {error.message}", mend=error.mend) from error
        found = look.image(engine, ref)
    if found is None:
        raise StartFailed(f"the image {ref} vanished as it came", mend="repeat the command")
    if found.system != "linux" or found.machine != host.machine():
        raise StartFailed(
            f"the image {ref} is for {found.system}/{found.machine}",
            mend=f"build or pull it for linux/{host.machine()}",
        )
    return found.id


def _gpus(engine: Engine, expect: Expected) -> Gpus | None:
    if expect == "cpu":
        return None
    roads = connect.facts(engine).gpu_roads
    if not roads or not (reach.gpu(engine.endpoint).driver or expect == "gpu"):
        return None
    return Gpus(roads[0], ("all",))
