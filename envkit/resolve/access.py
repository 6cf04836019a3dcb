"""What a plan lets in or hands over, one sentence each: an `up` that adds one asks first."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from envkit.model.plan import Access
from envkit.resolve.mounts import inside

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envkit.config import Config
    from envkit.model.facts import Facts


def access(config: Config, project: str, facts: Facts) -> Access:
    """List what goes beyond the default: nothing of the host but the project, no key but the caller's own."""
    entries = {*_mounted(config, project, facts), *_entrances(config, facts), *_sources(config, facts)}
    return Access(tuple(sorted(entries)))


def widened(now: Access, approved: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return what a plan allows that nobody has agreed to yet."""
    return tuple(entry for entry in now.entries if entry not in (approved or ()))


def _mounted(config: Config, project: str, facts: Facts) -> Iterable[str]:
    if not inside(facts.workspace, project):
        yield f"the workspace {facts.workspace}, outside the project folder, can be read and written"
    for mount in config.mounts:
        real = facts.real_paths.get(mount.source)
        if real and not inside(real, project):
            can = "read" if mount.read_only else "read and written"
            yield f"{real}, outside the project folder, can be {can} at {mount.target}"
    for name, secret in config.secrets.items():
        # The real path: a link in the workspace can be turned from inside to another file of the host.
        yield f"the content of {facts.real_paths.get(secret.file) or secret.file} can be read as the secret {name}"


def _entrances(config: Config, facts: Facts) -> Iterable[str]:
    if config.ssh.keys is not None:
        for key in facts.keys:
            yield f"whoever holds the SSH key {' '.join(key.line.split()[:2])} can log in"


def _sources(config: Config, facts: Facts) -> Iterable[str]:
    if config.build.index:
        yield f"Python packages come from {config.build.index}"
    if config.build.mirror:
        yield f"Debian packages come from {config.build.mirror}"
    if config.build.ca not in {"auto", "off"}:
        # With their digest: a file in the workspace can be written from inside.
        digest = hashlib.sha256((facts.texts.get(config.build.ca) or "").encode()).hexdigest()[:16]
        yield f"the certificates in {config.build.ca} ({digest}) are trusted"
    if config.build.proxy not in {"auto", "off"}:
        yield f"the build goes through the proxy {config.build.proxy}"
