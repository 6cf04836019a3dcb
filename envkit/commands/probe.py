"""`probe`: check the layers from the device nodes to a real TensorFlow operation in a running environment."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from envkit import backends, catalog, checks, credentials
from envkit.checks.gpu import inventory
from envkit.environment import project, verify
from envkit.environment.check_host import describe_host
from envkit.environment.remote import ports
from envkit.model.report import Progress, Report, Verdict
from envkit.observe import jupyter_client
from envkit.observe import probe as observer
from envkit.resolve.gpu import requires_gpu

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.backends.backend import Backend
    from envkit.checks.gpu.inventory import Gpu
    from envkit.environment.project import Environment
    from envkit.model.report import CheckHost, Finding, Observation


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """A probed environment.

    Attributes:
        name: Name of the environment.
        tensorflow: TensorFlow release of its configuration.
        gpus: GPUs that the driver lists in the container.
        check_host: Machine of the engine.
    """

    name: str
    tensorflow: str
    gpus: tuple[Gpu, ...]
    check_host: CheckHost


def probe(environment: Environment, *, gpu: bool, on_progress: Callable[[Progress], None]) -> Report[ProbeResult]:
    """Probe a running environment.

    Args:
        environment: Environment to probe.
        gpu: Whether to require a GPU, whatever the configuration says.
        on_progress: Callback for progress.

    Raises:
        StartFailed: The environment is not running.
        ConfigError: Its configuration, which names the TensorFlow release, is invalid.
    """
    backend = environment.connect()
    project.require_running(backend, environment)
    config = project.load(Path(environment.project), {}).config
    release = catalog.release(config.tensorflow)
    on_progress(Progress("probe", f"probing {environment.name} layer by layer"))

    def report_observation(observation: Observation) -> None:
        on_progress(Progress("probe", observation.name, verbose=True))

    facts = backend.facts()
    tensorboard_check = _start_tensorboard_check(environment, backend)
    observations = observer.probe(backend, environment.container_name, report_observation)
    findings = checks.probe(
        observations,
        release=release,
        gpu_required=gpu or requires_gpu(config.gpu),
        host=ports.host_gpu(environment.endpoint),
        engine=facts,
    )
    findings = (*findings, checks.tensorboard_route(tensorboard_check()))
    result = ProbeResult(environment.name, release.version, inventory.list_gpus(observations), describe_host(facts))
    return Report("probe", environment.name, result, findings, checks.exit_code(findings))


def _start_tensorboard_check(environment: Environment, backend: Backend) -> Callable[[], str]:
    name, endpoint = environment.container_name, environment.endpoint
    # Port 0: JupyterLab listens on a Unix socket only.
    engine_port = 0 if backends.fast(endpoint).owns_port(name, 0) else environment.state.port
    port = ports.local_port(endpoint, environment.state.forwarded, engine_port)

    def is_ours() -> bool:
        return backends.fast(endpoint).owns_port(name, engine_port) and bool(port or not engine_port)

    jupyter = jupyter_client.port_client(port) if engine_port else jupyter_client.socket_client(backend, name)
    return verify.start_tensorboard_check(backend, name, jupyter, credentials.token(environment.state_dir), is_ours)


def watch(
    environment: Environment, interval_s: float, on_change: Callable[[Finding], None], *, gpu: bool = False
) -> NoReturn:
    """Check the device nodes repeatedly and report every change; never returns.

    For a workspace without a GPU, one finding reports that, and then only its container is checked.

    Args:
        environment: Environment to watch.
        interval_s: Seconds between two checks.
        on_change: Callback for a changed finding.
        gpu: Whether to require a GPU.

    Raises:
        StartFailed: The environment is no longer running.
        EngineUnavailable: The engine no longer answers.
    """
    backend, previous = environment.connect(), ("", Verdict.UNKNOWN)
    while True:
        project.require_running(backend, environment)
        has_gpus = gpu or backend.has_gpus(environment.container_name)
        finding = (
            checks.gpu_device_nodes(observer.nodes(backend, environment.container_name))
            if has_gpus
            else checks.no_gpu_assigned()
        )
        if (finding.check, finding.status) != previous:
            on_change(finding)
            previous = (finding.check, finding.status)
        time.sleep(interval_s)
