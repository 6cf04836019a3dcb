"""`up`: return the cached result if nothing changed, else converge the environment."""

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
    """Converge a project's environment to its configuration.

    Args:
        start: Project folder, or a folder below it.
        flags: Configuration keys set by flags.
        on_progress: Callback for progress.
        approve: Function that is shown unapproved access and returns whether it is approved.
        refresh: Whether to choose port, limits, proxy and base again instead of reusing earlier choices.
        pull: Whether to pull the base first, to build on current packages.

    Raises:
        EnvkitError: A step failed; existing resources are kept.
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
