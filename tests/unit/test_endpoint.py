"""The engine is selected as Docker's client selects it; one that is missing or unusable is reported with a hint."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from envkit.backends import endpoint, fast_endpoint
from envkit.backends.docker import client
from envkit.cli import main
from envkit.cli.app import ENGINELESS_VERBS, VERBS
from envkit.errors import EngineUnavailable, PreconditionError
from envkit.net import unix_http
from tests.support.recorded_engine import answer, engine_at

CONTEXT_ADDRESS, OTHER_ADDRESS = "unix:///run/other.sock", "unix:///run/third.sock"


class DockerConfig:
    """The configuration folder of Docker's client."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.config = folder, folder / "config.json"

    def meta(self, name: str) -> Path:
        path = self.folder / "contexts/meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def add_context(self, name: str, address: object) -> None:
        self.meta(name).write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": address}}}))

    def use_context(self, name: object) -> None:
        self.config.write_text(json.dumps({"auths": {}, "currentContext": name}))


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DockerConfig:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setattr(endpoint, "DEFAULT", f"unix://{tmp_path}/{DEFAULT_SOCKET}")
    monkeypatch.setattr(fast_endpoint, "DEFAULT_SOCKET", f"{tmp_path}/{DEFAULT_SOCKET}")
    monkeypatch.setattr(endpoint, "PODMAN", f"unix://{tmp_path}/{ROOT_PODMAN}")
    docker_config = DockerConfig(tmp_path)
    docker_config.add_context("mine", CONTEXT_ADDRESS)
    docker_config.add_context("third", OTHER_ADDRESS)
    return docker_config


def connect_error() -> EngineUnavailable:
    with pytest.raises(EngineUnavailable) as error:
        client.connect(endpoint.current_endpoint())
    return error.value


