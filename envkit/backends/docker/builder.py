"""Choose the builder: buildx if it is installed, else the engine's classic builder.

The builders are imported inside functions: an `up` whose image exists checks its plan here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.errors import PreconditionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkit.backends.docker.buildx import Buildx
    from envkit.backends.docker.client import Engine
    from envkit.model.artifact import Artifact
    from envkit.model.backend import BuilderRequest
    from envkit.model.report import Progress

INSTALL_HINT = (
    "sudo apt-get install docker-buildx (Debian 13, Ubuntu; among Docker's own packages docker-buildx-plugin)"
)


def build(
    engine: Engine,
    request: BuilderRequest,
    context: tuple[Artifact, ...],
    ref: str,
    labels: Mapping[str, str],
    proxies: Mapping[str, str],
    login: str,
    on_progress: Callable[[Progress], None],
    *,
    no_cache: bool = False,
) -> str:
    """Build an image and return the builder, in words; see `Backend.build_image`."""
    from envkit.backends.docker import buildx, images

    buildx_cli = find(request)
    if buildx_cli is None:
        images.build(engine, context, ref, labels, proxies, on_progress, no_cache=no_cache)
        return "the classic builder"
    buildx.build(buildx_cli, engine, context, ref, labels, proxies, login, on_progress, no_cache=no_cache)
    return f"buildx {buildx_cli.version}"


def find(request: BuilderRequest) -> Buildx | None:
    """Return the buildx to build with, or None for the classic builder.

    Raises:
        PreconditionError: buildx is required and missing.
    """
    from envkit.backends.docker import buildx

    if request.kind == "classic":
        return None
    result = buildx.find(request.writable_folders)
    if isinstance(result, buildx.Buildx):
        return result
    if request.needs_login:
        # The classic builder would store the login in the image.
        hint = f"{INSTALL_HINT}; or remove build.netrc and use an index without a login"
        raise PreconditionError(
            f"build.netrc needs buildx, which passes a login as a build secret: {result.reason}",
            code="buildx-missing",
            hint=hint,
        )
    if request.kind == "buildx":
        raise PreconditionError(
            f"build.builder is buildx: {result.reason}",
            code="buildx-missing",
            hint=f"{INSTALL_HINT}; or set builder: auto",
        )
    return None
