"""The engine is the one that Docker's own client would use; what cannot be told or used is said, with the hint."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from envkit.backends.docker import client, endpoint
from envkit.cli import main
from envkit.cli.app import ENGINELESS_VERBS, VERBS
from envkit.errors import EngineUnavailable, PreconditionError
from tests.unit.plain_engine import answer, engine_at

UNIX, OTHER = "unix:///run/other.sock", "unix:///run/third.sock"


class Docker:
    """A folder with the Docker client's config."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.config = folder, folder / "config.json"

    def meta(self, name: str) -> Path:
        path = self.folder / "contexts/meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def context(self, name: str, host: object) -> None:
        self.meta(name).write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host}}}))

    def use(self, name: object) -> None:
        self.config.write_text(json.dumps({"auths": {}, "currentContext": name}))


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docker:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setattr(endpoint, "DEFAULT", f"unix://{tmp_path}/usual.sock")
    monkeypatch.setattr(endpoint, "PODMAN", f"unix://{tmp_path}/roots-podman.sock")
    made = Docker(tmp_path)
    made.context("mine", UNIX)
    made.context("third", OTHER)
    return made


@pytest.mark.proves("the engine is found as Docker's client finds it, contexts included", "real")
@pytest.mark.parametrize(
    ("env", "current", "expected"),
    [
        ({"DOCKER_HOST": "unix:///a", "DOCKER_CONTEXT": "mine"}, "third", "unix:///a"),
        ({"DOCKER_CONTEXT": "mine"}, "third", UNIX),
        ({"DOCKER_HOST": "", "DOCKER_CONTEXT": ""}, "third", OTHER),
        ({}, "mine", UNIX),
        ({}, "default", "usual"),
        ({}, "", "usual"),
        ({}, None, "usual"),
        ({"DOCKER_CONTEXT": "default"}, "mine", "usual"),
    ],
)
def test_the_engine_is_chosen_as_docker_chooses_it(
    docker: Docker,
    monkeypatch: pytest.MonkeyPatch,
    env: dict[str, str],
    current: str | None,
    expected: str,
) -> None:
    docker.use(current)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert endpoint.current_endpoint() == (endpoint.DEFAULT if expected == "usual" else expected)


def test_without_a_docker_config_the_home_is_looked_at(docker: Docker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_CONFIG")
    monkeypatch.setenv("HOME", str(docker.folder))
    docker.folder = docker.folder / ".docker"
    docker.config = docker.folder / "config.json"
    assert endpoint.current_endpoint() == endpoint.DEFAULT
    docker.context("homely", UNIX)
    docker.use("homely")
    assert endpoint.current_endpoint() == UNIX


USUAL, ROOTLESS, OWN_PODMAN, PODMAN = "usual.sock", "user/docker.sock", "user/podman/podman.sock", "roots-podman.sock"


@pytest.mark.proves("Podman's sockets come after Docker's", "real")
@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ((USUAL, ROOTLESS, OWN_PODMAN, PODMAN), USUAL),
        ((ROOTLESS, OWN_PODMAN, PODMAN), ROOTLESS),
        ((OWN_PODMAN, PODMAN), OWN_PODMAN),
        ((PODMAN,), PODMAN),
        ((), USUAL),
    ],
)
def test_the_first_socket_that_is_there_counts_and_dockers_come_before_podmans(
    docker: Docker,
    monkeypatch: pytest.MonkeyPatch,
    there: tuple[str, ...],
    expected: str,
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(docker.folder / "user"))
    (docker.folder / "user/podman").mkdir(parents=True)
    for name in there:
        (docker.folder / name).touch()
    chosen = endpoint.choose()
    assert chosen.address == f"unix://{docker.folder}/{expected}"
    assert not any(name in " ".join(chosen.skipped_sources) for name in there)


def test_without_a_runtime_folder_roots_podman_is_looked_for_alone(docker: Docker) -> None:
    (docker.folder / PODMAN).touch()
    assert endpoint.current_endpoint() == f"unix://{docker.folder}/{PODMAN}"


