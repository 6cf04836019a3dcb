"""Images: imported, built and removed through the engine's API."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import docker.errors

from envkit.backends.docker import tar
from envkit.backends.docker.build_log import BuildLog, proxy_credentials
from envkit.backends.docker.client import long_timeout
from envkit.backends.docker.sdk_errors import translate_errors
from envkit.errors import BuildFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from envkit.backends.docker.client import Engine
    from envkit.model.artifact import Artifact
    from envkit.model.report import Progress

    ProgressCallback = Callable[[Progress], None]


def import_tar(engine: Engine, tar_path: Path, ref: str, labels: Mapping[str, str]) -> None:
    """Make an image of a root file system in a tar file.

    Raises:
        BuildFailed: The engine would not take it.
    """
    repository, tag = ref.rsplit(":", 1)
    changes = [f"LABEL {key}={value}" for key, value in sorted(labels.items())]
    with translate_errors("importing the root file system", BuildFailed), long_timeout(engine):
        response = engine.api.import_image_from_file(str(tar_path), repository=repository, tag=tag, changes=changes)
    if '"error"' in str(response):
        raise BuildFailed(f"importing the root file system failed: {str(response)[:400]}")


def build(
    engine: Engine,
    context: tuple[Artifact, ...],
    ref: str,
    labels: Mapping[str, str],
    proxies: Mapping[str, str],
    on_progress: ProgressCallback,
    *,
    no_cache: bool = False,
) -> None:
    """Build an image from a context in memory, `no_cache` without anything that is kept of earlier builds.

    The proxy reaches it as the engine's own build arguments: those are the names that the engine keeps out of the
    image's history, so a proxy's credentials stay out of it.

    Raises:
        BuildFailed: A step failed: the last lines it printed say why.
    """
    log = BuildLog(on_progress, dict.fromkeys(proxy_credentials(proxies), "(proxy)"))
    with translate_errors("building the image", BuildFailed), long_timeout(engine):
        events = engine.api.build(
            fileobj=io.BytesIO(pack_context(context)),
            custom_context=True,
            encoding=None,
            tag=ref,
            rm=True,
            forcerm=True,
            decode=True,
            labels=dict(labels),
            buildargs=add_upper_case(proxies),
            use_config_proxy=False,
            nocache=no_cache,
        )
        for event in events:
            log.feed(event)
        log.end()


def add_upper_case(proxies: Mapping[str, str]) -> dict[str, str]:
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


def pack_context(context: Iterable[Artifact]) -> bytes:
    """Pack a build context; equal contexts give equal bytes, so that the engine's cache is hit."""
    artifacts = sorted(context, key=lambda artifact: artifact.path)
    return tar.pack(tar.Entry(artifact.path, artifact.text.encode(), artifact.mode) for artifact in artifacts)
