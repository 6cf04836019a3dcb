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

from envkit import checks, host, naming
from envkit.backends.docker import client, endpoint, inspect, registry, temporary
from envkit.checks import image as image_checks
from envkit.checks import observations as observation_fields
from envkit.checks.table import make_finding
from envkit.concurrency import gather
from envkit.environment import project
from envkit.environment.check_host import describe_host
from envkit.environment.remote import ports
from envkit.errors import BuildFailed, EngineError, EnvkitError, ExitCode, PreconditionError, StartFailed
from envkit.model.report import Progress, Report
from envkit.model.run import Gpus
from envkit.observe import smoke_runner as observer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from envkit.backends.docker.client import Engine
    from envkit.checks.smoke import GpuExpectation
    from envkit.environment.project import Environment
    from envkit.model.facts import EngineFacts
    from envkit.model.report import CheckHost, Finding, Observation

    ProgressCallback = Callable[[Progress], None]

SLACK_S = 120.0  # for an engine that is slow to make and to remove a container
EXIT_CODE_ORDER = (
    ExitCode.OK,
    ExitCode.CHECK_FAILED,
    ExitCode.ENGINE,
    ExitCode.GPU,
)  # of several images, the last of these counts


@dataclass(frozen=True, slots=True)
class SubjectResult:
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
    exit_code: ExitCode
    findings: tuple[Finding, ...]
    tensorflow: str = ""


@dataclass(frozen=True, slots=True)
class SmokeResult:
    """All that were tried, in the order they were named, and where."""

    results: tuple[SubjectResult, ...]
    check_host: CheckHost


def smoke(
    subjects: Sequence[str], *, expect: GpuExpectation, jobs: int, limit_s: float, on_progress: ProgressCallback
) -> Report[SmokeResult]:
    """Try images by reference, or running environments by name.

    Args:
        subjects: What to try.
        expect: Whether a GPU has to compute, must not be asked for, or may be there.
        jobs: How many are tried at once.
        limit_s: How long TensorFlow and the training may take in each, seconds.
        on_progress: Gets the news.

    Raises:
        EngineUnavailable: Nothing answers.
    """
    engine_endpoint = endpoint.current_endpoint()
    engine, owner = client.connect(engine_endpoint), os.getuid()
    temporary.remove_abandoned(engine, owner)
    environments = {
        name: project.find_environment(Path(), name) for name in project.environment_names() if name in subjects
    }
    facts, name_prefix = client.facts(engine), _name_prefix(owner)

    def test_subject(number: int, subject: str, callback: ProgressCallback) -> SubjectResult:
        return _test_subject(
            engine_endpoint,
            subject,
            f"{name_prefix}{number}",
            facts,
            expect,
            limit_s,
            callback,
            environments.get(subject),
        )

    try:
        results = _run_parallel(test_subject, subjects, jobs, on_progress)
    except BaseException:
        with suppress(EnvkitError):
            temporary.remove_by_prefix(engine, owner, name_prefix)
        raise
    findings = tuple(entry for result in results for entry in result.findings)
    code = max((result.exit_code for result in results), key=EXIT_CODE_ORDER.index, default=ExitCode.OK)
    return Report("smoke", " ".join(subjects), SmokeResult(results, describe_host(facts)), findings, code)


def _run_parallel(
    test_subject: Callable[[int, str, ProgressCallback], SubjectResult],
    subjects: Sequence[str],
    jobs: int,
    on_progress: ProgressCallback,
) -> tuple[SubjectResult, ...]:
    """Try so many at once; whoever interrupts waits for nothing that runs, and hears no more of it."""
    stop_event, lock = threading.Event(), threading.Lock()

    def forward_progress(progress: Progress) -> None:
        with lock:
            if not stop_event.is_set():
                on_progress(progress)

    try:
        return gather(
            [partial(test_subject, number, subject, forward_progress) for number, subject in enumerate(subjects)], jobs
        )
    except BaseException:
        stop_event.set()
        raise


