"""`smoke`: test whether images do what a TensorFlow developer needs; a verdict and an exit code for each."""

from __future__ import annotations

import os
import secrets
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import backends, checks, host, naming
from envkit.backends import endpoint
from envkit.checks import image as image_checks
from envkit.checks import observations as observation_fields
from envkit.checks.check import make_finding
from envkit.concurrency import gather
from envkit.environment import project
from envkit.environment.check_host import describe_host
from envkit.environment.remote import ports
from envkit.errors import BuildFailed, EngineError, EnvkitError, ExitCode, GpuRefused, PreconditionError, StartFailed
from envkit.model.report import Progress, Report
from envkit.model.run import Gpus
from envkit.observe import smoke_runner as observer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from envkit.backends.backend import Backend
    from envkit.checks.smoke import GpuExpectation
    from envkit.environment.project import Environment
    from envkit.model.engine_state import ImageInfo
    from envkit.model.facts import EngineFacts
    from envkit.model.report import CheckHost, Finding, Observation

    ProgressCallback = Callable[[Progress], None]

WORKSPACE_ENTRYPOINT = ("/opt/envkit/entrypoint",)
ORDINARY_USER = (1000, 1000)  # root's tests run as this user, because no workspace runs as root
SLACK_S = 120.0  # for an engine that is slow to create and remove containers
EXIT_CODE_ORDER = (
    ExitCode.OK,
    ExitCode.CHECK_FAILED,
    ExitCode.ENGINE,
    ExitCode.GPU,
)  # for several images, the last of these that occurred


@dataclass(frozen=True, slots=True)
class SubjectResult:
    """Result of one image or environment.

    Attributes:
        subject: Image reference or environment name from the command line.
        verdict: Result in one line.
        exit_code: Exit code of this subject alone.
        findings: Its findings.
        tensorflow: TensorFlow release found in it, or empty.
    """

    subject: str
    verdict: str
    exit_code: ExitCode
    findings: tuple[Finding, ...]
    tensorflow: str = ""


@dataclass(frozen=True, slots=True)
class SmokeResult:
    """Results of all subjects in the order of the command line, and the machine of the engine."""

    results: tuple[SubjectResult, ...]
    check_host: CheckHost


def smoke(
    subjects: Sequence[str], *, expect: GpuExpectation, jobs: int, limit_s: float, on_progress: ProgressCallback
) -> Report[SmokeResult]:
    """Test images by reference, or running environments by name.

    Args:
        subjects: Image references and environment names.
        expect: Whether a GPU is required, must not be requested, or is optional.
        jobs: Number of parallel tests.
        limit_s: Time limit for TensorFlow and the training in each, in seconds.
        on_progress: Callback for progress.

    Raises:
        EngineUnavailable: No engine answers.
    """
    engine_endpoint = endpoint.current_endpoint()
    backend, owner = backends.connect(engine_endpoint), os.getuid()
    backend.remove_abandoned(owner)
    environments = {
        name: project.find_environment(Path(), name) for name in project.environment_names() if name in subjects
    }
    facts, name_prefix = backend.facts(), _name_prefix(owner)

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
            backend.remove_by_prefix(owner, name_prefix)
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
    """Run tests in parallel; an interrupt neither waits for running tests nor prints more of their progress."""
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
    """Return a unique prefix for the names of this run's containers."""
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
    """Test one subject; a failure does not affect the others."""
    host_gpu = ports.host_gpu(engine_endpoint)
    try:
        backend = backends.connect(engine_endpoint)  # one per thread: a client may not be thread-safe
        gpus, gpu_refusal = _select_gpus(facts, expect), ""
        try:
            observations = _observe(backend, subject, container_name, limit_s, environment, gpus, on_progress)
        except GpuRefused as refusal:
            if expect != "any" or gpus is None:
                raise
            gpu_refusal = f"{refusal.message}; {refusal.hint}"
            on_progress(Progress("smoke", f"{subject}: the engine refuses the GPU, testing without one"))
            observations = _observe(backend, subject, container_name, limit_s, environment, None, on_progress)
    except (EngineError, PreconditionError) as error:
        failure = make_finding(
            "image/runs", error.message, cause=error.detail or _explain_error(error), hint=error.hint or None
        )
        code = ExitCode.GPU if error.exit_code is ExitCode.GPU and expect == "gpu" else ExitCode.ENGINE
        on_progress(Progress("smoke", f"{subject}: {error.message}", finished=True))
        return SubjectResult(subject, f"{error.message}; {error.hint}", code, (failure,))
    claim = image_checks.parse_claim("" if environment else subject)
    findings = checks.smoke(
        observations,
        claim,
        expect,
        host_gpu,
        facts,
        is_workspace=environment is not None,
        gpu_refusal=gpu_refusal,
    )
    on_progress(Progress("smoke", f"{subject}: {checks.summarize(findings)}", finished=True))
    code = checks.exit_code(findings, gpu_expected=expect == "gpu")
    tensorflow_version = observation_fields.text(observation_fields.data(observations, "tensorflow.version"), "version")
    return SubjectResult(subject, checks.summarize(findings), code, findings, tensorflow_version)


