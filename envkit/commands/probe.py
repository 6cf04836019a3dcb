"""`probe`: the layers from the device nodes to a real operation, looked at again in a running environment."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from envkit import catalog, checks
from envkit.backends.docker import client, inspect
from envkit.checks.gpu import inventory
from envkit.environment import project
from envkit.environment.check_host import describe_host
from envkit.environment.remote import ports
from envkit.model.report import Progress, Report, Verdict
from envkit.observe import probe as observer
from envkit.resolve.gpu import requires_gpu

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.checks.gpu.inventory import Gpu
    from envkit.environment.project import Environment
    from envkit.model.report import CheckHost, Finding, Observation


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What was looked at.

    Attributes:
        name: The environment's name.
        tensorflow: The release that its config asks for.
        gpus: Each GPU that the driver in the container counts.
        check_host: Where it was looked at.
    """

    name: str
    tensorflow: str
    gpus: tuple[Gpu, ...]
    check_host: CheckHost


def probe(environment: Environment, *, gpu: bool, on_progress: Callable[[Progress], None]) -> Report[ProbeResult]:
    """Probe a running environment.

    Args:
        environment: Which.
        gpu: Whether to insist on a GPU, whatever the config says.
        on_progress: Gets each look as it is taken.

    Raises:
        StartFailed: The environment does not run.
        ConfigError: Its config cannot be read, and with it which TensorFlow it should hold.
    """
    engine = environment.connect()
    project.require_running(engine, environment)
    config = project.load(Path(environment.project), {}).config
    release = catalog.release(config.tensorflow)
    on_progress(Progress("probe", f"looking at {environment.name}, layer by layer"))

    def report_observation(observation: Observation) -> None:
        on_progress(Progress("probe", observation.name, verbose=True))

    facts = client.facts(engine)
    observations = observer.probe(engine, environment.container_name, report_observation)
    findings = checks.probe(
        observations,
        release=release,
        gpu_required=gpu or requires_gpu(config.gpu),
        host=ports.host_gpu(environment.endpoint),
        engine=facts,
    )
    result = ProbeResult(environment.name, release.version, inventory.list_gpus(observations), describe_host(facts))
    return Report("probe", environment.name, result, findings, checks.exit_code(findings))


def watch(
    environment: Environment, interval_s: float, on_change: Callable[[Finding], None], *, gpu: bool = False
) -> NoReturn:
    """Look at the device nodes again and again, and tell whenever what they say has changed; never returns.

    Of a workspace without a GPU it is told once that there are none, and only whether it runs is looked at.

    Args:
        environment: Which.
        interval_s: How long between two looks, seconds.
        on_change: Gets what is new.
        gpu: Whether a GPU is insisted on.

    Raises:
        StartFailed: The environment does not run any more.
        EngineUnavailable: The engine went away.
    """
    engine, previous = environment.connect(), ("", Verdict.UNKNOWN)
    while True:
        project.require_running(engine, environment)
        has_gpus = gpu or inspect.has_gpus(engine, environment.container_name)
        finding = (
            checks.gpu_device_nodes(observer.nodes(engine, environment.container_name))
            if has_gpus
            else checks.no_gpu_assigned()
        )
        if (finding.check, finding.status) != previous:
            on_change(finding)
            previous = (finding.check, finding.status)
        time.sleep(interval_s)
