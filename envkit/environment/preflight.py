"""What stops an `up` before anything is done. `up --dry-run` asks the same, so that it foretells the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import host, naming, ssh_tunnel
from envkit.backends.docker import client
from envkit.errors import GpuUnusable, PreconditionError
from envkit.resolve import remote, unapproved_entries

if TYPE_CHECKING:
    from envkit.backends.docker.client import Engine
    from envkit.environment.planning import PlanningResult
    from envkit.model.state import State


def connect_engine(endpoint: str) -> Engine:
    """Connect to an engine that envkit serves.

    Raises:
        EngineUnavailable: Nothing answers there.
        Refusal: It is of a kind that envkit does not serve.
    """
    if ssh_tunnel.is_remote(endpoint):
        from envkit.environment.remote import transfer

        transfer.find_tools()
    engine = client.connect(endpoint)
    client.refuse_unsupported(client.facts(engine), host.machine())
    return engine


def check_gpu(planning: PlanningResult, engine: Engine) -> None:
    """Refuse where a GPU is planned and none can be used.

    Raises:
        GpuUnusable: Which layer stands in the way.
    """
    if planning.plan.run.gpus is None:
        return
    from envkit import checks

    finding = checks.gpu_preflight(planning.facts.gpu, client.facts(engine), planning.plan.image)
    if finding is not None:
        message = f"no GPU can be used ({finding.layer}): {finding.detail}"
        # A GPU that was found at the first `up` is not quietly done without.
        refresh_hint = "; or envkit up --refresh goes on without a GPU"
        fallback_hint = (
            "; to do without for good: gpu: off in envkit.yaml" if planning.plan.gpu_required else refresh_hint
        )
        if finding.cause:
            message += f"; the usual cause: {finding.cause}"
        raise GpuUnusable(
            message, detail=f"{finding.check}, without starting anything", hint=finding.hint + fallback_hint
        )


def check_remote_copy(planning: PlanningResult, state: State | None) -> None:
    """Refuse to mix two workspaces in one copy on another machine.

    Raises:
        Refusal: The copy there is of another folder.
    """
    if not planning.facts.remote_volumes_dir:
        return
    old_workspace, workspace = state.workspace if state else "", planning.facts.workspace
    volume = naming.volume(planning.plan.run.name, remote.WORKSPACE_VOLUME)
    if old_workspace not in {"", workspace} and volume in planning.actual.volumes:
        raise PreconditionError(
            f"the workspace is now {workspace}, and the copy on the other machine is of {old_workspace}",
            hint="envkit down --volumes first: it brings that one back",
        )


def unapproved_access(planning: PlanningResult, state: State | None) -> tuple[str, ...]:
    """Return what would be let in that nobody has agreed to yet."""
    return unapproved_entries(planning.plan.access, state.approved if state else None)


def approval_error(entries: tuple[str, ...]) -> PreconditionError:
    """Return the refusal of what nobody has agreed to."""
    return PreconditionError(
        "this `up` would let in more than was agreed to:\n" + "\n".join(f"  - {entry}" for entry in entries),
        hint="envkit up --yes agrees to it; or take it out of envkit.yaml",
    )
