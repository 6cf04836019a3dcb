"""A workspace with invalid files does not start; in particular, never without authentication."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from docker.types import Mount

from tests.support.image_containers import ImageContainers, mount_source
from tests.support.jupyter_client import Jupyter, port_of
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import docker

    from tests.functional.conftest import SharedEnvironment
    from tests.support.account import User

NEW_TOKEN = "b" * 43
OTHER_SOCKET = '{"jupyter": {"socket": "/tmp/s", "hosts": ["x"]}, "tensorboard": {"logdir": "/x"}}'


@pytest.fixture(scope="module")
def containers(
    engine: docker.DockerClient,
    shared_env: SharedEnvironment,
    user: User,
    tmp_path_factory: pytest.TempPathFactory,
) -> ImageContainers:
    container = shared_env.container
    return ImageContainers(
        engine, container.attrs["Image"], mount_source(container), user, tmp_path_factory.mktemp("bare")
    )


def token(text: str, mode: int = 0o600) -> Callable[[Path], object]:
    """Return a function that replaces the token."""

    def change(folder: Path) -> None:
        (folder / "token").write_text(text)
        (folder / "token").chmod(mode)

    return change


def settings(text: str) -> Callable[[Path], object]:
    """Return a function that replaces the settings."""
    return lambda folder: (folder / "settings.json").write_text(text)


def without(name: str) -> Callable[[Path], object]:
    """Return a function that removes a file."""
    return lambda folder: (folder / name).unlink()


@pytest.mark.proves("without a valid token JupyterLab does not start", "real")
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (token(""), "token is empty"),
        (token("\n"), "token is empty"),
        (token("abc"), "shorter than 43"),
        (token("a" * 42 + "\n"), "shorter than 43"),
        (token("a" * 42 + " b"), "does not contain a token"),
        (token("a" * 43, 0o644), "mode must be 0600"),
        (token("a" * 43, 0o640), "mode must be 0600"),
        (without("token"), "token is missing"),
        (without("settings.json"), "settings.json is missing"),
        (settings("{"), "settings.json is damaged"),
        (
            settings('{"jupyter": {"port": 8888, "hosts": []}, "tensorboard": {"logdir": "/x"}}'),
            "has no valid host names",
        ),
        (settings(OTHER_SOCKET), "has no valid port"),
        (without("ssh_host_ed25519_key"), "sshd cannot start"),
        (lambda folder: (folder / "sshd_config").write_text("PermitRootLogin perhaps\n"), "sshd cannot start"),
    ],
    ids=[
        "token empty",
        "token blank",
        "token short",
        "token one short",
        "token with a blank",
        "token readable by others",
        "token readable by the group",
        "no token",
        "no settings",
        "settings damaged",
        "no hosts",
        "another socket",
        "no host key",
        "sshd settings damaged",
    ],
)
def test_damaged_files_stop_the_start_with_one_line(
    containers: ImageContainers,
    change: Callable[[Path], object],
    expected: str,
) -> None:
    code, log = containers.run_to_end(change)
    assert code not in {0, 137}
    assert expected in log
    assert log.startswith("envkit: ")
    assert len(log.splitlines()) == 1


def test_token_of_another_user_stops_the_start(containers: ImageContainers, user: User) -> None:
    folder = containers.copy()
    with containers.start(
        folder,
        user=f"{user.uid + 1}:{user.gid + 1}",
        mounts=[
            Mount("/run/secrets/envkit", str(folder), type="bind", read_only=True),
        ],
    ) as container:
        assert container.wait(timeout=60)["StatusCode"] == 78


def test_missing_server_settings_stop_the_start(containers: ImageContainers) -> None:
    code, log = containers.run_to_end(
        lambda _: None, tmpfs={"/etc/envkit": "", "/tmp": "", "/run/envkit": "", "/home/dev": ""}
    )
    assert (code, log) == (78, "envkit: /etc/envkit/jupyter_server_config.py cannot be read\n")


def test_unknown_arguments_stop_the_start(containers: ImageContainers) -> None:
    code, log = containers.run_to_end(lambda _: None, command=["ssh", "root"])
    assert (code, log) == (78, "envkit: unknown arguments: ssh root\n")


@pytest.mark.parametrize("text", ["c = get_config(\n", "raise ValueError\n"])
def test_failing_server_settings_stop_the_start(containers: ImageContainers, tmp_path: Path, text: str) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text(text)
    broken.chmod(0o644)
    with containers.start(
        containers.copy(),
        volumes={
            str(broken): {"bind": "/etc/envkit/jupyter_server_config.py", "mode": "ro"},
        },
    ) as container:
        assert container.wait(timeout=60)["StatusCode"] == 1
        assert "http://" not in container.logs().decode()


def test_root_cannot_start_the_workspace(containers: ImageContainers) -> None:
    code, log = containers.run_to_end(lambda _: None, user="0:0")
    assert code not in {0, 137}
    assert "http://" not in log


@pytest.mark.proves("a new token invalidates the old one", "real")
def test_new_token_invalidates_old_cookies(containers: ImageContainers) -> None:
    folder = containers.copy()
    old_token = (folder / "token").read_text().strip()
    with containers.start(folder, network_mode="bridge", ports={"8888/tcp": ("127.0.0.1", 0)}) as container:
        old_server = Jupyter(port_of(container), old_token)
        wait_until(lambda: old_server.responds("/api"), "the server answers")
        cookie = old_server.login().headers
        assert old_server.request("GET", "/api/status", cookie).status == 200
        token(NEW_TOKEN)(folder)
        container.restart()
        new_server = Jupyter(port_of(container), NEW_TOKEN)
        wait_until(lambda: new_server.responds("/api"), "the restarted server answers")
        assert new_server.request("GET", "/api/status", cookie).status == 403
        assert new_server.request("GET", "/api/status", old_server.authorized).status == 403
        assert new_server.request("GET", "/api/status", new_server.authorized).status == 200
