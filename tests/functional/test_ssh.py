"""SSH through the engine's own connection: whoever holds the key gets a shell, files and forwarded ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.functional.openssh import Ssh, send_and_receive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.functional.account import User
    from tests.functional.conftest import SharedEnvironment
    from tests.functional.workspaces import Envkit

BINARY = bytes(range(256)) * 4096
REQUEST = "GET /api HTTP/1.0\r\nHost: localhost\r\n\r\n"
ONE_REQUEST = (
    "from http.server import HTTPServer, SimpleHTTPRequestHandler as Files; "
    "server = HTTPServer(('127.0.0.1', {port}), Files); print('ready', flush=True); server.handle_request()"
)


@pytest.mark.proves("`envkit ssh` logs in by SSH, and passes the exit code on", "real")
def test_a_command_runs_and_its_exit_code_is_passed_on(run_envkit: Envkit, shared_env: SharedEnvironment) -> None:
    done = run_envkit(["ssh", "--project", shared_env.project, "id -un; cat; exit 7"], text="from the host")
    assert (done.code, done.out) == (7, "dev\nfrom the host")


def test_plain_ssh_works_with_the_written_entry(ssh: Ssh) -> None:
    assert (ssh("exit 9").code, ssh("echo $0; pwd").out) == (9, "bash\n/home/dev\n")


def test_a_terminal_is_a_terminal(ssh: Ssh) -> None:
    done = ssh("-tt", "HOST", "tty && stty size && echo $TERM", env={"TERM": "xterm-256color"})
    assert done.out.split()[0].startswith("/dev/pts/")
    assert done.out.split()[-1] == "xterm-256color"


@pytest.mark.proves("a shell over SSH begins in /workspace", "real")
def test_a_shell_begins_in_the_workspace_and_one_within_it_where_it_was_started(ssh: Ssh) -> None:
    typed = "pwd\ncd\nbash -l -i -c pwd\nexit\n"
    done = ssh("-tt", "HOST", text=typed)
    assert [line.strip() for line in done.out.splitlines() if line.startswith("/")] == ["/workspace", "/home/dev"]


@pytest.mark.parametrize("command", ["{}", "bash -c '{}'", "bash -lc '{}'"], ids=["plain", "shell", "login shell"])
def test_a_session_finds_the_workspaces_own_python(ssh: Ssh, command: str) -> None:
    done = ssh(command.format('python -c "import numpy, sys; print(sys.prefix)"; command -v pip git'))
    assert done.out.splitlines()[0].startswith("/home/dev/.local/share/envkit/tensorflow-2.9.0")
    assert done.out.splitlines()[1:] == ["/opt/envkit/bin/pip", "/usr/bin/git"]


@pytest.mark.proves("scp, sftp and rsync work, and the files belong to you", "real")
@pytest.mark.parametrize("how", ["scp", "scp -O", "sftp", "rsync"])
def test_files_go_both_ways_and_belong_to_the_user(
    ssh: Ssh,
    shared_env: SharedEnvironment,
    folder: Path,
    how: str,
) -> None:
    there, back = folder / "there", folder / "back"
    there.write_bytes(BINARY)
    ssh.user.own(there, 0o644)
    remote, landed = "/workspace/sent", shared_env.project / "sent"
    try:
        if how.startswith("scp"):
            options = how.split()[1:]
            done = [ssh.program("scp", *options, there, f"{ssh.host}:{remote}")]
            done.append(ssh.program("scp", *options, f"{ssh.host}:{remote}", back))
        elif how == "sftp":
            done = [ssh.program("sftp", "-b", "-", ssh.host, text=f"put {there} {remote}\nget {remote} {back}\n")]
        else:
            shell = ["rsync", "--archive", "--rsh", ssh.remote_shell]
            done = [ssh.user.run([*shell, there, f"{ssh.host}:{remote}"])]
            done.append(ssh.user.run([*shell, f"{ssh.host}:{remote}", back]))
        assert [one for one in done if one.code] == []
        assert landed.read_bytes() == back.read_bytes() == BINARY
        assert (landed.stat().st_uid, landed.stat().st_gid) == (ssh.user.uid, ssh.user.gid)
    finally:
        landed.unlink(missing_ok=True)


@pytest.mark.proves("VS Code's and everybody's port forwarding reaches the workspace's own ports", "real")
def test_ports_are_forwarded_to_jupyterlab(ssh: Ssh) -> None:
    with ssh.forwarded("localhost:8888") as port:
        assert b'"version"' in send_and_receive(port, REQUEST.encode())


def test_ports_are_forwarded_to_any_port_of_loopback(ssh: Ssh) -> None:
    serving = ssh.user.start([*ssh.remote_shell.split(), ssh.host, f'python -c "{ONE_REQUEST.format(port=45123)}"'])
    try:
        assert serving.stdout is not None
        assert serving.stdout.readline() == "ready\n"
        with ssh.forwarded("127.0.0.1:45123") as port:
            assert b"200 OK" in send_and_receive(port, REQUEST.replace("/api", "/").encode())
    finally:
        serving.communicate()


@pytest.fixture
def own_config(user: User) -> Iterator[Path]:
    """Yield the path of the user's own SSH config, with something in it; all of it is gone in the end."""
    folder = user.folder(user.home / ".ssh", 0o700)
    config = folder / "config"
    config.write_text("Host elsewhere\n    User somebody\n")
    user.own(config, 0o600)
    yield config
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


@pytest.mark.proves("`ssh HOST`, and so VS Code and PyCharm, work after `envkit ssh-config --install`", "real")
def test_the_entry_is_included_once_and_serves(
    ssh: Ssh,
    own_config: Path,
    run_envkit: Envkit,
    shared_env: SharedEnvironment,
) -> None:
    texts = []
    for _ in range(2):
        done = run_envkit(["ssh-config", "--install", "--project", shared_env.project])
        assert done.code == 0, str(done)
        texts.append(own_config.read_text())
    assert texts[0] == texts[1] == f'Include "{ssh.config}"\nHost elsewhere\n    User somebody\n'
    assert own_config.stat().st_mode & 0o777 == 0o600
    assert Ssh(ssh.user, own_config, ssh.host)("id -un").out == "dev\n"
    elsewhere = ssh.user.run(["ssh", "-G", "-F", own_config, "elsewhere"])
    assert "user somebody\n" in elsewhere.out
