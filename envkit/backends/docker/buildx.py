"""The other road to an image: BuildKit, which the engine carries, through Docker's plug-in buildx.

The plug-in is a program of its own and is called as one, in an empty environment with an empty folder for its
settings. So the caller's Docker config reaches no build: neither the builder it names, which may be on another
machine, nor its proxies and credentials.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envkit import naming, netrc, process
from envkit.backends.docker import endpoint
from envkit.backends.docker.build_log import BuildLog, proxy_credentials
from envkit.backends.docker.buildkit_log import BuildKitLog
from envkit.backends.docker.images import add_upper_case, pack_context
from envkit.fs import files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from envkit.backends.docker.client import Engine
    from envkit.model.artifact import Artifact
    from envkit.model.report import Progress

NAME = "docker-buildx"
# Where Docker's client looks for its plug-ins, after the folders of its own config.
FOLDERS = tuple(
    Path(f"/usr/{prefix}/docker/cli-plugins") for prefix in ("local/lib", "local/libexec", "lib", "libexec")
)
MIN_VERSION = (0, 13)  # the first that tells its progress in JSON
VERSION = re.compile(r"buildx v?(([0-9]+)\.([0-9]+)[0-9.]*)", re.ASCII)
LOGIN_VARIABLE = "ENVKIT_NETRC"
VERSION_TIMEOUT_S = 20
LINKS_MAX = 40  # as the kernel has it


@dataclass(frozen=True, slots=True)
class Buildx:
    """A buildx that can be used: where it is, and its version."""

    path: Path
    version: str


@dataclass(frozen=True, slots=True)
class BuildxUnavailable:
    """Why there is none."""

    reason: str


def find(writable_folders: Iterable[str] = ()) -> Buildx | BuildxUnavailable:
    """Look for buildx where Docker's client would, and ask the first one for its version.

    Args:
        writable_folders: Folders that the workspace can write: a program that lies there is not even asked.
    """
    path = next(
        (path for folder in _plugin_folders() if os.access(path := folder / NAME, os.X_OK) and path.is_file()), None
    )
    if path is None:
        return BuildxUnavailable("Docker's plug-in buildx is not installed")
    components = {path.absolute(), path.resolve(), *_path_components(path)}
    if any(component.is_relative_to(folder) for folder in writable_folders for component in components):
        return BuildxUnavailable(f"{path} could be replaced from inside the workspace")
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
        return BuildxUnavailable(f"{path} is buildx {match[1]}, and 0.13 or later is needed")
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
    """Build an image from a context in memory, by the builder that the engine itself carries.

    Proxies and the login reach it as variables, whose names alone stand among the arguments.

    Args:
        buildx: The program.
        engine: Where to.
        context: The build context.
        ref: What the image is called.
        labels: Of the image.
        proxies: Of the build.
        login: Netrc text that the steps which ask for it can read, or empty.
        on_progress: Gets the news.
        no_cache: Whether nothing of earlier builds is taken.

    Raises:
        BuildFailed: A step failed: the last lines it printed say why.
        EngineUnavailable: The engine went away meanwhile.
    """
    redactions = {
        **dict.fromkeys(proxy_credentials(proxies), "(proxy)"),
        **dict.fromkeys(netrc.passwords(login), "(login)"),
    }
    log = BuildKitLog(BuildLog(on_progress, redactions))
    build_args = add_upper_case(proxies)
    with tempfile.TemporaryDirectory(prefix="envkit-") as folder:
        tar_path = Path(folder) / "context.tar"
        files.write(tar_path, pack_context(context))
        private_env = dict.fromkeys(("HOME", "TMPDIR", "DOCKER_CONFIG", "BUILDX_CONFIG"), folder)
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

    The builder is named, because another one may be the chosen one; and what it would add of its own, a record of
    how the image was built, is not wanted: the same context gives the same image.
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
    """Yield every place on the way to a file, by its real folder: who can replace one of them leads it elsewhere."""
    pending, current, links = list(reversed(path.absolute().parts[1:])), Path("/"), 0
    while pending and links <= LINKS_MAX:
        part = pending.pop()
        if part == "..":
            current = current.parent
            continue
        yield current / part
        try:
            target = (current / part).readlink()
        except OSError:  # it is none
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
    """Read the config of Docker's client; one that is damaged names no folders."""
    try:
        settings = json.loads(files.read_if_permitted(config_path) or b"{}")
    except (ValueError, RecursionError):
        return {}
    return settings if isinstance(settings, dict) else {}