def _name_prefix(owner: int) -> str:
    """Return how the names of this run's containers begin: no other run's do, whatever number its process has."""
    return f"{naming.smoke_prefix(owner)}{os.getpid()}.{secrets.token_hex(4)}."


def _test_subject(
    engine_endpoint: str,
    subject: str,
    container_name: str,
    facts: EngineFacts,
    expect: GpuExpectation,
    limit_s: float,
    on_progress: ProgressCallback,
    environment: Environment | None,
) -> SubjectResult:
    """Try one; what befalls it takes nothing from the others."""
    host_gpu = ports.host_gpu(engine_endpoint)
    try:
        engine = client.connect(engine_endpoint)  # its own: what the SDK keeps of a connection is not for two at once
        gpus = _select_gpus(facts, expect)
        observations = _observe(engine, subject, container_name, limit_s, environment, gpus, on_progress)
    except (EngineError, PreconditionError) as error:
        failure = make_finding("image/runs", error.message, cause=error.detail or None, hint=error.hint or None)
        code = ExitCode.GPU if error.exit_code is ExitCode.GPU and expect == "gpu" else ExitCode.ENGINE
        on_progress(Progress("smoke", f"{subject}: {error.message}", finished=True))
        return SubjectResult(subject, f"{error.message}; {error.hint}", code, (failure,))
    claim = image_checks.parse_claim("" if environment else subject)
    findings = checks.smoke(observations, claim, expect, host_gpu, facts, is_workspace=environment is not None)
    on_progress(Progress("smoke", f"{subject}: {checks.summarize(findings)}", finished=True))
    code = checks.exit_code(findings, gpu_expected=expect == "gpu")
    tensorflow_version = observation_fields.text(observation_fields.data(observations, "tensorflow.version"), "version")
    return SubjectResult(subject, checks.summarize(findings), code, findings, tensorflow_version)


def _observe(
    engine: Engine,
    subject: str,
    container_name: str,
    limit_s: float,
    environment: Environment | None,
    gpus: Gpus | None,
    on_progress: ProgressCallback,
) -> tuple[Observation, ...]:
    on_progress(Progress("smoke", f"trying {subject}"))

    def report_observation(observation: Observation) -> None:
        on_progress(Progress("smoke", f"{subject}: {observation.name}", verbose=True))

    if environment is not None:
        project.require_running(engine, environment)
        return observer.run_in_environment(
            engine, environment.container_name, limit_s=limit_s, on_observation=report_observation
        )
    image = _ensure_image(engine, subject, on_progress)
    max_runtime_s = len(observer.PYTHONS) * observer.total_s(limit_s) + SLACK_S
    labels = {naming.MANAGED: "1", naming.OWNER: str(os.getuid()), **temporary.lifetime_labels(max_runtime_s)}
    return observer.run_in_image(
        engine, image, name=container_name, labels=labels, limit_s=limit_s, gpus=gpus, on_observation=report_observation
    )


def _ensure_image(engine: Engine, ref: str, on_progress: ProgressCallback) -> str:
    """Return the id of an image, brought from its registry where it is not here."""
    image = inspect.image(engine, ref)
    if image is None:
        try:
            registry.pull(engine, ref, on_progress)
        except BuildFailed as error:
            reason = error.message.partition(": ")[2] or error.message
            raise StartFailed(
                f"the image {ref} is not here, and cannot be pulled: {reason}", hint=f"docker pull {ref} says more"
            ) from error
        image = inspect.image(engine, ref)
    if image is None:
        raise StartFailed(f"the image {ref} vanished as it came", hint="repeat the command")
    if image.system != "linux" or image.machine != host.machine():
        raise StartFailed(
            f"the image {ref} is for {image.system}/{image.machine}",
            hint=f"build or pull it for linux/{host.machine()}",
        )
    return image.id


def _select_gpus(facts: EngineFacts, expect: GpuExpectation) -> Gpus | None:
    if expect == "cpu":
        return None
    methods = facts.gpu_methods
    if not methods or not (ports.host_gpu(facts.endpoint).driver or expect == "gpu"):
        return None
    return Gpus(methods[0], ("all",))
