"""List what a plan grants beyond the default, one sentence each. `up` asks before it adds one."""

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

BUILTIN_BASES = {"debian", "official", "auto", "nvidia"}


def access(config: Config, project: str, facts: Facts, other_binds: Iterable[BindInfo] = ()) -> Access:
    """List what a plan grants beyond the default, which is the project folder and the caller's own keys.

    Args:
        config: The project's config.
        project: Real path of the project folder.
        facts: The host.
        other_binds: Files and folders of the host that are mounted in other environments.
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
    """List what needs approval before envkit pulls and inspects a base image."""
    return Access((f"the workspace is built on the image {config.base}",) if config.base not in BUILTIN_BASES else ())


def unapproved_entries(current: Access, approved: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the entries of a plan that are not approved yet."""
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
        # The real path: container code can point a link in the workspace to another file of the host.
        yield f"the content of {facts.real_paths.get(secret.file) or secret.file} can be read as the secret {name}"


def _link_risks(mount: Mount, bind: BindInfo) -> Iterable[str]:
    """List which of two environments could replace a mount source of the other by a link."""
    if mount.source == bind.source:
        return  # shared by both: neither can replace it
    if not bind.read_only and is_inside(mount.source, bind.source):
        yield (
            f"container code of the environment {bind.environment} can replace {mount.source}, which is in its "
            f"{bind.source}, by a link to any file of the host"
        )
    if not mount.read_only and is_inside(bind.source, mount.source):
        yield (
            f"container code of this environment can replace {bind.source} of the environment {bind.environment}, "
            f"which is in {mount.source}, by a link to any file of the host"
        )


def _login_entries(config: Config, facts: Facts) -> Iterable[str]:
    if config.ssh.publish:
        yield "SSH listens on a port of 127.0.0.1, where every user of this host can try to log in"
    if config.ssh.agent:
        yield "container code can use the SSH agent of a user who logs in and forwards it"
    if config.ssh.keys is not None:
        for key in facts.keys:
            yield f"the owner of the SSH key {' '.join(key.line.split()[:2])} can log in"


def _source_entries(config: Config, facts: Facts) -> Iterable[str]:
    if config.build.index:
        yield f"Python packages come from {config.build.index}"
    if config.build.netrc:
        real_path = facts.real_paths.get(config.build.netrc) or config.build.netrc
        yield f"packages that the build installs can read the login for {config.build.index} in {real_path}"
    if config.build.mirror:
        yield f"Debian packages come from {config.build.mirror}"
    if config.build.python_mirror:
        yield f"Python itself comes from {config.build.python_mirror}"
    if config.build.ca not in {"auto", "off"}:
        # With their digest: container code can write a file in the workspace.
        digest = hashlib.sha256((facts.texts.get(config.build.ca) or "").encode()).hexdigest()[:16]
        yield f"the certificates in {config.build.ca} ({digest}) are trusted"
    if config.build.proxy not in {"auto", "off"}:
        yield f"the build uses the proxy {config.build.proxy}"
