"""Which files and folders of the host are shown inside, and what nobody inside may turn into a link.

Code inside can replace what lies in a folder it may write by a link to anywhere, and the engine follows that link
when the container starts again. So nothing is mounted from within such a folder: not by this environment, and not
unseen by another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import names
from envkit.model.run import Mount
from envkit.resolve.mounts import denied, innermost, inside
from envkit.resolve.wants import nested, targets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envkit.config import Config
    from envkit.errors import Problem
    from envkit.model.facts import Facts


def binds(config: Config, facts: Facts, problems: list[Problem]) -> tuple[Mount, ...]:
    """Decide which mounts of the config are made; what is wrong with the others is added to `problems`."""
    every, found = workspace_and_mounts(config, facts), []
    problems += _homeless(config, facts)
    for number, mount in enumerate(config.mounts):
        real, key = facts.real_paths.get(mount.source), f"mounts[{number}].source"
        if real is None:
            problems.append(config.problem(key, f"{mount.source} is not there; create it, or take the mount out"))
            continue
        one = Mount("bind", real, mount.target, mount.read_only)
        if why := denied(real, (facts.home, *facts.homes), facts.state) or _unsafe(one, every, facts):
            problems.append(config.problem(key, f"{mount.source} cannot be mounted: {why}"))
        else:
            found.append(one)
    return tuple(found)


def workspace_and_mounts(config: Config, facts: Facts) -> tuple[Mount, ...]:
    """Return the workspace and every mount of the config whose source is there, fit to be made or not."""
    real = [(facts.real_paths.get(mount.source), mount) for mount in config.mounts]
    mounts = (Mount("bind", source, mount.target, mount.read_only) for source, mount in real if source is not None)
    return Mount("bind", facts.workspace, names.WORKSPACE), *mounts


def replaceable(path: str, mounts: Iterable[Mount]) -> str:
    """Return the folder mounted to be written in which a real path lies, so that code inside can replace it; or ''."""
    writable = (one.source for one in mounts if not one.read_only)
    return next((source for source in writable if source != path and inside(path, source)), "")


def guards(facts: Facts, mounts: Sequence[Mount]) -> tuple[Mount, ...]:
    """Return what keeps the config files read-only wherever they show: a notebook must not widen the next `up`.

    They are copies: the engine follows links when it mounts, and what lies in the workspace may become one.
    """
    places = [one.target for one in mounts]
    return tuple(
        Mount("bind", f"{facts.state}/guard/{_file(path)}", target, read_only=True)
        for path in sorted(facts.config_files)
        for target, one in _shown(path, mounts)
        if innermost(target, places) == one.target
    )


def guarded(facts: Facts, mounts: Iterable[Mount]) -> dict[str, str]:
    """Return the text of each config file that is mounted as a copy, by the copy's name."""
    sources = {one.source for one in mounts}
    files = {_file(path): text for path, text in sorted(facts.config_files.items())}
    return {name: text for name, text in files.items() if f"{facts.state}/guard/{name}" in sources}


def _unsafe(mount: Mount, every: Sequence[Mount], facts: Facts) -> str:
    """Say why a mount cannot be trusted to show what it shows now, or what it could make another one show."""
    if inside(mount.source, facts.workspace):
        return "it lies in the workspace, and is there already"
    if around := replaceable(mount.source, every):
        return f"it lies in {around}, which is mounted to be written, and could be turned into a link from inside"
    if not mount.read_only and inside(facts.workspace, mount.source):
        return "it contains the workspace, which could be turned into a link from inside; add read_only: true"
    if not mount.read_only and mount.source in facts.config_files:
        return "it is the config, which must not be written from inside; add read_only: true"
    return ""


def _homeless(config: Config, facts: Facts) -> Iterable[Problem]:
    """Tell of targets whose place is taken, or is not there: the engine would make it, as root's, on the host."""
    every = workspace_and_mounts(config, facts)
    sources = {one.target: one.source for one in every}
    copies = {target for path in facts.config_files for target, _ in _shown(path, every)}
    needed = nested(config)
    for key, target in targets(config):
        if target in copies:
            yield config.problem(key, f"{target} is the config, which stays what it is; mount at another place")
        elif target in needed:
            around, path = needed[target]
            real = facts.real_paths.get(path)
            if around in sources and (real is None or not inside(real, sources[around])):
                message = f"{target} lies in {around}, where no such folder is (links do not count); mkdir -p {path}"
                yield config.problem(key, message)


def _shown(path: str, mounts: Iterable[Mount]) -> Iterable[tuple[str, Mount]]:
    """Yield where a file of the host could be written inside, and the mount by which."""
    for one in mounts:
        if one.kind == "bind" and not one.read_only and path != one.source and inside(path, one.source):
            yield one.target + path.removeprefix(one.source), one


def _file(path: str) -> str:
    return path.rsplit("/", 1)[-1]
