"""List the paths, ports and keys of the host that a config refers to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import naming
from envkit.model.facts import HostQuery
from envkit.resolve.path_policy import innermost

if TYPE_CHECKING:
    from envkit.config import Config


def host_query(config: Config, project: str, state: str) -> HostQuery:
    """Build the query of the host for a config."""
    texts = [] if isinstance(config.python, tuple) else [config.python.requirements]
    if config.build.ca not in {"auto", "off"}:
        texts.append(config.build.ca)
    return HostQuery(
        project=project,
        state=state,
        workspace=config.workspace,
        keys=config.ssh.keys,
        texts=tuple(texts),
        paths=(*(mount.source for mount in config.mounts), *(path for _, path in nested_targets(config).values())),
        secrets=(*((name, secret.file) for name, secret in sorted(config.secrets.items())), *index_login(config)),
        ports=tuple(port for port in (config.jupyter.port, config.ssh.port) if port),
        ca=config.build.ca == "auto",
        proxy=config.build.proxy == "auto",
        gpu=config.gpu == "auto",
    )


def index_login(config: Config) -> tuple[tuple[str, str], ...]:
    """Return the key and the path of the file with the index's login, if the config sets one."""
    return (("build.netrc", config.build.netrc),) if config.build.netrc else ()


def mount_targets(config: Config) -> list[tuple[str, str]]:
    """Return the key and the target of each mount and volume."""
    mounts = [(f"mounts[{index}].target", mount.target) for index, mount in enumerate(config.mounts)]
    return mounts + [(f"volumes.{name}", target) for name, target in config.volumes.items()]


def nested_targets(config: Config) -> dict[str, tuple[str, str]]:
    """Return each target inside a bind mount, with the enclosing target and its path on the host as written.

    Targets inside a volume are left out: envkit creates their folders.
    """
    sources = {naming.WORKSPACE: config.workspace, **{mount.target: mount.source for mount in config.mounts}}
    mount_points = {naming.HOME, *sources, *config.volumes.values()}
    parents = {target: innermost(target, mount_points) for _, target in mount_targets(config)}
    return {
        target: (parent, sources[parent].rstrip("/") + target.removeprefix(parent))
        for target, parent in parents.items()
        if parent in sources
    }
