"""`doctor`: the host, before anything runs on it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import catalog, checks, host, names, tunnel
from envkit.checks import host as judged
from envkit.commands.site import site
from envkit.errors import Refusal
from envkit.model.report import Report, Verdict
from envkit.observe import doctor as observed
from envkit.render.image import DEBIAN
from envkit.resolve.gpu import required

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkit.commands.project import Project
    from envkit.model.facts import EngineFacts
    from envkit.model.report import Finding, Site

PORT = 8888


@dataclass(frozen=True, slots=True)
class Host:
    """What was found of this host.

    Attributes:
        summary: In one line.
        fixed: Checks that `--fix` mended.
        tensorflow: The release that its config asks for.
        site: The host.
    """

    summary: str
    fixed: tuple[str, ...]
    tensorflow: str
    site: Site


def doctor(project: Project, *, gpu: bool, fix: Callable[[Finding], bool] | None = None) -> Report[Host]:
    """Look at the host and judge it.

    Args:
        project: Whose config says which release, mirror, index and port are meant.
        gpu: Whether a GPU is insisted on.
        fix: Mends a finding, if its mend is one that can be run and was agreed to; says whether it
            ended well. What counts as mended is what passes afterwards.

    Raises:
        Refusal: The engine is on another machine.
    """
    if tunnel.is_remote(project.endpoint):
        raise Refusal(
            f"the engine is on another machine, {project.endpoint}, and doctor looks at the one it runs on",
            mend="run envkit doctor there; envkit status says whether that engine answers",
        )
    found, engine = _looked(project, gpu=gpu)
    run = {one.check for one in found if one.status is not Verdict.PASSED and fix is not None and fix(one)}
    if run:
        found, engine = _looked(project, gpu=gpu)
    fixed = tuple(one.check for one in found if one.check in run and one.status is Verdict.PASSED)
    result = Host(checks.ready(found), fixed, project.config.tensorflow, site(engine))
    return Report("doctor", "", result, found, checks.exit_code(found))


def _looked(project: Project, *, gpu: bool) -> tuple[tuple[Finding, ...], EngineFacts | None]:
    config = project.config
    release = catalog.release(config.tensorflow)
    suite = catalog.suite(release.suite)
    mirror = f"{(config.build.mirror or DEBIAN).rstrip('/')}/dists/{suite.name}/InRelease"
    wanted = gpu or required(config.gpu)
    known = project.state
    seen, engine = observed.looks(
        official=catalog.official(release, gpu=wanted), spare=config.base == "auto", mirror=mirror,
        index=config.build.index or "", unasked=_unasked(project),
        port=config.jupyter.port or (known.port if known else 0) or PORT,
        named=bool(config.jupyter.port), own=names.container(os.getuid(), known.name) if known else "",
        proxies=host.proxies(),
    )
    graphics = checks.gpu_of_host(host.gpu(), engine, release, required=wanted)
    return (*judged.check(seen), *graphics), engine


def _unasked(project: Project) -> Mapping[str, str]:
    """Return the looks that are not taken, and why: a config may be anybody's, until a person agreed to it."""
    config, base = project.config, project.config.base
    unneeded = {} if base in {"auto", "official"} else {"host.registry": f"base: {base} takes no official image"}
    if config.jupyter.socket:
        unneeded["host.port"] = "jupyter.socket needs none"
    if project.state is not None and project.state.approved is not None:
        return unneeded
    build = config.build
    own = {"host.mirror": ("build.mirror", build.mirror), "host.index": ("build.index", build.index)}
    return unneeded | {
        what: f"the server that {key} names is not asked before a first `envkit up` has approved it"
        for what, (key, url) in own.items() if url
    }