@pytest.mark.proves("the engine is selected as Docker's client selects it, including contexts", "real")
def test_variables_take_precedence_over_the_current_context(
    docker: DockerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases: list[tuple[dict[str, str], str | None, str]] = [
        ({"DOCKER_HOST": "unix:///a", "DOCKER_CONTEXT": "mine"}, "third", "unix:///a"),
        ({"DOCKER_CONTEXT": "mine"}, "third", CONTEXT_ADDRESS),
        ({"DOCKER_HOST": "", "DOCKER_CONTEXT": ""}, "third", OTHER_ADDRESS),
        ({}, "mine", CONTEXT_ADDRESS),
        ({}, "default", endpoint.DEFAULT),
        ({}, "", endpoint.DEFAULT),
        ({}, None, endpoint.DEFAULT),
        ({"DOCKER_CONTEXT": "default"}, "mine", endpoint.DEFAULT),
    ]
    (docker.folder / DEFAULT_SOCKET).touch()
    for variables, current_context, expected in cases:
        docker.use_context(current_context)
        with monkeypatch.context() as environment:
            for name, value in variables.items():
                environment.setenv(name, value)
            assert endpoint.current_endpoint() == expected, (variables, current_context)
            assert fast_endpoint.current_endpoint() == expected, (variables, current_context)


def test_the_default_configuration_folder_is_in_the_home(docker: DockerConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_CONFIG")
    monkeypatch.setenv("HOME", str(docker.folder))
    home_config = DockerConfig(docker.folder / ".docker")
    assert endpoint.current_endpoint() == endpoint.DEFAULT
    home_config.add_context("homely", CONTEXT_ADDRESS)
    home_config.use_context("homely")
    assert endpoint.current_endpoint() == CONTEXT_ADDRESS


DEFAULT_SOCKET, ROOTLESS_SOCKET = "usual.sock", "user/docker.sock"
USER_PODMAN, ROOT_PODMAN = "user/podman/podman.sock", "roots-podman.sock"


@pytest.mark.proves("Podman's sockets come after Docker's", "real")
def test_the_first_existing_socket_is_selected_docker_first(
    docker: DockerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(docker.folder / "user"))
    (docker.folder / "user/podman").mkdir(parents=True)
    cases = [
        ((DEFAULT_SOCKET, ROOTLESS_SOCKET, USER_PODMAN, ROOT_PODMAN), DEFAULT_SOCKET),
        ((ROOTLESS_SOCKET, USER_PODMAN, ROOT_PODMAN), ROOTLESS_SOCKET),
        ((USER_PODMAN, ROOT_PODMAN), USER_PODMAN),
        ((ROOT_PODMAN,), ROOT_PODMAN),
        ((), DEFAULT_SOCKET),
    ]
    for existing_names, expected in cases:
        for name in existing_names:
            (docker.folder / name).touch()
        choice = endpoint.choose()
        assert choice.address == f"unix://{docker.folder}/{expected}", existing_names
        assert not any(name in " ".join(choice.skipped_sources) for name in existing_names), existing_names
        for name in existing_names:
            (docker.folder / name).unlink()


def test_without_a_runtime_folder_only_root_podman_is_found(docker: DockerConfig) -> None:
    (docker.folder / ROOT_PODMAN).touch()
    assert endpoint.current_endpoint() == f"unix://{docker.folder}/{ROOT_PODMAN}"


def test_an_invalid_docker_config_exits_with_3(docker: DockerConfig, capsys: pytest.CaptureFixture[str]) -> None:
    cases: list[tuple[str, str | bytes, str]] = [
        ("config", '{"currentContext": "absent"}', "the Docker context absent does not exist"),
        ("config", '{"currentContext": "../../mine"}', "the Docker context ../../mine does not exist"),
        ("meta", "{", "invalid JSON"),
        ("meta", '{"Endpoints": {}}', "has no engine address"),
        ("meta", '{"Endpoints": {"docker": []}}', "has no engine address"),
        ("meta", '{"Endpoints": {"docker": {"Host": ""}}}', "one-line string"),
        ("meta", '{"Endpoints": {"docker": {"Host": "unix:///a\\nProxyCommand b"}}}', "one-line string"),
        ("meta", '{"Endpoints": {"docker": {"Host": 4}}}', "one-line string"),
    ]
    for file, text, reason in cases:
        docker.use_context("mine")
        path = docker.config if file == "config" else docker.meta("mine")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(SystemExit) as exit_error:
            main.main(["status"])
        output = capsys.readouterr().err
        assert exit_error.value.code == 3, text[:60]
        assert reason in output, text[:60]
        assert "hint: " in output, text[:60]


def test_errors_of_the_docker_config_have_codes(docker: DockerConfig) -> None:
    docker.use_context("absent")
    for current_endpoint in (endpoint.current_endpoint, fast_endpoint.current_endpoint):
        with pytest.raises(EngineUnavailable) as error:
            current_endpoint()
        assert error.value.code == "docker-context-not-found"
    docker.meta("mine").unlink()
    docker.meta("mine").mkdir()
    docker.use_context("mine")
    for current_endpoint in (endpoint.current_endpoint, fast_endpoint.current_endpoint):
        with pytest.raises(EngineUnavailable, match="Is a directory") as error:
            current_endpoint()
        assert error.value.code == "docker-config-invalid"


def test_damaged_docker_config_is_ignored_with_a_warning(
    docker: DockerConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = (b"", b"{", b"\xff\xfe", b"[" * 100_000, b"[]", b'{"currentContext": 3}', None)
    for content in cases:
        if content is None:
            docker.config.unlink()
            docker.config.mkdir()
        else:
            docker.config.write_bytes(content)
        assert endpoint.current_endpoint() == fast_endpoint.current_endpoint() == endpoint.DEFAULT
        assert str(docker.config) in endpoint.choose().warning, content
        with pytest.raises(SystemExit):
            main.main(["status"])
        assert "warning: Docker's configuration cannot be used" in capsys.readouterr().err, content


def test_unreadable_docker_config_is_ignored(docker: DockerConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    docker.use_context("mine")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    choice = endpoint.choose()
    assert (choice.address, choice.source) == (endpoint.DEFAULT, "")
    assert f'sudo chown -R "$USER" {docker.folder}' in choice.warning


def test_an_unsupported_address_of_a_context_is_refused(docker: DockerConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    docker.add_context("tcp", "tcp://192.0.2.1:2376")
    docker.use_context("tcp")
    for variables, hint in (
        ({"DOCKER_CONTEXT": "tcp"}, "unset DOCKER_CONTEXT"),
        ({}, "docker context use default"),
    ):
        with monkeypatch.context() as environment:
            for name, value in variables.items():
                environment.setenv(name, value)
            with pytest.raises(PreconditionError, match="the Docker context tcp") as error:
                client.connect(endpoint.current_endpoint())
        assert error.value.code == "endpoint-unsupported", hint
        assert hint in error.value.hint


def test_a_context_may_select_a_remote_engine(docker: DockerConfig) -> None:
    docker.add_context("remote", "ssh://ada@build.example.com")
    docker.use_context("remote")
    assert endpoint.choose().address == "ssh://ada@build.example.com"
    assert endpoint.choose().source == "the Docker context remote"


@pytest.mark.proves("`--engine` takes precedence over environment variables", "real")
def test_the_flag_takes_precedence(docker: DockerConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    docker.use_context("mine")
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/host.sock")
    cases = [
        ("ssh://remote", "ssh://remote", "--engine"),
        ("unix:///run/x.sock", "unix:///run/x.sock", "--engine"),
        ("/run/x.sock", "unix:///run/x.sock", "--engine"),
        ("", "unix:///run/host.sock", "DOCKER_HOST"),
    ]
    for address, expected, source in cases:
        with endpoint.override(address):
            assert endpoint.current_endpoint() == expected, address
            assert endpoint.choose().source == source, address
        assert endpoint.choose().source == "DOCKER_HOST", address


@pytest.mark.proves("every verb that uses an engine takes `--engine`", "real")
def test_every_verb_that_uses_an_engine_takes_the_flag(
    docker: DockerConfig, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(docker.folder)
    for verb in sorted(set(VERBS) - ENGINELESS_VERBS - {"ssh-proxy"}):
        arguments = ["true"] if verb == "exec" else []
        with pytest.raises(SystemExit) as exit_error:
            main.main([verb, "--engine", f"unix://{docker.folder}/named.sock", *arguments])
        output = capsys.readouterr().err
        if verb in {"up", "build", "status", "prune"}:
            assert f"{docker.folder}/named.sock (--engine): does not exist" in output, verb
            assert "omit --engine" in output, verb
        assert exit_error.value.code != 70, verb
        assert "No such option" not in output, verb


def test_a_missing_engine_is_reported_with_all_sources(docker: DockerConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(docker.folder))
    error = connect_error()
    assert error.code == "engine-unavailable"
    assert error.detail.split("; ") == [
        "DOCKER_HOST: not set",
        "DOCKER_CONTEXT: not set",
        f"{docker.config}: no current context",
        f"unix://{docker.folder}/docker.sock: does not exist",
        f"unix://{docker.folder}/podman/podman.sock: does not exist",
        f"{endpoint.PODMAN}: does not exist",
        f"{endpoint.DEFAULT}: does not exist",
    ]


def test_the_hint_of_a_missing_engine_depends_on_its_source(
    docker: DockerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    for is_selected in (False, True):
        address = f"unix://{docker.folder}/other.sock" if is_selected else endpoint.DEFAULT
        if is_selected:
            monkeypatch.setenv("DOCKER_HOST", address)
        for is_bound in (False, True):
            with socket.socket(socket.AF_UNIX) as silent_engine:
                if is_bound:
                    silent_engine.bind(address.removeprefix("unix://"))
                hint = connect_error().hint
            case = (is_selected, is_bound)
            assert ("unset DOCKER_HOST" in hint, " docker" in hint) == (is_selected, not is_selected), case
            assert ("set DOCKER_HOST" in hint.replace("unset", "")) == (not is_selected and not is_bound), case


def test_the_hint_for_a_denied_socket_names_its_owner(docker: DockerConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    path = docker.folder / "other.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    monkeypatch.setattr(unix_http, "check_socket", raise_denied)
    cases = [
        (0o660, 4242, 'sudo usermod -aG 4242 "$USER", then log in again'),
        (0o600, 4242, "run the command as 4343"),
        (0o660, 0, "run the command as 4343"),
    ]
    for mode, group, hint in cases:
        stat_result = os.stat_result((mode, 0, 0, 1, 4343, group, 0, 0, 0, 0))
        with monkeypatch.context() as patched:
            patched.setattr(Path, "stat", lambda *_, result=stat_result, **__: result)
            error = connect_error()
        assert error.code == "engine-access-denied", hint
        assert error.hint.startswith(hint)
        assert "docker" not in error.hint
        assert error.hint.endswith("; or unset DOCKER_HOST")


def test_a_socket_in_a_denied_folder_is_reported(docker: DockerConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{docker.folder}/other.sock")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "stat", raise_denied)
        patched.setattr(unix_http, "check_socket", raise_denied)
        error = connect_error()
    assert error.code == "engine-access-denied"
    assert error.hint.startswith("run the command as the user who owns the engine")


def raise_denied(*_: object, **__: object) -> None:
    raise PermissionError(errno.EACCES, "Permission denied")


def test_an_unavailable_engine_of_a_context_names_the_context(docker: DockerConfig) -> None:
    with socket.socket(socket.AF_UNIX) as silent_engine:
        silent_engine.bind(str(docker.folder / "silent"))
        docker.add_context("silent", f"unix://{docker.folder}/silent")
        docker.use_context("silent")
        error = connect_error()
    assert error.code == "engine-unavailable"
    assert error.detail.endswith(f"unix://{docker.folder}/silent (the Docker context silent): connection refused")


def test_an_engine_that_never_answers_is_asked_once(docker: DockerConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PING_TIMEOUT_S", 0.05)
    monkeypatch.setattr(client, "Client", pytest.fail)  # the SDK would ask again, and wait longer
    monkeypatch.setenv("DOCKER_HOST", f"unix://{docker.folder}/silent")
    with socket.socket(socket.AF_UNIX) as silent_engine:
        silent_engine.bind(str(docker.folder / "silent"))
        silent_engine.listen()
        error = connect_error()
    assert error.code == "engine-unavailable"
    assert error.detail.endswith("(DOCKER_HOST): no answer")


def test_the_api_version_comes_from_the_ping(docker: DockerConfig) -> None:
    ping, version = "GET /_ping", "GET /version"
    cases = [
        (b"200 x\r\nApi-Version: 1.40", [ping], "1.40"),  # no /version, for which the engine runs runc
        (b"200 x", [ping, version], "1.42"),
        (b"200 x\r\nApi-Version: newest", [ping, version], "1.42"),
        (b"403 x\r\nApi-Version: 1.40", [ping, version], "1.42"),
    ]
    for head, requests, api_version in cases:
        pong = b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n" % head
        answers = {"": b"", ping: pong, version: answer(200, {"ApiVersion": "1.42"})}
        with engine_at(docker.folder / "e.sock", answers=answers) as engine:
            with closing(client.connect(engine.address).api) as api:
                assert api.api_version == api_version, head
            assert [request for request, _ in engine.requests if request] == requests, head


def test_a_directory_at_the_sockets_path_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "docker.sock"
    folder.mkdir()
    assert not endpoint.socket_exists(f"unix://{folder}")
    with pytest.raises(EngineUnavailable, match="is a directory") as error:
        client.connect(f"unix://{folder}")
    assert f"sudo rmdir {folder}" in error.value.hint
