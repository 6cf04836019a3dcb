"""`doctor`: check the host before anything runs on it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from envkit import catalog, checks, host, naming, netrc, ssh_tunnel
from envkit.checks import host as host_checks
from envkit.environment.check_host import describe_host
from envkit.errors import PreconditionError
from envkit.model.report import Report, Verdict
from envkit.observe import doctor as doctor_probes
from envkit.resolve import subnet_pools
from envkit.resolve.gpu import requires_gpu
from envkit.resolve.proxies import build_proxies

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkit.environment.project import Project
    from envkit.model.facts import EngineFacts
    from envkit.model.report import CheckHost, Finding

DEFAULT_PORT = 8888


@dataclass(frozen=True, slots=True)
class DoctorResult:
    """A checked host.

    Attributes:
        summary: Result in one line.
        fixed: Checks that `--fix` repaired.
        tensorflow: TensorFlow release of the configuration.
        check_host: The host.
    """

    summary: str
    fixed: tuple[str, ...]
    tensorflow: str
    check_host: CheckHost


def doctor(project: Project, *, gpu: bool, fix: Callable[[Finding], bool] | None = None) -> Report[DoctorResult]:
    """Check the host.

    Args:
        project: Project whose configuration names the release, mirror, index and port.
        gpu: Whether a GPU is required.
        fix: Function that repairs a finding if its hint is a command that the user approved, and returns whether the
            command succeeded. A check counts as fixed if it passes afterwards.

    Raises:
        PreconditionError: The engine is remote.
    """
    if ssh_tunnel.is_remote(project.endpoint):
        raise PreconditionError(
            f"the engine is remote ({project.endpoint}); doctor checks only the machine it runs on",
            code="engine-remote",
            hint="envkit doctor --engine unix:///var/run/docker.sock checks this machine; "
            "to check the other machine, run envkit doctor there",
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
    # Without build.mirror the base image's own sources decide; the host's are a good guess of whether they answer.
    mirror = (config.build.mirror or host.debian_mirror()).rstrip("/")
    gpu_required = gpu or requires_gpu(config.gpu)
    state = project.state
    observations, engine = doctor_probes.inspect_host(
        official_image=catalog.official_image(release, gpu=gpu_required),
        has_fallback=config.base == "auto",
        mirror=f"{mirror}/dists/{suite.name}/InRelease" if mirror else "",
        index=config.build.index or "",
        index_login=_index_login(project),
        skip_reasons=_skip_reasons(project, mirror),
        port=config.jupyter.port or (state.port if state else 0) or DEFAULT_PORT,
        is_configured=bool(config.jupyter.port),
        own_container=naming.container(os.getuid(), state.name) if state else "",
        proxies=build_proxies(config, host.proxies()),
        pools=subnet_pools(config),
    )
    gpu_findings = checks.host_gpu(host.gpu(), engine, release, required=gpu_required, base=config.base)
    return (*host_checks.check(observations), *gpu_findings), engine


def _index_login(project: Project) -> str:
    """Return the login of the package index from `build.netrc`, which the build mounts."""
    build = project.config.build
    if not build.netrc or not build.index:
        return ""
    text = host.read_project_text(project.folder, build.netrc) or ""
    return netrc.login(text, urlsplit(build.index).hostname or "")


def _skip_reasons(project: Project, mirror: str) -> Mapping[str, str]:
    """Map skipped checks to reasons: a configuration may come from anyone until a person has approved it."""
    config, base = project.config, project.config.base
    reasons = {} if base in {"auto", "official"} else {"host.registry": f"base: {base} uses no official image"}
    if not mirror:
        reasons["host.mirror"] = "build.mirror is not set and this host has no Debian package sources"
    if config.network.mode == "none":
        reasons["host.subnet"] = "network.mode: none needs no subnet"
    if config.jupyter.socket:
        reasons["host.port"] = "jupyter.socket needs no port"
    if project.state is not None and project.state.approved is not None:
        return reasons
    build = config.build
    unapproved_servers = {"host.mirror": ("build.mirror", build.mirror), "host.index": ("build.index", build.index)}
    return reasons | {
        check: f"the server in {key} is not contacted before the first `envkit up` has approved it"
        for check, (key, url) in unapproved_servers.items()
        if url
    }
