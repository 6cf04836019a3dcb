"""Check and pull images of registries, with the caller's credentials for that registry only."""

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
from envkit.backends.connection_errors import connection_lost_error
from envkit.backends.docker.client import long_timeout
from envkit.errors import BuildFailed
from envkit.model.backend import PullProblem
from envkit.model.report import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from envkit.backends.docker.client import Engine

    ProgressCallback = Callable[[Progress], None]

STAGE = "pull"
CHECK_TIMEOUT_S = 1.8  # for the check, so that an unreachable registry does not delay an `up`


# Messages of the engine or the registry; the first match decides.
_PROBLEMS = tuple(
    (re.compile(pattern, re.IGNORECASE), PullProblem(code, reason, hint))
    for pattern, code, reason, hint in (
        (
            "no space left on device",
            "disk-full",
            "the disk where the engine keeps its images is full",
            "free disk space there (envkit prune), then repeat the command",
        ),
        (
            "no matching manifest|does not match the specified platform",
            "image-architecture-missing",
            "the registry has it for other architectures only",
            "use another tag, or set base: debian in envkit.yaml",
        ),
        (
            "manifest unknown|manifest for .* not found|not found: manifest|\\b404\\b|tag .* not found|name unknown",
            "image-not-in-registry",
            "the registry has no image with that name and tag",
            "correct base: in envkit.yaml, or set base: debian",
        ),
        (
            r"unauthorized|authentication required|no basic auth|incorrect username|denied|forbidden|\b40[13]\b",
            "registry-access-denied",
            "the registry denies access: the image is private or does not exist",
            "docker login {registry} with an account that may read it, or correct base: in envkit.yaml",
        ),
        (
            "x509|certificate|server gave HTTP response to HTTPS",
            "certificate-untrusted",
            "the engine does not trust the registry's certificate",
            "copy your CA certificate to /etc/docker/certs.d/{registry}/ca.crt, or set base: debian in envkit.yaml",
        ),
        (
            (
                "no such host|refused|i/o timeout|client.timeout|deadline|unreachable|handshake timeout|misbehaving"
                "|proxyconnect"
            ),
            "registry-unreachable",
            "the registry {registry} cannot be reached",
            "check the engine's network and proxy; or set base: debian in envkit.yaml, which needs no registry",
        ),
        (
            "unexpected eof|connection reset|short read|verification failed|broken pipe|download failed|went away",
            "pull-interrupted",
            "the pull was interrupted",
            "repeat the command, which keeps complete layers; or set base: debian in envkit.yaml",
        ),
        (
            "toomanyrequests|rate limit",
            "registry-rate-limit",
            "the registry's rate limit is reached",
            "docker login {registry}, or wait",
        ),
    )
)


def explain_failure(message: str, ref: str) -> PullProblem:
    """Classify a message of the engine or the registry about an image that cannot be pulled."""
    registry = registry_of(ref)
    for pattern, (code, reason, hint) in _PROBLEMS:
        if pattern.search(message):
            return PullProblem(code, reason.format(registry=registry), hint.format(registry=registry))
    reason = sanitize.single_line(message) or "the engine gave no reason"
    return PullProblem("image-pull-failed", reason, f"docker pull {ref} shows more; or set base: debian in envkit.yaml")


def registry_of(ref: str) -> str:
    """Return the registry of a reference, as Docker's client names it."""
    return str(docker.auth.resolve_repository_name(_split_reference(ref)[0])[0])


def check_image(engine: Engine, ref: str) -> PullProblem | None:
    """Check whether a registry offers an image; return the problem, or None.

    A registry that does not answer within CHECK_TIMEOUT_S counts as unreachable.

    Raises:
        BuildFailed: The caller's credentials for that registry cannot be read.
    """
    try:
        return _query_image(engine, ref)
    except TimeoutError:
        return explain_failure("deadline exceeded", ref)


