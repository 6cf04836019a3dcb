"""Import, build and remove images through the engine's API."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import docker.errors

from envkit.backends.docker import tar
from envkit.backends.docker.build_log import BuildLog, proxy_credentials
from envkit.backends.docker.client import long_timeout
from envkit.backends.docker.sdk_errors import translate_errors
from envkit.errors import BuildFailed
from envkit.model.backend import FileEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from envkit.backends.docker.client import Engine
    from envkit.model.artifact import Artifact
    from envkit.model.report import Progress

    ProgressCallback = Callable[[Progress], None]


def import_tar(engine: Engine, tar_path: Path, ref: str, labels: Mapping[str, str]) -> None:
    """Create an image from a root file system in a tar file.

    Raises:
        BuildFailed: The engine rejected the file.
    """
    repository, tag = ref.rsplit(":", 1)
    changes = [f"LABEL {key}={value}" for key, value in sorted(labels.items())]
    with translate_errors("importing the root file system", BuildFailed), long_timeout(engine):
        response = engine.api.import_image_from_file(str(tar_path), repository=repository, tag=tag, changes=changes)
    if '"error"' in str(response):
        raise BuildFailed(f"importing the root file system failed: {str(response)[:400]}", code="image-import-failed")


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
    """Build an image from a build context in memory; `no_cache` ignores the build cache.

    Proxies are passed as predefined build arguments, which the engine keeps out of the image's history together with
    their credentials.

    Raises:
        BuildFailed: A step failed; the message holds its last lines.
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
    """Return the proxies under lower-case and upper-case names, because programs read one or the other."""
    return {**proxies, **{name.upper(): value for name, value in proxies.items()}}


def remove(engine: Engine, ref: str) -> bool:
    """Remove an image; return False if it is still there, for example because a container uses it."""
    try:
        engine.api.remove_image(ref, force=False)
    except docker.errors.ImageNotFound:
        return True
    except docker.errors.APIError:
        return False
    return True


def pack_context(context: Iterable[Artifact]) -> bytes:
    """Pack a build context; equal contexts give equal bytes, so that the build cache is hit."""
    artifacts = sorted(context, key=lambda artifact: artifact.path)
    return tar.pack(FileEntry(artifact.path, artifact.text.encode(), artifact.mode) for artifact in artifacts)
