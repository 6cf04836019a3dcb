"""Which paths, ports and keys of the host matter for a config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import names
from envkit.model.facts import Wants

if TYPE_CHECKING:
    from envkit.config import Config


def wants(config: Config, project: str, state: str) -> Wants:
    """Say what has to be looked at on the host before a config can be resolved."""
    texts = [] if isinstance(config.python, tuple) else [config.python.requirements]
    if config.build.ca not in {"auto", "off"}:
        texts.append(config.build.ca)
    return Wants(
        project=project,
        state=state,
        workspace=config.workspace,
        keys=config.ssh.keys,
        texts=tuple(texts),
        paths=(*(mount.source for mount in config.mounts), *mountpoints(config).values()),
        secrets=tuple((name, secret.file) for name, secret in sorted(config.secrets.items())),
        port=config.jupyter.port,
        ca=config.build.ca == "auto",
        proxy=config.build.proxy == "auto",
    )


def mountpoints(config: Config) -> dict[str, str]:
    """Return the path on the host of each mount target that lies in the workspace, by target."""
    targets = [*(mount.target for mount in config.mounts), *config.volumes.values()]
    inside = [target for target in targets if target.startswith(f"{names.WORKSPACE}/")]
    return {target: config.workspace + target.removeprefix(names.WORKSPACE) for target in inside}
