"""What a plan lets in or hands over, one sentence each: an `up` that adds one asks first."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from envkit.model.plan import Access
from envkit.resolve.binds import workspace_and_mounts
from envkit.resolve.mounts import inside

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envkit.config import Config
    from envkit.model.facts import Facts
    from envkit.model.found import FoundBind
    from envkit.model.run import Mount

OWN_BASES = {"debian", "official", "auto"}


def access(config: Config, project: str, facts: Facts, others: Iterable[FoundBind] = ()) -> Access:
    """List what goes beyond the default: nothing of the host but the project, no key but the caller's own.

    Args:
        config: As written.
        project: Real path of the project folder.
        facts: The host.
        others: What other environments show of the host.
    """
    shown = workspace_and_mounts(config, facts)
    entries = {
        *_mounted(config, project, facts), *_entrances(config, facts), *_sources(config, facts), *base(config).entries,
        *(entry for own in shown for other in others for entry in _entangled(own, other)),
    }
    return Access(tuple(sorted(entries)))


def base(config: Config) -> Access:
    """List what of that has to be agreed to before a base image is brought and looked into."""
    return Access((f"the workspace is built on the image {config.base}",) if config.base not in OWN_BASES else ())


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


def _entangled(own: Mount, other: FoundBind) -> Iterable[str]:
    """Say which of two environments could put a link in the place of what the other one mounts."""
    if own.source == other.source:
        return  # data that both use: neither can replace it
    if not other.read_only and inside(own.source, other.source):
        yield (
            f"what runs in the environment {other.environment} can replace {own.source}, which lies in its "
            f"{other.source}, by a link to any file of the host"
        )
    if not own.read_only and inside(other.source, own.source):
        yield (
            f"what runs here can replace {other.source} of the environment {other.environment}, which lies in "
            f"{own.source}, by a link to any file of the host"
        )


def _entrances(config: Config, facts: Facts) -> Iterable[str]:
    if config.ssh.publish:
        yield "SSH answers at a port of 127.0.0.1, where every user of this host can try to log in"
    if config.ssh.agent:
        yield "what runs inside can use the SSH agent of whoever logs in and forwards it"
    if config.ssh.keys is not None:
        for key in facts.keys:
            yield f"whoever holds the SSH key {' '.join(key.line.split()[:2])} can log in"


def _sources(config: Config, facts: Facts) -> Iterable[str]:
    if config.build.index:
        yield f"Python packages come from {config.build.index}"
    if config.build.netrc:
        real = facts.real_paths.get(config.build.netrc) or config.build.netrc
        yield f"what the build installs can read the login that {real} holds for {config.build.index}"
    if config.build.mirror:
        yield f"Debian packages come from {config.build.mirror}"
    if config.build.python_mirror:
        yield f"Python itself comes from {config.build.python_mirror}"
    if config.build.ca not in {"auto", "off"}:
        # With their digest: a file in the workspace can be written from inside.
        digest = hashlib.sha256((facts.texts.get(config.build.ca) or "").encode()).hexdigest()[:16]
        yield f"the certificates in {config.build.ca} ({digest}) are trusted"
    if config.build.proxy not in {"auto", "off"}:
        yield f"the build goes through the proxy {config.build.proxy}"
