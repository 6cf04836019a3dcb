"""Which road an image is built by: buildx where it is here, else the engine's own builder; and with which login.

What builds is loaded where something is built: an `up` whose image is there asks here too.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from envkit import files
from envkit.errors import Refusal
from envkit.model import step
from envkit.model.report import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkit.commands.survey import Survey
    from envkit.engines.buildx import Buildx
    from envkit.engines.connect import Engine
    from envkit.model.plan import Plan
    from envkit.model.step import Steps

INSTALL = "sudo apt-get install docker-buildx (Debian 13, Ubuntu; among Docker's own packages docker-buildx-plugin)"


def refuse(plan: Plan, steps: Steps) -> None:
    """Refuse, before anything is done, a build that could not be made as it was asked for.

    Raises:
        Refusal: There is no buildx and it is needed, or no login.
    """
    if any(isinstance(one, step.BuildImage | step.MakeBase) for one in steps):
        _road(plan)
        _login(plan)


def build(
    surveyed: Survey, engine: Engine, ref: str, labels: Mapping[str, str], say: Callable[[Progress], None],
    *, anew: bool = False,
) -> None:
    """Build the image of a plan; `anew`: with nothing that the builder keeps of earlier builds.

    Raises:
        BuildFailed: A step failed: the last lines it printed say why.
        Refusal: There is no buildx and it is needed, or no login.
    """
    from envkit.engines import buildx, images

    plan, context = surveyed.plan, surveyed.context
    found, login = _road(plan), _login(plan)
    by = f"buildx {found.version}" if found else "the classic builder"
    if found is None:
        images.build(engine, context, ref, labels, plan.build_proxies, say, anew=anew)
    else:
        buildx.build(found, engine, context, ref, labels, plan.build_proxies, login, say, anew=anew)
    say(Progress("build", f"built {ref} with {by}", done=True))


def _road(plan: Plan) -> Buildx | None:
    """Return the buildx to build with, or None for the engine's own builder."""
    from envkit.engines import buildx

    if plan.builder == "classic":
        return None
    writable = [one.source for one in plan.run.mounts if one.kind == "bind" and not one.read_only]
    # Where nothing of this machine is mounted, what changes inside comes back to the project.
    found = buildx.find(writable or [plan.project])
    if isinstance(found, buildx.Buildx):
        return found
    if plan.netrc:
        # What the classic builder is given, it keeps in the image.
        mend = f"{INSTALL}; or take build.netrc out and name an index that needs no login"
        raise Refusal(f"build.netrc needs buildx, which hands a login over as a secret: {found.why}", mend=mend)
    if plan.builder == "buildx":
        raise Refusal(f"build.builder is buildx: {found.why}", mend=f"{INSTALL}; or write builder: auto")
    return None


def _login(plan: Plan) -> str:
    """Return what of the netrc file is for the index, and nothing of the rest."""
    if not plan.netrc:
        return ""
    from envkit import netrc

    host = urlsplit(plan.image.index).hostname or ""
    login = netrc.only((files.readable(Path(plan.netrc)) or b"").decode(errors="replace"), host)
    if not login:
        raise Refusal(
            f"{plan.netrc} holds no password for {host}, from where build.index says packages come",
            mend=f"add a line to it: machine {host} login NAME password PASSWORD",
        )
    return login
