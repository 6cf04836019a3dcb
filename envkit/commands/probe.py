"""`probe`: the layers from the device nodes to a real operation, looked at again in a running environment."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from envkit import catalog, checks
from envkit.checks import gpus
from envkit.commands import project, reach
from envkit.commands.site import site
from envkit.engines import connect, look
from envkit.model.report import Progress, Report, Verdict
from envkit.observe import probe as observed
from envkit.resolve.gpu import required

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.checks.gpus import Gpu
    from envkit.commands.project import Known
    from envkit.model.report import Finding, Observation, Site


@dataclass(frozen=True, slots=True)
class Probed:
    """What was looked at.

    Attributes:
        name: The environment's name.
        tensorflow: The release that its config asks for.
        gpus: Each GPU that the driver in the container counts.
        site: Where it was looked at.
    """

    name: str
    tensorflow: str
    gpus: tuple[Gpu, ...]
    site: Site


def probe(known: Known, *, gpu: bool, say: Callable[[Progress], None]) -> Report[Probed]:
    """Probe a running environment.

    Args:
        known: Which.
        gpu: Whether to insist on a GPU, whatever the config says.
        say: Gets each look as it is taken.

    Raises:
        StartFailed: The environment does not run.
        ConfigError: Its config cannot be read, and with it which TensorFlow it should hold.
    """
    engine = known.connect()
    project.running(engine, known)
    config = project.load(Path(known.project), {}).config
    release = catalog.release(config.tensorflow)
    say(Progress("probe", f"looking at {known.name}, layer by layer"))

    def seen(one: Observation) -> None:
        say(Progress("probe", one.what, detail=True))

    facts = connect.facts(engine)
    observations = observed.probe(engine, known.container, seen)
    findings = checks.probe(
        observations, release=release, gpu_required=gpu or required(config.gpu),
        host=reach.gpu(known.endpoint), engine=facts,
    )
    result = Probed(known.name, release.version, gpus.seen(observations), site(facts))
    return Report("probe", known.name, result, findings, checks.exit_code(findings))


def watch(known: Known, every_s: float, tell: Callable[[Finding], None], *, gpu: bool = False) -> NoReturn:
    """Look at the device nodes again and again, and tell whenever what they say has changed; never returns.

    Of a workspace without a GPU it is told once that there are none, and only whether it runs is looked at.

    Args:
        known: Which.
        every_s: How long between two looks, seconds.
        tell: Gets what is new.
        gpu: Whether a GPU is insisted on.

    Raises:
        StartFailed: The environment does not run any more.
        EngineUnavailable: The engine went away.
    """
    engine, last = known.connect(), ("", Verdict.UNKNOWN)
    while True:
        project.running(engine, known)
        watched = gpu or look.has_gpus(engine, known.container)
        now = checks.alive(observed.nodes(engine, known.container)) if watched else checks.no_gpu_to_watch()
        if (now.check, now.status) != last:
            tell(now)
            last = (now.check, now.status)
        time.sleep(every_s)
