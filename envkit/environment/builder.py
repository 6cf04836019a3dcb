"""Choose the builder (buildx if installed, else the engine's classic builder) and the login for the package index.

The builders are imported inside functions: an `up` whose image exists checks its plan here too.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from envkit.errors import PreconditionError
from envkit.fs import files
from envkit.model import step
from envkit.model.report import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkit.backends.docker.buildx import Buildx
    from envkit.backends.docker.client import Engine
    from envkit.environment.planning import PlanningResult
    from envkit.model.plan import Plan
    from envkit.model.step import Steps

INSTALL_HINT = (
    "sudo apt-get install docker-buildx (Debian 13, Ubuntu; among Docker's own packages docker-buildx-plugin)"
)


def check(plan: Plan, steps: Steps) -> None:
    """Check, before the first step, that the requested builder and login are available.

    Raises:
        PreconditionError: buildx is required and missing, or the login is missing.
    """
    if any(isinstance(action, step.BuildImage | step.MakeBase) for action in steps):
        _find_buildx(plan)
        _read_login(plan)


def build(
    planning: PlanningResult,
    engine: Engine,
    ref: str,
    labels: Mapping[str, str],
    on_progress: Callable[[Progress], None],
    *,
    rebuild: bool = False,
) -> None:
    """Build the image of a plan; `rebuild` ignores the build cache.

    Raises:
        BuildFailed: A build step failed; its last lines of output are the detail.
        PreconditionError: buildx is required and missing, or the login is missing.
    """
    from envkit.backends.docker import buildx, images

    plan, context = planning.plan, planning.context
    buildx_cli, login = _find_buildx(plan), _read_login(plan)
    builder_name = f"buildx {buildx_cli.version}" if buildx_cli else "the classic builder"
    if buildx_cli is None:
        images.build(engine, context, ref, labels, plan.build_proxies, on_progress, no_cache=rebuild)
    else:
        buildx.build(buildx_cli, engine, context, ref, labels, plan.build_proxies, login, on_progress, no_cache=rebuild)
    on_progress(Progress("build", f"built {ref} with {builder_name}", finished=True))


def _find_buildx(plan: Plan) -> Buildx | None:
    """Return the buildx to build with, or None for the classic builder."""
    from envkit.backends.docker import buildx

    if plan.builder == "classic":
        return None
    writable_paths = [mount.source for mount in plan.run.mounts if mount.kind == "bind" and not mount.read_only]
    # On a remote engine nothing is mounted, but sync copies changes back to the project.
    result = buildx.find(writable_paths or [plan.project])
    if isinstance(result, buildx.Buildx):
        return result
    if plan.netrc:
        # The classic builder would store the login in the image.
        hint = f"{INSTALL_HINT}; or remove build.netrc and use an index without a login"
        raise PreconditionError(
            f"build.netrc needs buildx, which passes a login as a build secret: {result.reason}",
            code="buildx-missing",
            hint=hint,
        )
    if plan.builder == "buildx":
        raise PreconditionError(
            f"build.builder is buildx: {result.reason}",
            code="buildx-missing",
            hint=f"{INSTALL_HINT}; or set builder: auto",
        )
    return None


def _read_login(plan: Plan) -> str:
    """Return the entry of the netrc file for the index, and no other entry."""
    if not plan.netrc:
        return ""
    from envkit import netrc

    host = urlsplit(plan.image.index).hostname or ""
    login = netrc.for_host((files.read_if_permitted(Path(plan.netrc)) or b"").decode(errors="replace"), host)
    if not login:
        raise PreconditionError(
            f"{plan.netrc} has no password for {host}, the host of build.index",
            code="index-login-missing",
            hint=f"add a line: machine {host} login NAME password PASSWORD",
        )
    return login