def pull(engine: Engine, ref: str, on_progress: ProgressCallback) -> None:
    """Pull an image and report the progress.

    Raises:
        BuildFailed: The image cannot be pulled; the engine keeps no incomplete image.
        EngineUnavailable: The connection to the engine was lost.
    """
    try:
        problem = _query_image(engine, ref)
    except TimeoutError:  # the user chose this image, so leave the time limit to the engine
        on_progress(Progress(STAGE, f"{registry_of(ref)} has not answered yet; still trying"))
    else:
        if problem is not None:
            raise _pull_error(ref, problem)
    repository, tag = _split_reference(ref)
    on_progress(Progress(STAGE, f"pulling {ref}"))
    progress = _PullProgress(on_progress)
    with _translate_pull_errors(ref), long_timeout(engine):
        for event in engine.api.pull(repository, tag=tag, stream=True, decode=True, auth_config=_credentials(ref)):
            progress.feed(event, ref)
    if engine.api.images(name=ref) == [] and "@" not in ref:
        raise _pull_error(ref, explain_failure("went away", ref))
    on_progress(Progress(STAGE, f"pulled {ref}", finished=True))


def _query_image(engine: Engine, ref: str) -> PullProblem | None:
    """Ask a registry for the manifest of an image.

    Raises:
        TimeoutError: The registry did not answer within CHECK_TIMEOUT_S.
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
    """Reports one line per percent from the engine's events, which come several times a second for each layer."""

    def __init__(self, on_progress: ProgressCallback) -> None:
        self._on_progress = on_progress
        self._sizes: dict[str, tuple[int, int]] = {}
        self._last_percent = -1

    def feed(self, event: Mapping[str, Any], ref: str) -> None:
        if "error" in event:
            raise _pull_error(ref, explain_failure(str(event["error"]), ref))
        detail = event.get("progressDetail") or {}
        if event.get("status") != "Downloading" or not detail.get("total"):
            return
        self._sizes[str(event.get("id"))] = (int(detail.get("current", 0)), int(detail["total"]))
        downloaded, total = (sum(size[index] for size in self._sizes.values()) for index in (0, 1))
        percent = 100 * downloaded // total
        if percent != self._last_percent:
            self._last_percent = percent
            self._on_progress(Progress(STAGE, f"downloaded {downloaded // 2**20} of at least {total // 2**20} MiB"))


@contextmanager
def _translate_pull_errors(ref: str) -> Iterator[None]:
    try:
        yield
    except docker.errors.APIError as error:
        raise _pull_error(ref, explain_failure(str(error.explanation or error), ref)) from error
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise connection_lost_error(f"pulling {ref}", type(error).__name__) from error


def _pull_error(ref: str, problem: PullProblem) -> BuildFailed:
    return BuildFailed(
        f"the base image {ref} cannot be pulled: {problem.reason}",
        code=problem.code,
        detail=f"registry {registry_of(ref)}",
        hint=problem.hint,
    )


def _split_reference(ref: str) -> tuple[str, str]:
    """Split a reference into its repository, and its tag or digest."""
    name, separator, digest = ref.partition("@")
    if separator:
        return re.sub(r":[^:/]*$", "", name), digest
    repository, colon, tag = name.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (name, "latest")


def _credentials(ref: str) -> dict[str, Any] | None:
    """Return the caller's credentials for the registry of a reference, or None."""
    folder = os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")  # noqa: PTH111 - no home, no error
    path = Path(folder) / "config.json"
    if not path.exists():
        return None
    try:
        with warnings.catch_warnings():  # about a missing helper, which is reported as an error below
            warnings.simplefilter("ignore")
            credentials = docker.auth.load_config(config_path=str(path)).resolve_authconfig(registry_of(ref))
    except (docker.errors.DockerException, OSError, ValueError) as error:
        raise BuildFailed(
            f"the credentials for {registry_of(ref)} cannot be read: {sanitize.single_line(str(error))}",
            code="registry-credentials-unreadable",
            detail=str(path),
            hint=f"docker login {registry_of(ref)}, or remove that registry from {path}",
        ) from error
    return dict(credentials) if credentials else None
