"""Secrets and the token reach the workspace as files, and nothing else shows them."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.functional.conftest import TEAM_KEY
from tests.support.container_commands import Inside
from tests.support.jupyter_client import jupyter_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import docker
    from docker.models.containers import Container

    from tests.functional.conftest import SharedEnvironment
    from tests.support.account import User
    from tests.support.workspaces import Envkit

MOUNTED_FOLDER = "mount"


@pytest.fixture
def state(user: User, changing_env: SharedEnvironment) -> Path:
    (folder,) = user.home.glob(".local/state/envkit/*/rich-*")
    return folder


@pytest.fixture
def secrets(state: Path) -> dict[str, str]:
    """Return everything that must not leak, by name."""
    host_key = (state / "mount/ssh_host_ed25519_key").read_text()
    client_key = (state / "client/id_ed25519").read_text()
    return {
        "token": (state / "mount/token").read_text().strip(),
        "team's key": TEAM_KEY,
        "host key": host_key.splitlines()[2],
        "client's key": client_key.splitlines()[2],
        "digest of the team's key": hashlib.sha256(TEAM_KEY.encode()).hexdigest(),
    }


def leaked(secrets: Mapping[str, str], text: str) -> list[str]:
    """Return the names of the secrets that a text contains."""
    return [name for name, secret in secrets.items() if secret in text]


@pytest.mark.proves("a secret is a file of mode 0600 that an environment variable names", "real")
def test_secret_is_a_file_that_a_variable_names(converged_env: Container, user: User) -> None:
    script = 'cat "$TEAM_KEY_FILE"; stat -Lc " %a %u" "$TEAM_KEY_FILE"; echo "${TEAM_KEY:-none}"'
    assert Inside(converged_env).sh(script).out.splitlines() == [f"{TEAM_KEY} 600 {user.uid}", "none"]


def test_kernels_and_logins_can_read_a_secret(
    converged_env: Container,
    changing_env: SharedEnvironment,
    run_envkit: Envkit,
) -> None:
    with jupyter_of(changing_env.project, converged_env, run_envkit).kernel() as kernel:
        assert kernel.run("import os; print(open(os.environ['TEAM_KEY_FILE']).read())").strip() == TEAM_KEY
    login = run_envkit(["ssh", "--project", changing_env.project, 'cat "$TEAM_KEY_FILE"'])
    assert login.out == TEAM_KEY


def test_variable_is_not_expanded(
    converged_env: Container,
    changing_env: SharedEnvironment,
    run_envkit: Envkit,
) -> None:
    assert Inside(converged_env)("printenv", "TEAM").out == "vision $HOME `id`\n"
    assert run_envkit(["ssh", "--project", changing_env.project, "printenv TEAM"]).out == "vision $HOME `id`\n"


@pytest.mark.proves(
    "secrets and the token appear in no `docker inspect`, environment, argument, label, history or log", "real"
)
def test_engine_shows_no_secret(
    engine: docker.DockerClient,
    converged_env: Container,
    secrets: dict[str, str],
) -> None:
    name, image = str(converged_env.name), str(converged_env.attrs["Image"])
    outputs = {
        "container": engine.api.inspect_container(name),
        "image": engine.images.get(image).attrs,
        "history": engine.images.get(image).history(),
        "network": engine.networks.get(name).attrs,
        "volumes": [volume.attrs for volume in engine.volumes.list(filters={"name": name})],
        "processes": engine.api.top(name, ps_args="auxwwe"),
    }
    assert {source: names for source, data in outputs.items() if (names := leaked(secrets, json.dumps(data)))} == {}
    assert leaked(secrets, converged_env.logs().decode()) == []


def test_no_process_shows_a_secret(converged_env: Container, secrets: dict[str, str]) -> None:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has exited
        assert leaked(secrets, arguments) == [], arguments
    environments = Inside(converged_env).sh("cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline")
    assert leaked(secrets, environments.out) == []


def test_no_rendered_file_shows_a_secret(state: Path, changing_env: SharedEnvironment, secrets: dict[str, str]) -> None:
    for path in (*files(state), *files(changing_env.project)):
        parts = path.relative_to(state).parts if path.is_relative_to(state) else ()
        if parts[:1] == (MOUNTED_FOLDER,) or parts == ("client", "id_ed25519"):
            assert path.stat().st_mode & 0o077 == 0, path
        else:
            assert leaked(secrets, path.read_text(errors="replace")) == [], path


def files(folder: Path) -> Iterator[Path]:
    """Yield every file in a folder and its subfolders."""
    yield from (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def test_envkit_prints_no_secret(
    run_envkit: Envkit,
    converged_env: Container,
    changing_env: SharedEnvironment,
    user: User,
    secrets: dict[str, str],
) -> None:
    for arguments in (
        ["up", "--verbose"],
        ["up", "--verbose", "--format", "json"],
        ["up", "--dry-run", "--format", "json"],
        ["status"],
        ["status", "--format", "json"],
        ["logs"],
        ["ssh-config"],
        ["render", "--output", str(user.home / "rendered")],
    ):
        result = run_envkit(arguments, cwd=changing_env.project)
        assert result.code == 0, str(result)
        assert leaked(secrets, result.out + result.err) == [], arguments
    assert leaked(secrets, changing_env.up.out + changing_env.up.err) == []


def test_token_needs_an_option_to_be_printed_to_a_pipe(
    run_envkit: Envkit,
    changing_env: SharedEnvironment,
    secrets: dict[str, str],
) -> None:
    refused = run_envkit(["token", "--project", changing_env.project])
    assert (refused.code, refused.out) == (2, "")
    assert leaked(secrets, refused.err) == []
    assert run_envkit(["token", "--show", "--project", changing_env.project]).out.strip() == secrets["token"]


@pytest.mark.proves("a changed secret reaches the container without recreating it", "real")
def test_changed_secret_is_replaced_in_place(
    run_envkit: Envkit,
    converged_env: Container,
    changing_env: SharedEnvironment,
    user: User,
) -> None:
    path = user.home / "team-key"
    try:
        path.write_text("another-one")
        up = run_envkit(["up", "--project", changing_env.project])
        assert up.code == 0, str(up)
        assert Inside(converged_env).sh('cat "$TEAM_KEY_FILE"').out == "another-one"
        converged_env.reload()
        assert converged_env.attrs["RestartCount"] == 0
    finally:
        path.write_text(TEAM_KEY)
        os.utime(path)


def test_missing_secret_is_refused_before_any_change(
    run_envkit: Envkit,
    converged_env: Container,
    changing_env: SharedEnvironment,
    user: User,
) -> None:
    path = user.home / "team-key"
    moved = path.rename(path.with_suffix(".moved"))
    try:
        refused = run_envkit(["up", "--format", "json", "--project", changing_env.project])
        (problem,) = json.loads(refused.out)["error"]["problems"]
        expected = (2, "secrets.TEAM_KEY.file", "secret-file-missing")
        assert (refused.code, problem["key"], problem["code"]) == expected, str(refused)
        assert Inside(converged_env).sh('cat "$TEAM_KEY_FILE"').out == TEAM_KEY
    finally:
        moved.rename(path)
