"""Which files and folders of the host are shown inside, and what nobody inside may turn into a link.

Code inside can replace what lies in a folder it may write by a link to anywhere, and the engine follows that link
when the container starts again. So nothing is mounted from within such a folder: not by this environment, and not
unseen by another one.
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
    from envkit.errors import Problem
    from envkit.model.facts import Facts


def plan_binds(config: Config, facts: Facts, problems: list[Problem]) -> tuple[Mount, ...]:
    """Decide which mounts of the config are made; what is wrong with the others is added to `problems`."""
    all_mounts, binds = workspace_and_mounts(config, facts), []
    problems += _target_problems(config, facts)
    for index, mount in enumerate(config.mounts):
        real_path, key = facts.real_paths.get(mount.source), f"mounts[{index}].source"
        if real_path is None:
            problems.append(config.problem(key, f"{mount.source} is not there; create it, or take the mount out"))
            continue
        bind = Mount("bind", real_path, mount.target, mount.read_only)
        if reason := denial_reason(real_path, (facts.home, *facts.homes), facts.state) or _unsafe_reason(
            bind, all_mounts, facts
        ):
            problems.append(config.problem(key, f"{mount.source} cannot be mounted: {reason}"))
        else:
            binds.append(bind)
    return tuple(binds)


def workspace_and_mounts(config: Config, facts: Facts) -> tuple[Mount, ...]:
    """Return the workspace and every mount of the config whose source is there, fit to be made or not."""
    sources = [(facts.real_paths.get(mount.source), mount) for mount in config.mounts]
    mounts = (Mount("bind", source, mount.target, mount.read_only) for source, mount in sources if source is not None)
    return Mount("bind", facts.workspace, naming.WORKSPACE), *mounts


def writable_parent(path: str, mounts: Iterable[Mount]) -> str:
    """Return the folder mounted to be written in which a real path lies, so that code inside can replace it; or ''."""
    writable = (mount.source for mount in mounts if not mount.read_only)
    return next((source for source in writable if source != path and is_inside(path, source)), "")


def guard_mounts(facts: Facts, mounts: Sequence[Mount]) -> tuple[Mount, ...]:
    """Return what keeps the config files read-only wherever they show: a notebook must not widen the next `up`.

    They are copies: the engine follows links when it mounts, and what lies in the workspace may become one.
    """
    mount_points = [mount.target for mount in mounts]
    return tuple(
        Mount("bind", f"{facts.state}/guard/{_file_name(path)}", target, read_only=True)
        for path in sorted(facts.config_files)
        for target, mount in _visible_targets(path, mounts)
        if innermost(target, mount_points) == mount.target
    )


def guard_files(facts: Facts, mounts: Iterable[Mount]) -> dict[str, str]:
    """Return the text of each config file that is mounted as a copy, by the copy's name."""
    sources = {mount.source for mount in mounts}
    files = {_file_name(path): text for path, text in sorted(facts.config_files.items())}
    return {name: text for name, text in files.items() if f"{facts.state}/guard/{name}" in sources}


def _unsafe_reason(mount: Mount, all_mounts: Sequence[Mount], facts: Facts) -> str:
    """Say why a mount cannot be trusted to show what it shows now, or what it could make another one show."""
    if is_inside(mount.source, facts.workspace):
        return "it lies in the workspace, and is there already"
    if parent := writable_parent(mount.source, all_mounts):
        return f"it lies in {parent}, which is mounted to be written, and could be turned into a link from inside"
    if not mount.read_only and is_inside(facts.workspace, mount.source):
        return "it contains the workspace, which could be turned into a link from inside; add read_only: true"
    if not mount.read_only and mount.source in facts.config_files:
        return "it is the config, which must not be written from inside; add read_only: true"
    return ""


def _target_problems(config: Config, facts: Facts) -> Iterable[Problem]:
    """Tell of targets whose place is taken, or is not there: the engine would make it, as root's, on the host."""
    all_mounts = workspace_and_mounts(config, facts)
    sources = {mount.target: mount.source for mount in all_mounts}
    config_targets = {target for path in facts.config_files for target, _ in _visible_targets(path, all_mounts)}
    nesting = nested_targets(config)
    for key, target in mount_targets(config):
        if target in config_targets:
            yield config.problem(key, f"{target} is the config, which stays what it is; mount at another place")
        elif target in nesting:
            parent, path = nesting[target]
            real_path = facts.real_paths.get(path)
            if parent in sources and (real_path is None or not is_inside(real_path, sources[parent])):
                message = f"{target} lies in {parent}, where no such folder is (links do not count); mkdir -p {path}"
                yield config.problem(key, message)


def _visible_targets(path: str, mounts: Iterable[Mount]) -> Iterable[tuple[str, Mount]]:
    """Yield where a file of the host could be written inside, and the mount by which."""
    for mount in mounts:
        if mount.kind == "bind" and not mount.read_only and path != mount.source and is_inside(path, mount.source):
            yield mount.target + path.removeprefix(mount.source), mount


def _file_name(path: str) -> str:
    return path.rsplit("/", 1)[-1]
