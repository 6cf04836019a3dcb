"""Images: imported, built and removed through the engine's API."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import docker.errors

from envkit.engines import archive
from envkit.engines.build_log import BuildLog, credentials_in
from envkit.engines.connect import patient
from envkit.engines.failure import translated
from envkit.errors import BuildFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from envkit.engines.connect import Engine
    from envkit.model.artifact import Artifact
    from envkit.model.report import Progress

    Say = Callable[[Progress], None]


def import_tar(engine: Engine, tar: Path, ref: str, labels: Mapping[str, str]) -> None:
    """Make an image of a root file system in a tar file.

    Raises:
        BuildFailed: The engine would not take it.
    """
    repository, tag = ref.rsplit(":", 1)
    changes = [f"LABEL {key}={value}" for key, value in sorted(labels.items())]
    with translated("importing the root file system", BuildFailed), patient(engine):
        answer = engine.api.import_image_from_file(str(tar), repository=repository, tag=tag, changes=changes)
    if '"error"' in str(answer):
        raise BuildFailed(f"importing the root file system failed: {str(answer)[:400]}")


def build(
    engine: Engine, context: tuple[Artifact, ...], ref: str, labels: Mapping[str, str],
    proxies: Mapping[str, str], say: Say, *, anew: bool = False,
) -> None:
    """Build an image from a context in memory, `anew` without anything that is kept of earlier builds.

    The proxy reaches it as the engine's own build arguments: those are the names that the engine keeps out of the
    image's history, so a proxy's credentials stay out of it.

    Raises:
        BuildFailed: A step failed: the last lines it printed say why.
    """
    log = BuildLog(say, dict.fromkeys(credentials_in(proxies), "(proxy)"))
    with translated("building the image", BuildFailed), patient(engine):
        events = engine.api.build(
            fileobj=io.BytesIO(pack(context)), custom_context=True, encoding=None, tag=ref, rm=True, forcerm=True,
            decode=True, labels=dict(labels), buildargs=both_cases(proxies), use_config_proxy=False, nocache=anew,
        )
        for event in events:
            log.hear(event)
        log.end()


def both_cases(proxies: Mapping[str, str]) -> dict[str, str]:
    """Return proxies under the names in small letters and in capitals: programs read one or the other."""
    return {**proxies, **{name.upper(): value for name, value in proxies.items()}}


def remove(engine: Engine, ref: str) -> bool:
    """Remove an image; returns whether it is gone, which a container that uses it prevents."""
    try:
        engine.api.remove_image(ref, force=False)
    except docker.errors.ImageNotFound:
        return True
    except docker.errors.APIError:
        return False
    return True


def pack(context: Iterable[Artifact]) -> bytes:
    """Pack a build context; equal contexts give equal bytes, so that the engine's cache is hit."""
    in_order = sorted(context, key=lambda one: one.path)
    return archive.packed(archive.Entry(one.path, one.text.encode(), one.mode) for one in in_order)
