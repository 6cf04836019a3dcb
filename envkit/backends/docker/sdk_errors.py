"""Translate the SDK's errors into envkit's, by type and status code, or by text if the status code is ambiguous."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import docker.errors
import requests
import urllib3.exceptions  # raised while reading a stream; requests does not translate them

from envkit.backends.connection_errors import connection_lost_error, invalid_answer_error, no_answer_error
from envkit.errors import (
    BuildFailed,
    EngineError,
    EngineUnavailable,
    GpuRefused,
    PortTaken,
    StartFailed,
    SubnetTaken,
    other_file_system_error,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.checks.gpu.engine_errors import GpuRefusal

TEXT_MAX = 600  # characters of the engine's text in a message
DISK_HINT = "free disk space where the engine keeps its images (envkit prune), then repeat the command"
NETWORK_HINT = "envkit prune removes unused networks; or set network.pool in envkit.yaml to another range"
ENGINE_LOG_HINT = "the engine's log may show more: sudo journalctl --unit docker"
FALLBACK_CODES: dict[type[EngineError], str] = {BuildFailed: "build-failed", StartFailed: "container-start-failed"}
MISSING_SOURCE = re.compile(r"bind source path does not exist: (/.*)")  # envkit checked before that it exists
READ_TIMEOUT = re.compile(r"read timeout=([0-9]{1,6})")
TIMEOUTS = (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
INVALID_ANSWERS = (ValueError, urllib3.exceptions.DecodeError)  # JSONDecodeError of requests is a ValueError
INVALID_HTTP = ("BadStatusLine", "LineTooLong", "UnknownProtocol")  # in the text of a ProtocolError
PUBLISHED = re.compile(r"127\.0\.0\.1:([0-9]{1,5})\b", re.ASCII)


@contextmanager
def translate_errors(action: str, error_type: type[EngineError] = EngineError) -> Iterator[None]:
    """Translate errors of the SDK into `EngineError`.

    Args:
        action: What the body does, such as `removing the container x`.
        error_type: Type of errors that have no type of their own.

    Raises:
        EngineError: The engine refused the request; the type may be more specific.
        EngineUnavailable: The connection to the engine was lost.
    """
    try:
        yield
    except docker.errors.APIError as error:
        text = str(error.explanation or error).strip()  # whole: the words that name the cause may be its last ones
        if path := MISSING_SOURCE.search(text):
            raise other_file_system_error(f"{path[1]} does not exist for the engine") from error
        signature = _gpu_signature(text)
        cause = f": {signature.cause}" if signature else ""
        specific_type, code, hint = _classify_error(text, error_type)
        message = f"{action} failed: {_shorten(text)}{cause}"
        if specific_type is PortTaken:
            raise PortTaken(message, code=code, hint=hint, port=published_port(text)) from error
        raise specific_type(message, code=code, hint=hint) from error
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, ConnectionError, TimeoutError) as error:
        raise _connection_error(action, error) from error
    except json.JSONDecodeError as error:
        raise invalid_answer_error(action, str(error)[:TEXT_MAX]) from error
    except docker.errors.DockerException as error:
        code = FALLBACK_CODES.get(error_type, "engine-request-failed")
        raise error_type(f"{action} failed: {_shorten(str(error))}", code=code) from error


def _connection_error(action: str, error: Exception) -> EngineUnavailable:
    detail = type(error).__name__
    if isinstance(error, TIMEOUTS) or "Read timed out" in str(error):
        seconds = READ_TIMEOUT.search(str(error))
        return no_answer_error(action, seconds[1] if seconds else "")
    if isinstance(error, INVALID_ANSWERS) or any(name in str(error) for name in INVALID_HTTP):
        return invalid_answer_error(action, detail)
    return connection_lost_error(action, detail)


def published_port(text: str) -> int:
    """Return the loopback port in an error of the engine, or 0."""
    match = PUBLISHED.search(text)
    return int(match[1]) if match else 0


def _shorten(text: str) -> str:
    """Return a text without its middle if it is long: the action comes first, the reason last."""
    half = TEXT_MAX // 2
    return text if len(text) <= TEXT_MAX else f"{text[:half]} […] {text[-half:]}"


def _gpu_signature(text: str) -> GpuRefusal | None:
    from envkit.checks.gpu import engine_errors  # imported only after a failure

    return engine_errors.find_error(text)


def _classify_error(text: str, error_type: type[EngineError]) -> tuple[type[EngineError], str, str]:
    """Return type, code and hint of an error; the engine answers most failures with status 500, so the text decides."""
    signature = _gpu_signature(text)
    if "port is already allocated" in text or "address already in use" in text:
        return PortTaken, "port-taken", signature.hint if signature else ENGINE_LOG_HINT
    if "overlaps with other one" in text:
        return SubnetTaken, "subnet-taken", signature.hint if signature else NETWORK_HINT
    if signature:
        return GpuRefused, "gpu-refused", signature.hint
    if "no space left on device" in text:
        return error_type, "disk-full", DISK_HINT
    if "predefined address pools" in text:
        return error_type, "address-pools-exhausted", NETWORK_HINT
    return error_type, FALLBACK_CODES.get(error_type, "engine-request-failed"), ENGINE_LOG_HINT