@pytest.mark.parametrize(
    ("file", "text", "why"),
    [
        ("config", "{", "no JSON"),
        ("config", b"\xff\xfe", "no JSON"),
        ("config", "[" * 100_000, "no JSON"),
        ("config", "[]", "no JSON object"),
        ("config", '{"currentContext": 3}', "no text"),
        ("config", '{"currentContext": "absent"}', "no Docker context absent"),
        ("config", '{"currentContext": "../../mine"}', "no Docker context ../../mine"),
        ("meta", "{", "no JSON"),
        ("meta", "{}", "names no engine"),
        ("meta", '{"Endpoints": {"docker": []}}', "names no engine"),
        ("meta", '{"Endpoints": {"docker": {"Host": ""}}}', "no text of one line"),
        ("meta", '{"Endpoints": {"docker": {"Host": "unix:///a\\nProxyCommand b"}}}', "no text of one line"),
        ("meta", '{"Endpoints": {"docker": {"Host": 4}}}', "no text of one line"),
    ],
)
def test_a_damaged_docker_config_is_told_with_3(
    docker: Docker,
    capsys: pytest.CaptureFixture[str],
    file: str,
    text: str | bytes,
    why: str,
) -> None:
    docker.use("mine")
    path = docker.config if file == "config" else docker.meta("mine")
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SystemExit) as ended:
        main.main(["status"])
    assert ended.value.code == 3
    said = capsys.readouterr().err
    assert why in said
    assert "hint: " in said


def test_a_docker_config_that_is_a_folder_is_told(docker: Docker) -> None:
    docker.config.mkdir()
    with pytest.raises(EngineUnavailable, match="Is a directory"):
        endpoint.current_endpoint()


@pytest.mark.parametrize(("variable", "hint"), [(True, "unset DOCKER_CONTEXT"), (False, "docker context use default")])
def test_a_context_whose_engine_is_not_used_is_refused_by_name(
    docker: Docker,
    monkeypatch: pytest.MonkeyPatch,
    hint: str,
    *,
    variable: bool,
) -> None:
    docker.context("far", "tcp://192.0.2.1:2376")
    docker.use("far")
    if variable:
        monkeypatch.setenv("DOCKER_CONTEXT", "far")
    with pytest.raises(PreconditionError, match=r"the Docker context far.*is not used") as error:
        client.connect(endpoint.current_endpoint())
    assert hint in error.value.hint


def test_a_context_may_name_another_machine(docker: Docker) -> None:
    docker.context("far", "ssh://ada@build.example.com")
    docker.use("far")
    assert endpoint.choose().address == "ssh://ada@build.example.com"
    assert endpoint.choose().source == "the Docker context far"


@pytest.mark.proves("`--engine` comes before what the environment says", "real")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("ssh://far", "ssh://far"),
        ("unix:///run/x.sock", "unix:///run/x.sock"),
        ("/run/x.sock", "unix:///run/x.sock"),
        ("", "unix:///run/host.sock"),
    ],
)
def test_the_flag_comes_first(docker: Docker, monkeypatch: pytest.MonkeyPatch, given: str, expected: str) -> None:
    docker.use("mine")
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/host.sock")
    with endpoint.override(given):
        assert endpoint.current_endpoint() == expected
        assert endpoint.choose().source == ("--engine" if given else "DOCKER_HOST")
    assert endpoint.choose().source == "DOCKER_HOST"


