"""Build the image of a plan: requirements on the builder, and the login for the package index."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from envkit.errors import PreconditionError
from envkit.fs import files
from envkit.model import step
from envkit.model.backend import BuilderRequest
from envkit.model.report import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkit.backends.backend import Backend
    from envkit.environment.planning import PlanningResult
    from envkit.model.plan import Plan
    from envkit.model.step import Steps


def check(plan: Plan, backend: Backend, steps: Steps) -> None:
    """Check, before the first step, that the requested builder and login are available.

    Raises:
        PreconditionError: The requested builder or the login is missing.
    """
    if any(isinstance(action, step.BuildImage | step.MakeBase) for action in steps):
        backend.check_builder(builder_request(plan))
        _read_login(plan)


def build(
    planning: PlanningResult,
    backend: Backend,
    ref: str,
    labels: Mapping[str, str],
    on_progress: Callable[[Progress], None],
    *,
    rebuild: bool = False,
) -> None:
    """Build the image of a plan; `rebuild` ignores the build cache.

    Raises:
        BuildFailed: A build step failed; its last lines of output are the detail.
        PreconditionError: The requested builder or the login is missing.
    """
    plan = planning.plan
    builder_name = backend.build_image(
        builder_request(plan),
        planning.context,
        ref,
        labels,
        plan.build_proxies,
        _read_login(plan),
        on_progress,
        no_cache=rebuild,
    )
    on_progress(Progress("build", f"built {ref} with {builder_name}", finished=True))


def builder_request(plan: Plan) -> BuilderRequest:
    """Return what the build of a plan requires of its builder."""
    writable_paths = [mount.source for mount in plan.run.mounts if mount.kind == "bind" and not mount.read_only]
    # On a remote engine nothing is mounted, but sync copies changes back to the project.
    return BuilderRequest(plan.builder, bool(plan.netrc), tuple(writable_paths or [plan.project]))


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
