"""A connection that breaks, a silent engine and a nonsensical answer are three different errors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
import urllib3.exceptions

from envkit.backends import endpoint
from envkit.backends.docker import client, containers
from envkit.backends.docker.sdk_errors import translate_errors
from envkit.errors import EngineUnavailable, StartFailed

if TYPE_CHECKING:
    from collections.abc import Callable

SILENCE = "UnixHTTPConnectionPool(host='localhost', port=None): Read timed out. (read timeout=600)"


def translated(error: Exception) -> EngineUnavailable:
    with pytest.raises(EngineUnavailable) as raised, translate_errors("creating the container x"):
        raise error
    return raised.value


def test_kinds_of_connection_errors_differ() -> None:
    for error, code in (
        (requests.exceptions.ReadTimeout(SILENCE), "engine-no-answer"),
        (urllib3.exceptions.ReadTimeoutError(None, "", "Read timed out."), "engine-no-answer"),  # type: ignore[arg-type]
        (requests.exceptions.ConnectionError(SILENCE), "engine-no-answer"),
        (TimeoutError(), "engine-no-answer"),
        (requests.exceptions.ConnectionError("('Connection aborted.', BadStatusLine('x'))"), "engine-answer-invalid"),
        (requests.exceptions.JSONDecodeError("no", "", 0), "engine-answer-invalid"),
        (json.JSONDecodeError("no", "", 0), "engine-answer-invalid"),
        (
            requests.exceptions.ConnectionError("RemoteDisconnected('x')"),
            "engine-connection-lost",
        ),
        (ConnectionResetError(), "engine-connection-lost"),
        (urllib3.exceptions.ProtocolError("IncompleteRead"), "engine-connection-lost"),
    ):
        assert translated(error).code == code, error
    assert "within 600 s" in translated(requests.exceptions.ReadTimeout(SILENCE)).message


def test_hint_names_the_selected_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(endpoint, "socket_exists", lambda address: address == endpoint.DEFAULT)
    assert "systemctl start docker" in translated(ConnectionResetError()).hint
    with endpoint.override("/run/other.sock"):
        assert "start the engine at unix:///run/other.sock" in translated(ConnectionResetError()).hint


def test_changes_have_more_time_than_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    timeouts: list[float] = []

    def record(_: object, *__: object, **options: Any) -> None:
        timeouts.append(options["timeout"])

    monkeypatch.setattr(requests.Session, "request", record)
    api: Any = client.Client(base_url="unix:///none", version="1.45", timeout=60)
    requests_: tuple[Callable[..., object], ...] = (api._get, api._post, api._delete)
    for request in requests_:
        request("http://x")
    api.timeout = client.LONG_TIMEOUT_S
    api._post("http://x")
    assert timeouts == [60, 600, 600, client.LONG_TIMEOUT_S]


def test_failed_cleanup_does_not_hide_why_a_start_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise EngineUnavailable("cleanup", code="engine-connection-lost")

    class Api:
        def start(self, _: str) -> None:
            raise requests.exceptions.ConnectionError

    class Engine:
        api = Api()

    engine: Any = Engine()
    monkeypatch.setattr(containers, "remove", fail)
    with pytest.raises((EngineUnavailable, StartFailed), match="while starting the container c"):
        containers.start(engine, "c")
