"""`up`: nothing when nothing changed; else the whole climb."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.environment import up_cache

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from envkit.environment.results import UpResult
    from envkit.model.report import Progress, Report


def up(
    start: Path,
    flags: Mapping[str, object],
    *,
    on_progress: Callable[[Progress], None],
    approve: Callable[[tuple[str, ...]], bool],
    refresh: bool = False,
    pull: bool = False,
) -> Report[UpResult]:
    """Bring a project's environment to what its config says.

    Args:
        start: The project's folder, or one below it.
        flags: Keys of the config that the command line overrides.
        on_progress: Gets the news.
        approve: Shown what would be let in anew; says whether that is agreed to.
        refresh: Whether to choose anew what was merely picked or found at the first `up`.
        pull: Whether to bring the base anew first, and so build on today's packages.

    Raises:
        EnvkitError: Why it could not be done; what was there before is still there.
    """
    report = None if refresh or pull else up_cache.lookup(start, flags)
    if report is not None:
        return report
    from envkit.environment import converge, project

    file_stamp = up_cache.config_stamp(project.find_folder(start))
    loaded_project = project.load(start, flags)
    query = converge.build_host_query(loaded_project)
    inputs_digest = up_cache.digest_inputs(loaded_project.folder, flags, query, file_stamp)
    report, labels = converge.up(loaded_project, on_progress=on_progress, approve=approve, refresh=refresh, pull=pull)
    if not report.exit_code:
        up_cache.store(inputs_digest, loaded_project.state_dir, query, labels, report.result)
    return report
