"""Secrets and the token reach the workspace as files, and nothing else in the world shows them."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.functional.conftest import TEAM_KEY
from tests.functional.inside import Inside
from tests.functional.jupyter import jupyter_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import docker
    from docker.models.containers import Container

    from tests.functional.account import User
    from tests.functional.conftest import SharedEnvironment
    from tests.functional.workspaces import Envkit

KEPT_FOR_THE_CONTAINER = "mount"


@pytest.fixture
def state(user: User, changing_env: SharedEnvironment) -> Path:
    (folder,) = user.home.glob(".local/state/envkit/*/rich-*")
    return folder


@pytest.fixture
def secrets(state: Path) -> dict[str, str]:
    """Return everything that must stay where it is, by name."""
    host_key = (state / "mount/ssh_host_ed25519_key").read_text()
    client_key = (state / "client/id_ed25519").read_text()
    return {
        "token": (state / "mount/token").read_text().strip(),
        "team's key": TEAM_KEY,
        "host key": host_key.splitlines()[2],
        "client's key": client_key.splitlines()[2],
        "digest of the team's key": hashlib.sha256(TEAM_KEY.encode()).hexdigest(),
    }


def shown(secrets: Mapping[str, str], text: str) -> list[str]:
    """Return the names of the secrets that a text shows."""
    return [name for name, secret in secrets.items() if secret in text]


@pytest.mark.proves("a secret arrives as a file of mode 0600 that a variable names", "real")
def test_a_secret_is_a_file_that_a_variable_names(lively: Container, user: User) -> None:
    done = Inside(lively).sh('cat "$TEAM_KEY_FILE"; stat -Lc " %a %u" "$TEAM_KEY_FILE"; echo "${TEAM_KEY:-none}"')
    assert done.out.splitlines() == [f"{TEAM_KEY} 600 {user.uid}", "none"]


def test_a_kernel_and_a_login_find_it_too(
    lively: Container,
    changing_env: SharedEnvironment,
    run_envkit: Envkit,
) -> None:
    with jupyter_of(changing_env.project, lively, run_envkit).kernel() as kernel:
        assert kernel.run("import os; print(open(os.environ['TEAM_KEY_FILE']).read())").strip() == TEAM_KEY
    login = run_envkit(["ssh", "--project", changing_env.project, 'cat "$TEAM_KEY_FILE"'])
    assert login.out == TEAM_KEY


def test_a_variable_arrives_as_it_was_written(
    lively: Container,
    changing_env: SharedEnvironment,
    run_envkit: Envkit,
) -> None:
    assert Inside(lively)("printenv", "TEAM").out == "vision $HOME `id`\n"
    assert run_envkit(["ssh", "--project", changing_env.project, "printenv TEAM"]).out == "vision $HOME `id`\n"


@pytest.mark.proves("secrets and the token are in no inspect, environment, argument, label, history or log", "real")
def test_the_engine_shows_no_secret(
    engine: docker.DockerClient,
    lively: Container,
    secrets: dict[str, str],
) -> None:
    name, image = str(lively.name), str(lively.attrs["Image"])
    told = {
        "container": engine.api.inspect_container(name),
        "image": engine.images.get(image).attrs,
        "history": engine.images.get(image).history(),
        "network": engine.networks.get(name).attrs,
        "volumes": [volume.attrs for volume in engine.volumes.list(filters={"name": name})],
        "processes": engine.api.top(name, ps_args="auxwwe"),
    }
    assert {what: found for what, data in told.items() if (found := shown(secrets, json.dumps(data)))} == {}
    assert shown(secrets, lively.logs().decode()) == []


def test_no_process_shows_a_secret(lively: Container, secrets: dict[str, str]) -> None:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it ended meanwhile
        assert shown(secrets, arguments) == [], arguments
    environments = Inside(lively).sh("cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline")
    assert shown(secrets, environments.out) == []


def test_no_rendered_file_shows_a_secret(state: Path, changing_env: SharedEnvironment, secrets: dict[str, str]) -> None:
    for path in (*files(state), *files(changing_env.project)):
        inside = path.relative_to(state).parts if path.is_relative_to(state) else ()
        if inside[:1] == (KEPT_FOR_THE_CONTAINER,) or inside == ("client", "id_ed25519"):
            assert path.stat().st_mode & 0o077 == 0, path
        else:
            assert shown(secrets, path.read_text(errors="replace")) == [], path


def files(folder: Path) -> Iterator[Path]:
    """Yield every file below a folder."""
    yield from (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


@pytest.mark.parametrize(
    "words",
    [
        ["up", "--verbose"],
        ["up", "--verbose", "--format", "json"],
        ["up", "--dry-run", "--format", "json"],
        ["status"],
        ["status", "--format", "json"],
        ["logs"],
        ["ssh-config"],
        ["render", "--output", "{output}"],
    ],
    ids=" ".join,
)
def test_envkit_itself_prints_no_secret(
    run_envkit: Envkit,
    lively: Container,
    changing_env: SharedEnvironment,
    user: User,
    secrets: dict[str, str],
    words: list[str],
) -> None:
    argv = [word.format(output=user.home / "rendered") for word in words]
    done = run_envkit(argv, cwd=changing_env.project)
    assert done.code == 0, str(done)
    assert shown(secrets, done.out + done.err) == []
    assert shown(secrets, changing_env.up.out + changing_env.up.err) == []


def test_the_token_goes_to_no_pipe_unless_that_was_asked_for(
    run_envkit: Envkit,
    changing_env: SharedEnvironment,
    secrets: dict[str, str],
) -> None:
    refused = run_envkit(["token", "--project", changing_env.project])
    assert (refused.code, refused.out) == (2, "")
    assert shown(secrets, refused.err) == []
    assert run_envkit(["token", "--show", "--project", changing_env.project]).out.strip() == secrets["token"]


@pytest.mark.proves("a changed secret arrives without a new container", "real")
def test_a_changed_secret_is_replaced_in_place(
    run_envkit: Envkit,
    lively: Container,
    changing_env: SharedEnvironment,
    user: User,
) -> None:
    path = user.home / "team-key"
    try:
        path.write_text("another-one")
        up = run_envkit(["up", "--project", changing_env.project])
        assert up.code == 0, str(up)
        assert Inside(lively).sh('cat "$TEAM_KEY_FILE"').out == "another-one"
        lively.reload()
        assert lively.attrs["RestartCount"] == 0
    finally:
        path.write_text(TEAM_KEY)
        os.utime(path)


def test_a_secret_that_is_not_there_is_refused_before_anything_changes(
    run_envkit: Envkit,
    lively: Container,
    changing_env: SharedEnvironment,
    user: User,
) -> None:
    path = user.home / "team-key"
    away = path.rename(path.with_suffix(".away"))
    try:
        refused = run_envkit(["up", "--project", changing_env.project])
        assert refused.code == 2
        assert "secrets.TEAM_KEY.file: ~/team-key does not exist" in refused.err
        assert Inside(lively).sh('cat "$TEAM_KEY_FILE"').out == TEAM_KEY
    finally:
        away.rename(path)
