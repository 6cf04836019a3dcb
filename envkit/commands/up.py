"""`up`: nothing when nothing changed; else the whole climb."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.commands import settled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from envkit.commands.results import Up
    from envkit.model.report import Progress, Report


def up(
    start: Path,
    flags: Mapping[str, object],
    *,
    say: Callable[[Progress], None],
    ask: Callable[[tuple[str, ...]], bool],
    refresh: bool = False,
    pull: bool = False,
) -> Report[Up]:
    """Bring a project's environment to what its config says.

    Args:
        start: The project's folder, or one below it.
        flags: Keys of the config that the command line overrides.
        say: Gets the news.
        ask: Shown what would be let in anew; says whether that is agreed to.
        refresh: Whether to choose anew what was merely picked or found at the first `up`.
        pull: Whether to bring the base anew first, and so build on today's packages.

    Raises:
        EnvkitError: Why it could not be done; what was there before is still there.
    """
    report = None if refresh or pull else settled.unchanged(start, flags)
    if report is not None:
        return report
    from envkit.commands import climb, project

    config = settled.config_stamp(project.folder_of(start))
    loaded = project.load(start, flags)
    wanted = climb.wants_of(loaded)
    before = settled.outside(loaded.folder, flags, wanted, config)
    report, labels = climb.up(loaded, say=say, ask=ask, refresh=refresh, pull=pull)
    if not report.exit_code:
        settled.remember(before, loaded.place, wanted, labels, report.result)
    return report