@pytest.mark.proves("every verb that uses an engine takes `--engine`", "real")
@pytest.mark.parametrize("verb", sorted(set(VERBS) - ENGINELESS_VERBS - {"ssh-proxy"}))
def test_every_verb_that_uses_an_engine_takes_the_flag(
    docker: Docker, verb: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(docker.folder)
    arguments = ["true"] if verb == "exec" else []
    with pytest.raises(SystemExit) as ended:
        main.main([verb, "--engine", f"unix://{docker.folder}/named.sock", *arguments])
    said = capsys.readouterr().err
    if verb in {"up", "build", "status", "prune"}:
        assert f"{docker.folder}/named.sock (--engine): not there" in said
        assert "leave --engine out" in said
    assert ended.value.code != 70
    assert "No such option" not in said


def test_an_engine_that_is_not_there_is_told_with_all_that_was_tried(
    docker: Docker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(docker.folder))
    with pytest.raises(EngineUnavailable, match="no container engine answers") as error:
        client.connect(endpoint.current_endpoint())
    assert error.value.detail.split("; ") == [
        "DOCKER_HOST: not set",
        "DOCKER_CONTEXT: not set",
        f"{docker.config}: names no context",
        f"unix://{docker.folder}/docker.sock: not there",
        f"unix://{docker.folder}/podman/podman.sock: not there",
        f"{endpoint.PODMAN}: not there",
        f"{endpoint.DEFAULT}: not there",
    ]


@pytest.mark.parametrize("deaf", [False, True])
@pytest.mark.parametrize("named", [False, True])
def test_the_hint_of_an_engine_that_is_not_there_fits_how_it_was_chosen(
    docker: Docker, monkeypatch: pytest.MonkeyPatch, named: bool, deaf: bool
) -> None:
    at = f"unix://{docker.folder}/other.sock" if named else endpoint.DEFAULT
    if named:
        monkeypatch.setenv("DOCKER_HOST", at)
    with socket.socket(socket.AF_UNIX) as door:
        if deaf:
            door.bind(at.removeprefix("unix://"))
        with pytest.raises(EngineUnavailable) as error:
            client.connect(endpoint.current_endpoint())
    hint = error.value.hint
    assert ("unset DOCKER_HOST" in hint, " docker" in hint) == (named, not named)
    assert ("set DOCKER_HOST" in hint.replace("unset", "")) == (not named and not deaf)


@pytest.mark.parametrize(
    ("mode", "group", "hint"),
    [
        (0o660, 4242, 'sudo usermod -aG 4242 "$USER", then log in again'),
        (0o600, 4242, "run the command as 4343"),
        (0o660, 0, "run the command as 4343"),
    ],
)
def test_a_socket_closed_to_the_caller_says_whose_it_is(
    docker: Docker, monkeypatch: pytest.MonkeyPatch, mode: int, group: int, hint: str
) -> None:
    path = docker.folder / "other.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    monkeypatch.setattr(client, "_probe_socket", denied)
    monkeypatch.setattr(Path, "stat", lambda *_, **__: os.stat_result((mode, 0, 0, 1, 4343, group, 0, 0, 0, 0)))
    with pytest.raises(EngineUnavailable, match="may not use") as error:
        client.connect(endpoint.current_endpoint())
    monkeypatch.undo()
    assert error.value.hint.startswith(hint)
    assert "docker" not in error.value.hint
    assert error.value.hint.endswith("; or unset DOCKER_HOST")


def test_a_socket_in_a_folder_closed_to_the_caller_is_told(docker: Docker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{docker.folder}/other.sock")
    monkeypatch.setattr(Path, "stat", denied)
    monkeypatch.setattr(client, "_probe_socket", denied)
    with pytest.raises(EngineUnavailable, match="may not use") as error:
        client.connect(endpoint.current_endpoint())
    monkeypatch.undo()
    assert error.value.hint.startswith("run the command as the user whose engine it is")


def denied(*_: object, **__: object) -> None:
    raise PermissionError(errno.EACCES, "Permission denied")


def test_an_engine_of_a_context_that_does_not_answer_is_told_with_the_context(docker: Docker) -> None:
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(docker.folder / "deaf"))
        docker.context("deaf", f"unix://{docker.folder}/deaf")
        docker.use("deaf")
        with pytest.raises(EngineUnavailable, match="does not answer") as error:
            client.connect(endpoint.current_endpoint())
    assert error.value.detail.endswith(f"unix://{docker.folder}/deaf (the Docker context deaf): connection refused")


def test_an_engine_that_takes_the_question_and_says_nothing_is_asked_once(
    docker: Docker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PING_TIMEOUT_S", 0.05)
    monkeypatch.setattr(client, "Client", pytest.fail)  # it would ask again, and wait longer
    monkeypatch.setenv("DOCKER_HOST", f"unix://{docker.folder}/silent")
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(docker.folder / "silent"))
        silent.listen()
        with pytest.raises(EngineUnavailable, match="does not answer") as error:
            client.connect(endpoint.current_endpoint())
    assert error.value.detail.endswith("(DOCKER_HOST): it does not answer")


@pytest.mark.parametrize(
    ("pong", "asked", "api"),
    [
        (b"200 x\r\nApi-Version: 1.40", ["GET /_ping"], "1.40"),  # enough: for `version` the engine starts runc
        (b"200 x", ["GET /_ping", "GET /version"], "1.42"),
        (b"200 x\r\nApi-Version: newest", ["GET /_ping", "GET /version"], "1.42"),
        (b"403 x\r\nApi-Version: 1.40", ["GET /_ping", "GET /version"], "1.42"),
    ],
)
def test_the_api_is_the_engines_own(docker: Docker, pong: bytes, asked: list[str], api: str) -> None:
    pong = b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n" % pong
    answers = {"": b"", "GET /_ping": pong, "GET /version": answer(200, {"ApiVersion": "1.42"})}
    with engine_at(docker.folder / "e.sock", answers=answers) as engine:
        with closing(client.connect(engine.address).api) as ours:
            assert ours.api_version == api
        assert [request for request, _ in engine.asked if request] == asked
