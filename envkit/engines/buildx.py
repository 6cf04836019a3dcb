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

from envkit import files, names, netrc, proc
from envkit.engines import endpoint
from envkit.engines.build_log import BuildLog, credentials_in
from envkit.engines.buildkit_log import BuildKitLog
from envkit.engines.images import both_cases, pack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from envkit.engines.connect import Engine
    from envkit.model.artifact import Artifact
    from envkit.model.report import Progress

NAME = "docker-buildx"
# Where Docker's client looks for its plug-ins, after the folders of its own config.
FOLDERS = tuple(Path(f"/usr/{one}/docker/cli-plugins") for one in ("local/lib", "local/libexec", "lib", "libexec"))
OLDEST = (0, 13)  # the first that tells its progress in JSON
VERSION = re.compile(r"buildx v?(([0-9]+)\.([0-9]+)[0-9.]*)", re.ASCII)
LOGIN = "ENVKIT_NETRC"
ASKED_S = 20
LINKS_MAX = 40  # as the kernel has it


@dataclass(frozen=True, slots=True)
class Buildx:
    """A buildx that can be used: where it is, and its version."""

    path: Path
    version: str


@dataclass(frozen=True, slots=True)
class Absent:
    """Why there is none."""

    why: str


def find(open_to_others: Iterable[str] = ()) -> Buildx | Absent:
    """Look for buildx where Docker's client would, and ask the first one for its version.

    Args:
        open_to_others: Folders that the workspace can write: a program that lies there is not even asked.
    """
    path = next((path for folder in _folders() if os.access(path := folder / NAME, os.X_OK) and path.is_file()), None)
    if path is None:
        return Absent("Docker's plug-in buildx is not installed")
    passed = {path.absolute(), path.resolve(), *_way(path)}
    if any(one.is_relative_to(folder) for folder in open_to_others for one in passed):
        return Absent(f"{path} could be replaced from inside the workspace")
    try:
        said = proc.run([str(path), "version"], timeout_s=ASKED_S, env={"DOCKER_CONFIG": os.devnull}, alone=True)
    except (OSError, proc.TimeoutExpired) as error:
        return Absent(f"{path} does not run ({type(error).__name__})")
    found = VERSION.search(said.out)
    if said.code or found is None:
        return Absent(f"{path} does not run, or is not buildx")
    if (int(found[2]), int(found[3])) < OLDEST:
        return Absent(f"{path} is buildx {found[1]}, and 0.13 or later is needed")
    return Buildx(path, found[1])


def build(
    buildx: Buildx, engine: Engine, context: tuple[Artifact, ...], ref: str, labels: Mapping[str, str],
    proxies: Mapping[str, str], login: str, say: Callable[[Progress], None], *, anew: bool = False,
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
        say: Gets the news.
        anew: Whether nothing of earlier builds is taken.

    Raises:
        BuildFailed: A step failed: the last lines it printed say why.
        EngineUnavailable: The engine went away meanwhile.
    """
    hidden = {**dict.fromkeys(credentials_in(proxies), "(proxy)"), **dict.fromkeys(netrc.passwords(login), "(login)")}
    log = BuildKitLog(BuildLog(say, hidden))
    arguments = both_cases(proxies)
    with tempfile.TemporaryDirectory(prefix="envkit-") as folder:
        tar = Path(folder) / "context.tar"
        files.write(tar, pack(context))
        own = dict.fromkeys(("HOME", "TMPDIR", "DOCKER_CONFIG", "BUILDX_CONFIG"), folder)
        env = {**own, "DOCKER_HOST": engine.here, **arguments, **({LOGIN: login} if login else {})}
        words = argv(buildx, ref, labels, arguments, login=bool(login), anew=anew)
        code = proc.stream(words, log.hear, env=env, alone=True, source=tar)
    log.end(code)


def argv(
    buildx: Buildx, ref: str, labels: Mapping[str, str], arguments: Iterable[str], *, login: bool, anew: bool = False,
) -> list[str]:
    """Return the command that builds the context on its standard input.

    The builder is named, because another one may be the chosen one; and what it would add of its own, a record of
    how the image was built, is not wanted: the same context gives the same image.
    """
    secret = ["--secret", f"id={names.NETRC},env={LOGIN}"] if login else []
    return [
        str(buildx.path), "build", "--builder", "default", "--load", "--provenance=false", "--sbom=false",
        "--progress", "rawjson", "--tag", ref,
        *(word for key, value in sorted(labels.items()) for word in ("--label", f"{key}={value}")),
        *(word for name in sorted(arguments) for word in ("--build-arg", name)),
        *secret, *(["--no-cache"] if anew else []), "-",
    ]


def _way(path: Path) -> Iterator[Path]:
    """Yield every place on the way to a file, by its real folder: who can replace one of them leads it elsewhere."""
    left, here, links = list(reversed(path.absolute().parts[1:])), Path("/"), 0
    while left and links <= LINKS_MAX:
        part = left.pop()
        if part == "..":
            here = here.parent
            continue
        yield here / part
        try:
            target = (here / part).readlink()
        except OSError:  # it is none
            here /= part
            continue
        links += 1
        here = Path("/") if target.is_absolute() else here
        left += reversed([one for one in target.parts if one != "/"])


def _folders() -> Iterator[Path]:
    config = endpoint.folder()
    extra = _settings(config / "config.json").get("cliPluginsExtraDirs")
    yield from (Path(one) for one in (extra if isinstance(extra, list) else ()) if isinstance(one, str))
    yield config / "cli-plugins"
    yield from FOLDERS


def _settings(config: Path) -> dict[str, Any]:
    """Read the config of Docker's client; one that is damaged names no folders."""
    try:
        found = json.loads(files.readable(config) or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
