"""Checks before the first step of an `up`; `up --dry-run` runs the same ones, so it predicts the same result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import backends, host, naming, ssh_tunnel
from envkit.errors import GpuUnusable, PreconditionError
from envkit.resolve import remote, unapproved_entries

if TYPE_CHECKING:
    from envkit.backends.backend import Backend
    from envkit.environment.planning import PlanningResult
    from envkit.model.state import State


def connect_engine(endpoint: str) -> Backend:
    """Connect to an engine that envkit supports.

    Raises:
        EngineUnavailable: No engine answers at the endpoint.
        PreconditionError: The engine is not supported.
    """
    if ssh_tunnel.is_remote(endpoint):
        from envkit.environment.remote import transfer

        transfer.find_tools()
    backend = backends.connect(endpoint)
    backend.refuse_unsupported(backend.facts(), host.machine())
    return backend


def check_gpu(planning: PlanningResult, backend: Backend) -> None:
    """Check that a planned GPU can be used.

    Raises:
        GpuUnusable: No GPU can be used; the message names the failing layer.
    """
    if planning.plan.run.gpus is None:
        return
    from envkit import checks

    finding = checks.gpu_preflight(planning.facts.gpu, backend.facts(), planning.plan.image)
    if finding is not None:
        message = f"no GPU can be used ({finding.layer}): {finding.detail}"
        # A GPU that was found at the first `up` is never dropped silently.
        refresh_hint = "; or run envkit up --refresh to continue without a GPU"
        fallback_hint = "; to never use a GPU: gpu: off in envkit.yaml" if planning.plan.gpu_required else refresh_hint
        if finding.cause:
            message += f"; usual cause: {finding.cause}"
        raise GpuUnusable(
            message,
            code="gpu-unusable",
            detail=f"{finding.check}, nothing was started",
            hint=finding.hint + fallback_hint,
        )


def check_remote_copy(planning: PlanningResult, state: State | None) -> None:
    """Check that the copy on a remote engine is of this workspace.

    Raises:
        PreconditionError: The copy is of another folder.
    """
    if planning.facts.capabilities.binds:
        return
    old_workspace, workspace = state.workspace if state else "", planning.facts.workspace
    volume = naming.volume(planning.plan.run.name, remote.WORKSPACE_VOLUME)
    if old_workspace not in {"", workspace} and volume in planning.actual.volumes:
        raise PreconditionError(
            f"the workspace is now {workspace}, but the copy on the remote engine is of {old_workspace}",
            code="workspace-changed",
            hint="envkit down --volumes copies it back first",
        )


def unapproved_access(planning: PlanningResult, state: State | None) -> tuple[str, ...]:
    """Return access that the plan grants and that has not been approved."""
    return unapproved_entries(planning.plan.access, state.approved if state else None)


def approval_error(entries: tuple[str, ...]) -> PreconditionError:
    """Build the error for access that has not been approved."""
    return PreconditionError(
        "this configuration grants access that has not been approved yet:\n"
        + "\n".join(f"  - {entry}" for entry in entries),
        code="approval-required",
        hint="envkit up --yes approves it; or remove it from envkit.yaml",
    )
