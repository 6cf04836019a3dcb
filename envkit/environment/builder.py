"""Which road an image is built by: buildx where it is here, else the engine's own builder; and with which login.

What builds is loaded where something is built: an `up` whose image is there asks here too.
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
    """Refuse, before anything is done, a build that could not be made as it was asked for.

    Raises:
        Refusal: There is no buildx and it is needed, or no login.
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
    """Build the image of a plan; `rebuild`: with nothing that the builder keeps of earlier builds.

    Raises:
        BuildFailed: A step failed: the last lines it printed say why.
        Refusal: There is no buildx and it is needed, or no login.
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
    """Return the buildx to build with, or None for the engine's own builder."""
    from envkit.backends.docker import buildx

    if plan.builder == "classic":
        return None
    writable_paths = [mount.source for mount in plan.run.mounts if mount.kind == "bind" and not mount.read_only]
    # Where nothing of this machine is mounted, what changes inside comes back to the project.
    result = buildx.find(writable_paths or [plan.project])
    if isinstance(result, buildx.Buildx):
        return result
    if plan.netrc:
        # What the classic builder is given, it keeps in the image.
        hint = f"{INSTALL_HINT}; or take build.netrc out and name an index that needs no login"
        raise PreconditionError(
            f"build.netrc needs buildx, which hands a login over as a secret: {result.reason}", hint=hint
        )
    if plan.builder == "buildx":
        raise PreconditionError(
            f"build.builder is buildx: {result.reason}", hint=f"{INSTALL_HINT}; or write builder: auto"
        )
    return None


def _read_login(plan: Plan) -> str:
    """Return what of the netrc file is for the index, and nothing of the rest."""
    if not plan.netrc:
        return ""
    from envkit import netrc

    host = urlsplit(plan.image.index).hostname or ""
    login = netrc.for_host((files.read_if_permitted(Path(plan.netrc)) or b"").decode(errors="replace"), host)
    if not login:
        raise PreconditionError(
            f"{plan.netrc} holds no password for {host}, from where build.index says packages come",
            hint=f"add a line to it: machine {host} login NAME password PASSWORD",
        )
    return login
