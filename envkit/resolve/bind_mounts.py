"""Plan which files and folders of the host are mounted, safe from links that container code creates.

Container code can replace an entry of a writable folder by a link to any path, and the engine follows that link when
the container restarts. Therefore no mount source may be inside a writable mount: this environment rejects it, and for
those of other environments it asks for approval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import naming
from envkit.model.run import Mount
from envkit.resolve.host_query import mount_targets, nested_targets
from envkit.resolve.path_policy import denial_reason, innermost, is_inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envkit.config import Config
    from envkit.model.facts import Facts
    from envkit.problem import Problem


def plan_binds(config: Config, facts: Facts, problems: list[Problem]) -> tuple[Mount, ...]:
    """Plan the mounts of the config; invalid ones are added to `problems`."""
    all_mounts, binds = workspace_and_mounts(config, facts), []
    problems += _target_problems(config, facts)
    for index, mount in enumerate(config.mounts):
        real_path, key = facts.real_paths.get(mount.source), f"mounts[{index}].source"
        if real_path is None:
            message = f"{mount.source} does not exist; create it, or remove the mount"
            problems.append(config.problem(key, message, code="mount-source-missing"))
            continue
        bind = Mount("bind", real_path, mount.target, mount.read_only)
        if reason := denial_reason(real_path, (facts.home, *facts.homes), facts.state) or _unsafe_reason(
            bind, all_mounts, facts
        ):
            message = f"{mount.source} cannot be mounted: {reason}"
            problems.append(config.problem(key, message, code="mount-source-denied"))
        else:
            binds.append(bind)
    return tuple(binds)


def workspace_and_mounts(config: Config, facts: Facts) -> tuple[Mount, ...]:
    """Return the workspace and every mount of the config with an existing source, valid or not."""
    sources = [(facts.real_paths.get(mount.source), mount) for mount in config.mounts]
    mounts = (Mount("bind", source, mount.target, mount.read_only) for source, mount in sources if source is not None)
    return Mount("bind", facts.workspace, naming.WORKSPACE), *mounts


def writable_parent(path: str, mounts: Iterable[Mount]) -> str:
    """Return the writable mount source that contains a path, where container code can replace it; or ''."""
    writable = (mount.source for mount in mounts if not mount.read_only)
    return next((source for source in writable if source != path and is_inside(path, source)), "")


def guard_mounts(facts: Facts, mounts: Sequence[Mount]) -> tuple[Mount, ...]:
    """Return mounts that make the configuration files read-only: a notebook must not change the next `up`.

    The sources are copies: the engine follows links, and a file in the workspace may become one.
    """
    mount_points = [mount.target for mount in mounts]
    return tuple(
        Mount("bind", f"{facts.state}/guard/{_file_name(path)}", target, read_only=True)
        for path in sorted(facts.config_files)
        for target, mount in _visible_targets(path, mounts)
        if innermost(target, mount_points) == mount.target
    )


def guard_files(facts: Facts, mounts: Iterable[Mount]) -> dict[str, str]:
    """Return the text of each configuration file that is mounted as a copy, by the copy's name."""
    sources = {mount.source for mount in mounts}
    files = {_file_name(path): text for path, text in sorted(facts.config_files.items())}
    return {name: text for name, text in files.items() if f"{facts.state}/guard/{name}" in sources}


def _unsafe_reason(mount: Mount, all_mounts: Sequence[Mount], facts: Facts) -> str:
    """Return why container code could redirect this mount or another one, or an empty string."""
    if is_inside(mount.source, facts.workspace):
        return "it is in the workspace, which is already mounted"
    if parent := writable_parent(mount.source, all_mounts):
        return f"it is in {parent}, which is mounted writable, so container code could replace it by a link"
    if not mount.read_only and is_inside(facts.workspace, mount.source):
        return "it contains the workspace, which container code could replace by a link; add read_only: true"
    if not mount.read_only and mount.source in facts.config_files:
        return "it is the configuration file, which container code must not write; add read_only: true"
    return ""


def _target_problems(config: Config, facts: Facts) -> Iterable[Problem]:
    """Report targets that are taken or missing. The engine would create missing ones on the host, as root."""
    all_mounts = workspace_and_mounts(config, facts)
    sources = {mount.target: mount.source for mount in all_mounts}
    config_targets = {target for path in facts.config_files for target, _ in _visible_targets(path, all_mounts)}
    nesting = nested_targets(config)
    for key, target in mount_targets(config):
        if target in config_targets:
            message = f"{target} is the configuration file, which cannot be replaced; use another target"
            yield config.problem(key, message, code="mount-target-taken")
        elif target in nesting:
            parent, path = nesting[target]
            real_path = facts.real_paths.get(path)
            if parent in sources and (real_path is None or not is_inside(real_path, sources[parent])):
                message = f"{target} is in {parent}, which has no such folder (links do not count); mkdir -p {path}"
                yield config.problem(key, message, code="mount-target-missing")


def _visible_targets(path: str, mounts: Iterable[Mount]) -> Iterable[tuple[str, Mount]]:
    """Yield the container paths where a file of the host is writable, each with its mount."""
    for mount in mounts:
        if mount.kind == "bind" and not mount.read_only and path != mount.source and is_inside(path, mount.source):
            yield mount.target + path.removeprefix(mount.source), mount


def _file_name(path: str) -> str:
    return path.rsplit("/", 1)[-1]
