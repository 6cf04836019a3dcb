"""The SDK's errors become envkit's, by type and status code; text is quoted, and read only where no code is given."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import docker.errors
import requests
import urllib3.exceptions  # what reading a stream raises, which requests does not translate

from envkit.backends.docker.disconnected import connection_lost_error
from envkit.errors import EngineError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.checks.error_patterns import ErrorPattern

TEXT_MAX = 600
PUBLISHED = re.compile(r"127\.0\.0\.1:([0-9]{1,5})\b", re.ASCII)


class PortTaken(EngineError):
    """A port the container should publish was taken between the look and the start."""

    @property
    def port(self) -> int:
        """Which one, by the engine's own words; 0 where they do not say."""
        match = PUBLISHED.search(self.message)
        return int(match[1]) if match else 0


class SubnetTaken(EngineError):
    """The subnet of the environment's network was taken between the look and its creation."""


class GpuRefused(EngineError):
    """The engine cannot hand over a GPU: it said so only when it was asked for the container."""

    exit_code = ExitCode.GPU


@contextmanager
def translate_errors(action: str, error_type: type[EngineError] = EngineError) -> Iterator[None]:
    """Turn whatever the SDK raises while `action` something into an `EngineError` of a kind."""
    try:
        yield
    except docker.errors.APIError as error:
        text = str(error.explanation or error)[:TEXT_MAX].strip()
        signature = _gpu_signature(text)
        cause = f": {signature.cause}" if signature else ""
        raise _classify_error(text, error_type)(f"{action} failed: {text}{cause}", hint=_hint(text)) from error
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, ConnectionError, TimeoutError) as error:
        raise connection_lost_error(action, type(error).__name__) from error
    except docker.errors.DockerException as error:
        raise error_type(f"{action} failed: {str(error)[:TEXT_MAX]}") from error


def _gpu_signature(text: str) -> ErrorPattern | None:
    from envkit.checks.gpu import engine_errors  # what goes well needs none of the checks

    return engine_errors.find_error(text)


def _classify_error(text: str, error_type: type[EngineError]) -> type[EngineError]:
    # The engine answers nearly all of these with status 500, so its text is all there is to go by.
    if "port is already allocated" in text or "address already in use" in text:
        return PortTaken
    if "overlaps with other one" in text:
        return SubnetTaken
    if _gpu_signature(text):
        return GpuRefused
    return error_type


def _hint(text: str) -> str:
    if signature := _gpu_signature(text):
        return signature.hint
    if "no space left on device" in text:
        return "free disk space where the engine keeps its images (envkit prune), then repeat the command"
    if "predefined address pools" in text or "overlaps with other one" in text:
        return "envkit prune removes unused networks; or set network.pool in envkit.yaml to another range"
    return "the engine's own log may say more: sudo journalctl --unit docker"
