"""What stops an `up` before anything is done. `up --dry-run` asks the same, so that it foretells the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import host, names, tunnel
from envkit.engines import connect
from envkit.errors import GpuUnusable, Refusal
from envkit.resolve import far, widened

if TYPE_CHECKING:
    from envkit.commands.survey import Survey
    from envkit.engines.connect import Engine
    from envkit.model.state import State


def served(endpoint: str) -> Engine:
    """Connect to an engine that envkit serves.

    Raises:
        EngineUnavailable: Nothing answers there.
        Refusal: It is of a kind that envkit does not serve.
    """
    if tunnel.is_remote(endpoint):
        from envkit.commands import carried

        carried.tools()
    engine = connect.connect(endpoint)
    connect.refuse_unsupported(connect.facts(engine), host.machine())
    return engine


def no_gpu(surveyed: Survey, engine: Engine) -> None:
    """Refuse where a GPU is planned and none can be used.

    Raises:
        GpuUnusable: Which layer stands in the way.
    """
    if surveyed.plan.run.gpus is None:
        return
    from envkit import checks

    finding = checks.gpu_before(surveyed.facts.gpu, connect.facts(engine), surveyed.plan.image)
    if finding is not None:
        message = f"no GPU can be used ({finding.where}): {finding.seen}"
        # A GPU that was found at the first `up` is not quietly done without.
        again = "; or envkit up --refresh goes on without a GPU"
        without = "; to do without for good: gpu: off in envkit.yaml" if surveyed.plan.gpu_required else again
        if finding.cause:
            message += f"; the usual cause: {finding.cause}"
        raise GpuUnusable(message, tried=f"{finding.check}, without starting anything", mend=finding.mend + without)


def other_copy(surveyed: Survey, remembered: State | None) -> None:
    """Refuse to mix two workspaces in one copy on another machine.

    Raises:
        Refusal: The copy there is of another folder.
    """
    if not surveyed.facts.far:
        return
    before, now = remembered.workspace if remembered else "", surveyed.facts.workspace
    copy = names.volume(surveyed.plan.run.name, far.WORKSPACE)
    if before not in {"", now} and copy in surveyed.found.volumes:
        raise Refusal(
            f"the workspace is now {now}, and the copy on the other machine is of {before}",
            mend="envkit down --volumes first: it brings that one back",
        )


def unapproved(surveyed: Survey, remembered: State | None) -> tuple[str, ...]:
    """Return what would be let in that nobody has agreed to yet."""
    return widened(surveyed.plan.access, remembered.approved if remembered else None)


def wider_access(new: tuple[str, ...]) -> Refusal:
    """Return the refusal of what nobody has agreed to."""
    return Refusal(
        "this `up` would let in more than was agreed to:\n" + "\n".join(f"  - {entry}" for entry in new),
        mend="envkit up --yes agrees to it; or take it out of envkit.yaml",
    )
