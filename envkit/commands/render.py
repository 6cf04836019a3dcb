"""`render`: write the artifacts without starting anything; `--check` compares those in a folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envkit import backends, naming
from envkit.environment.planning import plan_environment
from envkit.errors import EngineUnavailable, ExitCode
from envkit.fs import files, safe_tree
from envkit.model.report import Report
from envkit.render import compose
from envkit.resolve import allocation, subnet_pools

if TYPE_CHECKING:
    from pathlib import Path

    from envkit.backends.backend import Backend
    from envkit.environment.project import Project
    from envkit.reconcile import DesiredState


@dataclass(frozen=True, slots=True)
class RenderResult:
    """Rendered artifacts.

    Attributes:
        folder: Folder of the artifacts.
        files: Their paths, relative to the folder.
        stale: With `--check`, paths that are missing or differ.
        check_only: Whether files were only compared.
        is_missing: Whether the folder has none of them.
    """

    folder: str
    files: tuple[str, ...]
    stale: tuple[str, ...] = ()
    check_only: bool = False
    is_missing: bool = False


def render(project: Project, folder: Path, *, check: bool) -> Report[RenderResult]:
    """Render a project's artifacts into a folder, or compare them with the files in it.

    Raises:
        ConfigError: The configuration is not possible on this host.
        PreconditionError: The path contains a symbolic link that container code may have created.
        OSError: The folder cannot be written.
    """
    planning = plan_environment(project, _connect_engine(project), project.state)
    desired = _keep_picked(planning.desired, project, folder) if check else planning.desired
    artifacts = (*planning.context, compose.render(desired))
    contents = {artifact.path: files.read(folder / artifact.path) for artifact in artifacts} if check else {}
    stale = tuple(
        artifact.path for artifact in artifacts if check and contents[artifact.path] != artifact.text.encode()
    )
    paths = tuple(sorted(artifact.path for artifact in artifacts))
    if check:
        code = ExitCode.CHECK_FAILED if stale else ExitCode.OK
        is_missing = all(content is None for content in contents.values())
        result = RenderResult(str(folder), paths, stale, check_only=True, is_missing=is_missing)
        return Report("render", planning.plan.name, result, exit_code=code)
    mounts = planning.plan.run.mounts
    writable_folders = {
        project.folder,
        *(mount.source for mount in mounts if mount.kind == "bind" and not mount.read_only),
    }
    safe_tree.write(folder, artifacts, writable_folders)
    return Report("render", planning.plan.name, RenderResult(str(folder), paths))


def _keep_picked(desired: DesiredState, project: Project, folder: Path) -> DesiredState:
    """Replace the picked ports and the picked subnet by those of an existing file: another free one is no change."""
    content = files.read(folder / compose.FILE) or b""
    ports, subnet = compose.parse_picked(content.decode(errors="replace"))
    run = desired.plan.run
    is_allowed = any(allocation.in_pool(subnet, pool) for pool in subnet_pools(project.config))
    subnet = subnet if is_allowed else run.network.subnet
    requested = {naming.JUPYTER_PORT: project.config.jupyter.port, naming.SSH_PORT: project.config.ssh.port}
    run_ports = tuple(
        port if requested.get(port.container) else replace(port, host=ports.get(port.container, port.host))
        for port in run.ports
    )
    network = replace(run.network, subnet=subnet) if run.network.subnet else run.network
    return replace(desired, plan=replace(desired.plan, run=replace(run, ports=run_ports, network=network)))


def _connect_engine(project: Project) -> Backend | None:
    # Without an engine, only the choice of the subnet can differ: its networks are unknown.
    try:
        return backends.connect(project.endpoint)
    except EngineUnavailable:
        return None