def _explain_error(error: EnvkitError) -> str | None:
    """Return the cause that an engine's message names, or None for that of the check."""
    from envkit.checks.log.explanation import find_cause  # only failures need the rules

    fault = find_cause(error.message)
    return fault.cause if fault else None


def _observe(
    backend: Backend,
    subject: str,
    container_name: str,
    limit_s: float,
    environment: Environment | None,
    gpus: Gpus | None,
    on_progress: ProgressCallback,
) -> tuple[Observation, ...]:
    on_progress(Progress("smoke", f"testing {subject}"))

    def report_observation(observation: Observation) -> None:
        on_progress(Progress("smoke", f"{subject}: {observation.name}", verbose=True))

    if environment is not None:
        project.require_running(backend, environment)
        return observer.run_in_environment(
            backend, environment.container_name, limit_s=limit_s, on_observation=report_observation
        )
    image = _ensure_image(backend, subject, on_progress)
    uid, gid = (os.getuid(), os.getgid()) if os.getuid() else ORDINARY_USER
    # The entrypoint of a workspace accepts no program.
    entrypoint = () if image.entrypoint == WORKSPACE_ENTRYPOINT else image.entrypoint
    max_runtime_s = len(observer.PYTHONS) * observer.total_s(limit_s) + observer.ENTRYPOINT_S + SLACK_S
    labels = {naming.MANAGED: "1", naming.OWNER: str(os.getuid()), **backend.lifetime_labels(max_runtime_s)}
    return observer.run_in_image(
        backend,
        image.id,
        name=container_name,
        labels=labels,
        limit_s=limit_s,
        gpus=gpus,
        user=f"{uid}:{gid}",
        entrypoint=entrypoint,
        on_observation=report_observation,
    )


def _ensure_image(backend: Backend, ref: str, on_progress: ProgressCallback) -> ImageInfo:
    """Inspect an image; pull it if it is missing."""
    image = backend.image(ref)
    if image is None:
        try:
            backend.pull_image(ref, on_progress)
        except BuildFailed as error:
            reason = error.message.partition(": ")[2] or error.message
            raise StartFailed(
                f"the image {ref} is not on the engine and cannot be pulled: {reason}",
                code="image-missing",
                hint=f"docker pull {ref} shows details",
            ) from error
        image = backend.image(ref)
    if image is None:
        raise StartFailed(
            f"the image {ref} disappeared after it was pulled", code="image-missing", hint="repeat the command"
        )
    if image.system != "linux" or image.machine != host.machine():
        raise StartFailed(
            f"the image {ref} is for {image.system}/{image.machine}",
            code="wrong-architecture",
            hint=f"build or pull it for linux/{host.machine()}",
        )
    return image


def _select_gpus(facts: EngineFacts, expect: GpuExpectation) -> Gpus | None:
    if expect == "cpu":
        return None
    methods = facts.gpu_methods
    if not methods or not (ports.host_gpu(facts.endpoint).driver or expect == "gpu"):
        return None
    return Gpus(methods[0], ("all",))
