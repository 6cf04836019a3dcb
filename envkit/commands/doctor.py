"""`doctor`: the host, before anything runs on it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import catalog, checks, host, naming, ssh_tunnel
from envkit.checks import host as host_checks
from envkit.environment.check_host import describe_host
from envkit.errors import PreconditionError
from envkit.model.report import Report, Verdict
from envkit.observe import doctor as doctor_probes
from envkit.render.build_context import DEBIAN_MIRROR
from envkit.resolve.gpu import requires_gpu

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkit.environment.project import Project
    from envkit.model.facts import EngineFacts
    from envkit.model.report import CheckHost, Finding

DEFAULT_PORT = 8888


@dataclass(frozen=True, slots=True)
class DoctorResult:
    """What was found of this host.

    Attributes:
        summary: In one line.
        fixed: Checks that `--fix` mended.
        tensorflow: The release that its config asks for.
        check_host: The host.
    """

    summary: str
    fixed: tuple[str, ...]
    tensorflow: str
    check_host: CheckHost


def doctor(project: Project, *, gpu: bool, fix: Callable[[Finding], bool] | None = None) -> Report[DoctorResult]:
    """Look at the host and judge it.

    Args:
        project: Whose config says which release, mirror, index and port are meant.
        gpu: Whether a GPU is insisted on.
        fix: Mends a finding, if its mend is one that can be run and was agreed to; says whether it
            ended well. What counts as mended is what passes afterwards.

    Raises:
        Refusal: The engine is on another machine.
    """
    if ssh_tunnel.is_remote(project.endpoint):
        raise PreconditionError(
            f"the engine is on another machine, {project.endpoint}, and doctor looks at the one it runs on",
            hint="run envkit doctor there; envkit status says whether that engine answers",
        )
    findings, engine = _run_checks(project, gpu=gpu)
    attempts = {
        finding.check
        for finding in findings
        if finding.status is not Verdict.PASSED and fix is not None and fix(finding)
    }
    if attempts:
        findings, engine = _run_checks(project, gpu=gpu)
    fixed = tuple(
        finding.check for finding in findings if finding.check in attempts and finding.status is Verdict.PASSED
    )
    result = DoctorResult(checks.summarize_host(findings), fixed, project.config.tensorflow, describe_host(engine))
    return Report("doctor", "", result, findings, checks.exit_code(findings))


def _run_checks(project: Project, *, gpu: bool) -> tuple[tuple[Finding, ...], EngineFacts | None]:
    config = project.config
    release = catalog.release(config.tensorflow)
    suite = catalog.suite(release.suite)
    mirror = f"{(config.build.mirror or DEBIAN_MIRROR).rstrip('/')}/dists/{suite.name}/InRelease"
    gpu_required = gpu or requires_gpu(config.gpu)
    state = project.state
    observations, engine = doctor_probes.inspect_host(
        official_image=catalog.official_image(release, gpu=gpu_required),
        has_fallback=config.base == "auto",
        mirror=mirror,
        index=config.build.index or "",
        skip_reasons=_skip_reasons(project),
        port=config.jupyter.port or (state.port if state else 0) or DEFAULT_PORT,
        is_configured=bool(config.jupyter.port),
        own_container=naming.container(os.getuid(), state.name) if state else "",
        proxies=host.proxies(),
    )
    gpu_findings = checks.host_gpu(host.gpu(), engine, release, required=gpu_required)
    return (*host_checks.check(observations), *gpu_findings), engine


def _skip_reasons(project: Project) -> Mapping[str, str]:
    """Return the looks that are not taken, and why: a config may be anybody's, until a person agreed to it."""
    config, base = project.config, project.config.base
    reasons = {} if base in {"auto", "official"} else {"host.registry": f"base: {base} takes no official image"}
    if config.jupyter.socket:
        reasons["host.port"] = "jupyter.socket needs none"
    if project.state is not None and project.state.approved is not None:
        return reasons
    build = config.build
    unapproved_servers = {"host.mirror": ("build.mirror", build.mirror), "host.index": ("build.index", build.index)}
    return reasons | {
        check: f"the server that {key} names is not asked before a first `envkit up` has approved it"
        for check, (key, url) in unapproved_servers.items()
        if url
    }
