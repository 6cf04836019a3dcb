"""`status`: list environments with their addresses and the result of the last probe."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import backends, naming, state
from envkit.backends import endpoint
from envkit.environment import moved_project
from envkit.environment.project import environment_not_found, is_folder_missing, stop_command
from envkit.environment.remote import ports
from envkit.model.report import Finding, Progress, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkit.model.engine_state import ContainerInfo
    from envkit.model.state import State

DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Row:
    """One environment.

    Attributes:
        name: Name of the environment.
        owner: UID of its owner.
        status: State of its container as the engine reports it, `down`, or `damaged` if its state file is.
        url: JupyterLab's address if it is running and has a port.
        size_bytes: Size of its image with all layers; environments with the same plan share it.
        project: Project folder, if the caller owns the environment.
        verdict: Last verdict of the probe, or that it is not proven.
        hint: Command that stops it if its project folder is missing, or what to do about a damaged state; else empty.
    """

    name: str
    owner: int
    status: str
    url: str = ""
    size_bytes: int = 0
    project: str = ""
    verdict: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Environments:
    """Environments, sorted by name."""

    rows: tuple[Row, ...]


def status(*, all_users: bool = False, name: str | None = None) -> Report[Environments]:
    """List the environments of the caller, or of all users, with two requests to the engine.

    Raises:
        EngineUnavailable: No engine answers.
        PreconditionError: There is no environment of that name.
    """
    engine_endpoint = endpoint.current_endpoint()
    backend = backends.connect(engine_endpoint)
    owner = os.getuid()
    saved_states = {saved_state.name: saved_state for _, saved_state in state.environments(engine_endpoint)}
    containers = backend.environment_containers(None if all_users else owner)
    sizes = backend.image_sizes() if containers else {}
    rows = [
        _build_row(container, saved_states, owner, sizes, engine_endpoint)
        for container in containers
        if naming.NAME in container.labels
    ]
    running_names = {row.name for row in rows if row.owner == owner}
    rows += [
        Row(
            saved_state.name,
            owner,
            "down",
            project=saved_state.project,
            verdict=_verdict(saved_state),
            hint=_hint(saved_state),
        )
        for saved_state in saved_states.values()
        if saved_state.name not in running_names
    ]
    rows += [
        Row(state_dir.folder.name, owner, DAMAGED, verdict=error.message, hint=error.hint)
        for state_dir, error in state.damaged(engine_endpoint)
    ]
    selection = sorted((row for row in rows if name in {None, row.name}), key=lambda row: (row.name, row.owner))
    if name is not None and not selection:
        raise environment_not_found(name)
    return Report("status", name or "", Environments(tuple(selection)))


def check(environments: Environments, on_progress: Callable[[Progress], None]) -> Report[Environments]:
    """Check the caller's running environments for configuration drift and a missing GPU.

    Raises:
        EngineUnavailable: No engine answers.
    """
    from envkit import checks  # the plain list needs none of these and stays fast
    from envkit.environment import drift

    backend, findings = backends.connect(endpoint.current_endpoint()), list[Finding]()
    for row in environments.rows:
        if row.owner == os.getuid() and row.status == "running":
            on_progress(Progress("status", f"checking {row.name}"))
            findings += drift.check(backend, row.name, row.owner, row.project)
    return Report("status", "", environments, tuple(findings), checks.exit_code(findings))


def _build_row(
    container: ContainerInfo,
    saved_states: Mapping[str, State],
    owner: int,
    sizes: Mapping[str, int],
    engine_endpoint: str,
) -> Row:
    labels = container.labels
    container_owner = int(labels[naming.OWNER]) if labels.get(naming.OWNER, "").isdecimal() else -1
    saved_state = saved_states.get(labels[naming.NAME]) if container_owner == owner else None
    published_port = labels.get(naming.PORT, "") if container.status == "running" else ""
    # JupyterLab may listen on a Unix socket only; a remote port is forwarded for its owner only.
    port = (
        ports.local_port(engine_endpoint, saved_state.forwarded if saved_state else {}, int(published_port))
        if published_port.isdecimal()
        else 0
    )
    url = f"http://127.0.0.1:{port}/lab" if port else ""
    return Row(
        name=labels[naming.NAME],
        owner=container_owner,
        status=container.status,
        url=url,
        size_bytes=sizes.get(container.image_id, 0),
        project=saved_state.project if saved_state else "",
        verdict=_verdict(saved_state) if saved_state else "",
        hint=_hint(saved_state) if saved_state else "",
    )


def _verdict(saved_state: State) -> str:
    """Return the verdict of the last probe, or that the current environment is not proven."""
    if is_folder_missing(saved_state.project):
        return "not proven: folder missing"
    if moved_project.is_replaced(saved_state):
        return "not proven: folder replaced, envkit up uses the new one"
    if saved_state.proven:
        return saved_state.verdict
    return f"not proven: {saved_state.verdict}" if saved_state.verdict else "not proven"


def _hint(saved_state: State) -> str:
    """Return the command that stops an environment whose project folder is missing."""
    return stop_command(saved_state.name) if is_folder_missing(saved_state.project) else ""
