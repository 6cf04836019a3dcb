"""Images of registries: whether one is offered, and pulled, with the caller's credentials for that registry alone."""

from __future__ import annotations

import os
import re
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker.auth
import docker.errors
import requests
import urllib3.exceptions

from envkit import sanitize
from envkit.backends.docker.client import long_timeout
from envkit.errors import BuildFailed, EngineUnavailable
from envkit.model.report import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from envkit.backends.docker.client import Engine

    ProgressCallback = Callable[[Progress], None]

STAGE = "pull"
CHECK_TIMEOUT_S = 1.8  # so that nobody waits longer to hear that a registry does not answer

# What the engine says in its own words or the registry's; the first that fits decides.
_REASONS = tuple(
    (re.compile(pattern, re.IGNORECASE), reason, hint)
    for pattern, reason, hint in (
        (
            "no space left on device",
            "the disk is full where the engine keeps its images",
            "free disk space there (envkit prune), then repeat the command",
        ),
        (
            "no matching manifest|does not match the specified platform",
            "the registry has it for other architectures alone",
            "name another tag, or write base: debian",
        ),
        (
            "manifest unknown|manifest for .* not found|not found: manifest|\\b404\\b|tag .* not found|name unknown",
            "the registry has no image of that name and tag",
            "correct base: in envkit.yaml, or write base: debian",
        ),
        (
            r"unauthorized|authentication required|no basic auth|incorrect username|denied|forbidden|\b40[13]\b",
            "the registry refuses it: it is private, or not there at all",
            "docker login {registry}, with an account that may read it; or correct base: in envkit.yaml",
        ),
        (
            "x509|certificate|server gave HTTP response to HTTPS",
            "the engine does not trust the registry's certificate",
            "give the engine your CA (/etc/docker/certs.d/{registry}/ca.crt), or write base: debian",
        ),
        (
            r"no such host|refused|i/o timeout|client.timeout|deadline|unreachable|handshake timeout|misbehaving|proxyconnect",
            "the registry {registry} cannot be reached",
            "check the engine's network and proxy; or write base: debian, which needs no registry",
        ),
        (
            "unexpected eof|connection reset|short read|verification failed|broken pipe|download failed|went away",
            "the pull was cut off",
            "repeat the command: what came whole is kept; or write base: debian",
        ),
        (
            "toomanyrequests|rate limit",
            "the registry limits how often one may pull",
            "docker login {registry}, or wait",
        ),
    )
)


def explain_failure(message: str, ref: str) -> tuple[str, str]:
    """Return why an image cannot be had, from what engine or registry said, and the mend."""
    registry = registry_of(ref)
    for pattern, reason, hint in _REASONS:
        if pattern.search(message):
            return reason.format(registry=registry), hint.format(registry=registry)
    return sanitize.single_line(message) or "no reason was given", "docker pull says more; or write base: debian"


def registry_of(ref: str) -> str:
    """Return the registry of a reference, as Docker's own client names it."""
    return str(docker.auth.resolve_repository_name(_split_reference(ref)[0])[0])


def check_image(engine: Engine, ref: str) -> tuple[str, str] | None:
    """Ask a registry whether it offers an image: None, or why it cannot be had and the mend.

    Whatever does not answer at once counts as unreachable.

    Raises:
        BuildFailed: The caller's credentials for that registry cannot be read.
    """
    try:
        return _query_image(engine, ref)
    except TimeoutError:
        return explain_failure("deadline exceeded", ref)


def pull(engine: Engine, ref: str, on_progress: ProgressCallback) -> None:
    """Pull an image and say how far it is.

    Raises:
        BuildFailed: It cannot be had, with the reason and the mend; nothing half-made is left under its name.
        EngineUnavailable: The engine went away.
    """
    try:
        problem = _query_image(engine, ref)
    except TimeoutError:  # slow is not gone, for somebody who named it: the engine has limits of its own
        on_progress(Progress(STAGE, f"{registry_of(ref)} has not answered yet; still trying"))
    else:
        if problem is not None:
            raise _pull_error(ref, *problem)
    repository, tag = _split_reference(ref)
    on_progress(Progress(STAGE, f"pulling {ref}"))
    progress = _PullProgress(on_progress)
    with _translate_pull_errors(ref), long_timeout(engine):
        for event in engine.api.pull(repository, tag=tag, stream=True, decode=True, auth_config=_credentials(ref)):
            progress.feed(event, ref)
    if engine.api.images(name=ref) == [] and "@" not in ref:
        raise _pull_error(ref, *explain_failure("went away", ref))
    on_progress(Progress(STAGE, f"pulled {ref}", finished=True))


