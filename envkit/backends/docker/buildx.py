"""Build images with the engine's BuildKit, through Docker's plug-in buildx.

The plug-in runs as a separate process, in an empty environment with an empty configuration folder. So the caller's
Docker configuration does not affect the build: neither its builder, which may be remote, nor its proxies and
credentials.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envkit import naming, netrc, process
from envkit.backends import endpoint
from envkit.backends.docker.build_log import BuildLog, proxy_credentials
from envkit.backends.docker.buildkit_log import BuildKitLog
from envkit.backends.docker.images import add_upper_case, pack_context
from envkit.fs import files, temporary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from envkit.backends.docker.client import Engine
    from envkit.model.artifact import Artifact
    from envkit.model.report import Progress

NAME = "docker-buildx"
# Where Docker's client searches for plug-ins after the folders from its configuration.
FOLDERS = tuple(
    Path(f"/usr/{prefix}/docker/cli-plugins") for prefix in ("local/lib", "local/libexec", "lib", "libexec")
)
MIN_VERSION = (0, 13)  # the first with --progress rawjson
VERSION = re.compile(r"buildx v?(([0-9]+)\.([0-9]+)[0-9.]*)", re.ASCII)
LOGIN_VARIABLE = "ENVKIT_NETRC"
VERSION_TIMEOUT_S = 20
LINKS_MAX = 40  # as in the kernel


@dataclass(frozen=True, slots=True)
class Buildx:
    """A usable buildx: its path and version."""

    path: Path
    version: str


@dataclass(frozen=True, slots=True)
class BuildxUnavailable:
    """The reason why no usable buildx is installed."""

    reason: str


def find(writable_folders: Iterable[str] = ()) -> Buildx | BuildxUnavailable:
    """Find buildx where Docker's client finds it, and query its version.

    Args:
        writable_folders: Folders that container code can write to; a program in one of them is never executed.
    """
    path = next(
        (path for folder in _plugin_folders() if os.access(path := folder / NAME, os.X_OK) and path.is_file()), None
    )
    if path is None:
        return BuildxUnavailable("Docker's plug-in buildx is not installed")
    components = {path.absolute(), path.resolve(), *_path_components(path)}
    if any(component.is_relative_to(folder) for folder in writable_folders for component in components):
        return BuildxUnavailable(f"container code could replace {path}")
    try:
        result = process.run(
            [str(path), "version"], timeout_s=VERSION_TIMEOUT_S, env={"DOCKER_CONFIG": os.devnull}, replace_env=True
        )
    except (OSError, process.TimeoutExpired) as error:
        return BuildxUnavailable(f"{path} does not run ({type(error).__name__})")
    match = VERSION.search(result.out)
    if result.code or match is None:
        return BuildxUnavailable(f"{path} does not run, or is not buildx")
    if (int(match[2]), int(match[3])) < MIN_VERSION:
        return BuildxUnavailable(f"{path} is buildx {match[1]}; 0.13 or later is required")
    return Buildx(path, match[1])


def build(
    buildx: Buildx,
    engine: Engine,
    context: tuple[Artifact, ...],
    ref: str,
    labels: Mapping[str, str],
    proxies: Mapping[str, str],
    login: str,
    on_progress: Callable[[Progress], None],
    *,
    no_cache: bool = False,
) -> None:
    """Build an image from a build context in memory, with the engine's BuildKit.

    Proxies and the login are passed in environment variables; the arguments hold only the names of these variables.

    Args:
        buildx: The buildx to run.
        engine: Engine to build on.
        context: Build context.
        ref: Reference of the image.
        labels: Labels of the image.
        proxies: Proxies for the build steps.
        login: Netrc text for the steps that request it, or empty.
        on_progress: Callback for progress.
        no_cache: Whether to ignore the build cache.

    Raises:
        BuildFailed: A step failed; the message holds its last lines.
        EngineUnavailable: The connection to the engine was lost.
    """
    redactions = {
        **dict.fromkeys(proxy_credentials(proxies), "(proxy)"),
        **dict.fromkeys(netrc.passwords(login), "(login)"),
    }
    log = BuildKitLog(BuildLog(on_progress, redactions))
    build_args = add_upper_case(proxies)
    with temporary.folder() as folder:
        tar_path = folder / "context.tar"
        files.write(tar_path, pack_context(context))
        private_env = dict.fromkeys(("HOME", "TMPDIR", "DOCKER_CONFIG", "BUILDX_CONFIG"), str(folder))
        env = {
            **private_env,
            "DOCKER_HOST": engine.local_endpoint,
            **build_args,
            **({LOGIN_VARIABLE: login} if login else {}),
        }
        command = build_argv(buildx, ref, labels, build_args, login=bool(login), no_cache=no_cache)
        code = process.stream(command, log.feed, env=env, replace_env=True, stdin_path=tar_path)
    log.end(code)


def build_argv(
    buildx: Buildx,
    ref: str,
    labels: Mapping[str, str],
    build_args: Iterable[str],
    *,
    login: bool,
    no_cache: bool = False,
) -> list[str]:
    """Return the command that builds the context on its standard input.

    The builder is explicit, because the user may have selected another one. Provenance and SBOM are off, because they
    would make images of the same context differ.
    """
    secret = ["--secret", f"id={naming.NETRC},env={LOGIN_VARIABLE}"] if login else []
    return [
        str(buildx.path),
        "build",
        "--builder",
        "default",
        "--load",
        "--provenance=false",
        "--sbom=false",
        "--progress",
        "rawjson",
        "--tag",
        ref,
        *(word for key, value in sorted(labels.items()) for word in ("--label", f"{key}={value}")),
        *(word for name in sorted(build_args) for word in ("--build-arg", name)),
        *secret,
        *(["--no-cache"] if no_cache else []),
        "-",
    ]


def _path_components(path: Path) -> Iterator[Path]:
    """Yield every path that leads to a file, symlinks resolved: replacing any of them replaces the file."""
    pending, current, links = list(reversed(path.absolute().parts[1:])), Path("/"), 0
    while pending and links <= LINKS_MAX:
        part = pending.pop()
        if part == "..":
            current = current.parent
            continue
        yield current / part
        try:
            target = (current / part).readlink()
        except OSError:  # not a symlink
            current /= part
            continue
        links += 1
        current = Path("/") if target.is_absolute() else current
        pending += reversed([name for name in target.parts if name != "/"])


def _plugin_folders() -> Iterator[Path]:
    config_dir = endpoint.docker_config_dir()
    extra_folders = _read_settings(config_dir / "config.json").get("cliPluginsExtraDirs")
    yield from (
        Path(folder) for folder in (extra_folders if isinstance(extra_folders, list) else ()) if isinstance(folder, str)
    )
    yield config_dir / "cli-plugins"
    yield from FOLDERS


def _read_settings(config_path: Path) -> dict[str, Any]:
    """Read the configuration of Docker's client; an invalid file counts as empty."""
    try:
        settings = json.loads(files.read_if_permitted(config_path) or b"{}")
    except (ValueError, RecursionError):
        return {}
    return settings if isinstance(settings, dict) else {}
