"""What a plan lets in or hands over, one sentence each: an `up` that adds one asks first."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from envkit.model.plan import Access
from envkit.resolve.bind_mounts import workspace_and_mounts
from envkit.resolve.path_policy import is_inside

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envkit.config import Config
    from envkit.model.engine_state import BindInfo
    from envkit.model.facts import Facts
    from envkit.model.run import Mount

BUILTIN_BASES = {"debian", "official", "auto"}


def access(config: Config, project: str, facts: Facts, other_binds: Iterable[BindInfo] = ()) -> Access:
    """List what goes beyond the default: nothing of the host but the project, no key but the caller's own.

    Args:
        config: As written.
        project: Real path of the project folder.
        facts: The host.
        other_binds: What other environments show of the host.
    """
    mounts = workspace_and_mounts(config, facts)
    entries = {
        *_mount_entries(config, project, facts),
        *_login_entries(config, facts),
        *_source_entries(config, facts),
        *base_access(config).entries,
        *(entry for mount in mounts for bind in other_binds for entry in _link_risks(mount, bind)),
    }
    return Access(tuple(sorted(entries)))


def base_access(config: Config) -> Access:
    """List what of that has to be agreed to before a base image is brought and looked into."""
    return Access((f"the workspace is built on the image {config.base}",) if config.base not in BUILTIN_BASES else ())


def unapproved_entries(current: Access, approved: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return what a plan allows that nobody has agreed to yet."""
    return tuple(entry for entry in current.entries if entry not in (approved or ()))


def _mount_entries(config: Config, project: str, facts: Facts) -> Iterable[str]:
    if not is_inside(facts.workspace, project):
        yield f"the workspace {facts.workspace}, outside the project folder, can be read and written"
    for mount in config.mounts:
        real_path = facts.real_paths.get(mount.source)
        if real_path and not is_inside(real_path, project):
            permission = "read" if mount.read_only else "read and written"
            yield f"{real_path}, outside the project folder, can be {permission} at {mount.target}"
    for name, secret in config.secrets.items():
        # The real path: a link in the workspace can be turned from inside to another file of the host.
        yield f"the content of {facts.real_paths.get(secret.file) or secret.file} can be read as the secret {name}"


def _link_risks(mount: Mount, bind: BindInfo) -> Iterable[str]:
    """Say which of two environments could put a link in the place of what the other one mounts."""
    if mount.source == bind.source:
        return  # data that both use: neither can replace it
    if not bind.read_only and is_inside(mount.source, bind.source):
        yield (
            f"what runs in the environment {bind.environment} can replace {mount.source}, which lies in its "
            f"{bind.source}, by a link to any file of the host"
        )
    if not mount.read_only and is_inside(bind.source, mount.source):
        yield (
            f"what runs here can replace {bind.source} of the environment {bind.environment}, which lies in "
            f"{mount.source}, by a link to any file of the host"
        )


def _login_entries(config: Config, facts: Facts) -> Iterable[str]:
    if config.ssh.publish:
        yield "SSH answers at a port of 127.0.0.1, where every user of this host can try to log in"
    if config.ssh.agent:
        yield "what runs inside can use the SSH agent of whoever logs in and forwards it"
    if config.ssh.keys is not None:
        for key in facts.keys:
            yield f"whoever holds the SSH key {' '.join(key.line.split()[:2])} can log in"


def _source_entries(config: Config, facts: Facts) -> Iterable[str]:
    if config.build.index:
        yield f"Python packages come from {config.build.index}"
    if config.build.netrc:
        real_path = facts.real_paths.get(config.build.netrc) or config.build.netrc
        yield f"what the build installs can read the login that {real_path} holds for {config.build.index}"
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