def _query_image(engine: Engine, ref: str) -> tuple[str, str] | None:
    """Ask a registry for an image's name alone.

    Raises:
        TimeoutError: It did not answer at once.
    """
    credentials = _credentials(ref)
    previous_timeout, engine.api.timeout = engine.api.timeout, CHECK_TIMEOUT_S  # type: ignore[assignment]
    try:
        engine.api.inspect_distribution(ref, auth_config=credentials)  # type: ignore[no-untyped-call]
    except docker.errors.APIError as error:
        return explain_failure(str(error.explanation or error), ref)
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
        raise TimeoutError from error
    finally:
        engine.api.timeout = previous_timeout
    return None


class _PullProgress:
    """Turns the engine's events, one for each layer and moment, into a line now and then."""

    def __init__(self, on_progress: ProgressCallback) -> None:
        self._on_progress = on_progress
        self._sizes: dict[str, tuple[int, int]] = {}
        self._last_percent = -1

    def feed(self, event: Mapping[str, Any], ref: str) -> None:
        if "error" in event:
            raise _pull_error(ref, *explain_failure(str(event["error"]), ref))
        detail = event.get("progressDetail") or {}
        if event.get("status") != "Downloading" or not detail.get("total"):
            return
        self._sizes[str(event.get("id"))] = (int(detail.get("current", 0)), int(detail["total"]))
        downloaded, total = (sum(size[index] for size in self._sizes.values()) for index in (0, 1))
        percent = 100 * downloaded // total
        if percent != self._last_percent:
            self._last_percent = percent
            self._on_progress(Progress(STAGE, f"{downloaded // 2**20} of {total // 2**20} MiB known so far"))


@contextmanager
def _translate_pull_errors(ref: str) -> Iterator[None]:
    try:
        yield
    except docker.errors.APIError as error:
        raise _pull_error(ref, *explain_failure(str(error.explanation or error), ref)) from error
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise EngineUnavailable(
            f"the engine went away while pulling {ref}",
            detail=type(error).__name__,
            hint="start it again (sudo systemctl start docker), then repeat the command",
        ) from error


def _pull_error(ref: str, reason: str, hint: str) -> BuildFailed:
    detail = f"pulling it from {registry_of(ref)}"
    return BuildFailed(f"the base image {ref} cannot be had: {reason}", detail=detail, hint=hint)


def _split_reference(ref: str) -> tuple[str, str]:
    """Split a reference into its repository, and its tag or digest."""
    name, separator, digest = ref.partition("@")
    if separator:
        return re.sub(r":[^:/]*$", "", name), digest
    repository, colon, tag = name.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (name, "latest")


def _credentials(ref: str) -> dict[str, Any] | None:
    """Return what the caller's Docker client would say to this one registry, or nothing."""
    folder = os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")  # noqa: PTH111 - no home, no error
    path = Path(folder) / "config.json"
    if not path.exists():
        return None
    try:
        with warnings.catch_warnings():  # of a helper that is gone, which is told here as an error
            warnings.simplefilter("ignore")
            credentials = docker.auth.load_config(config_path=str(path)).resolve_authconfig(registry_of(ref))
    except (docker.errors.DockerException, OSError, ValueError) as error:
        raise BuildFailed(
            f"the credentials for {registry_of(ref)} cannot be read: {sanitize.single_line(str(error))}",
            detail=str(path),
            hint=f"docker login {registry_of(ref)}, or take that registry out of {path}",
        ) from error
    return dict(credentials) if credentials else None
