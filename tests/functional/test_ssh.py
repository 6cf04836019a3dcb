"""SSH through the engine's connection: the key gives access to a shell, files and forwarded ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.openssh import Ssh, send_and_receive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.functional.conftest import SharedEnvironment
    from tests.support.account import User
    from tests.support.workspaces import Envkit

BINARY = bytes(range(256)) * 4096
REQUEST = "GET /api HTTP/1.0\r\nHost: localhost\r\n\r\n"
SERVE_ONCE = (
    "from http.server import HTTPServer, SimpleHTTPRequestHandler as Files; "
    "server = HTTPServer(('127.0.0.1', {port}), Files); print('ready', flush=True); server.handle_request()"
)


@pytest.mark.proves("`envkit ssh` logs in by SSH, and returns the exit code of the command", "real")
def test_envkit_ssh_passes_output_and_exit_code(run_envkit: Envkit, shared_env: SharedEnvironment) -> None:
    login = run_envkit(["ssh", "--project", shared_env.project, "id -un; cat; exit 7"], text="from the host")
    assert (login.code, login.out) == (7, "dev\nfrom the host")


def test_plain_ssh_works_with_the_written_entry(ssh: Ssh) -> None:
    assert (ssh("exit 9").code, ssh("echo $0; pwd").out) == (9, "bash\n/home/dev\n")


def test_terminal_is_allocated(ssh: Ssh) -> None:
    login = ssh("-tt", "HOST", "tty && stty size && echo $TERM", env={"TERM": "xterm-256color"})
    assert login.out.split()[0].startswith("/dev/pts/")
    assert login.out.split()[-1] == "xterm-256color"


@pytest.mark.proves("a shell over SSH starts in /workspace", "real")
def test_login_shell_starts_in_the_workspace(ssh: Ssh) -> None:
    typed = "pwd\ncd\nbash -l -i -c pwd\nexit\n"  # the nested shell keeps its folder
    login = ssh("-tt", "HOST", text=typed)
    assert [line.strip() for line in login.out.splitlines() if line.startswith("/")] == ["/workspace", "/home/dev"]


def test_session_finds_the_workspaces_python(ssh: Ssh) -> None:
    for shell in ("{}", "bash -c '{}'", "bash -lc '{}'"):
        login = ssh(shell.format('python -c "import numpy, sys; print(sys.prefix)"; command -v pip git'))
        lines = login.out.splitlines()
        assert lines[0].startswith("/home/dev/.local/share/envkit/tensorflow-2.9.0"), shell
        assert lines[1:] == ["/opt/envkit/bin/pip", "/usr/bin/git"], shell


@pytest.mark.proves("scp, sftp and rsync work, and the files belong to you", "real")
@pytest.mark.parametrize("program", ["scp", "scp -O", "sftp", "rsync"])
def test_files_are_copied_both_ways_and_belong_to_the_user(
    ssh: Ssh,
    shared_env: SharedEnvironment,
    folder: Path,
    program: str,
) -> None:
    source, returned = folder / "source", folder / "returned"
    source.write_bytes(BINARY)
    ssh.user.own(source, 0o644)
    remote, received = "/workspace/sent", shared_env.project / "sent"
    try:
        if program.startswith("scp"):
            options = program.split()[1:]
            results = [ssh.program("scp", *options, source, f"{ssh.host}:{remote}")]
            results.append(ssh.program("scp", *options, f"{ssh.host}:{remote}", returned))
        elif program == "sftp":
            commands = f"put {source} {remote}\nget {remote} {returned}\n"
            results = [ssh.program("sftp", "-b", "-", ssh.host, text=commands)]
        else:
            rsync = ["rsync", "--archive", "--rsh", ssh.remote_shell]
            results = [ssh.user.run([*rsync, source, f"{ssh.host}:{remote}"])]
            results.append(ssh.user.run([*rsync, f"{ssh.host}:{remote}", returned]))
        assert [result for result in results if result.code] == []
        assert received.read_bytes() == returned.read_bytes() == BINARY
        assert (received.stat().st_uid, received.stat().st_gid) == (ssh.user.uid, ssh.user.gid)
    finally:
        received.unlink(missing_ok=True)


@pytest.mark.proves("port forwarding, as VS Code uses it, reaches the workspace's own ports", "real")
def test_port_of_jupyterlab_can_be_forwarded(ssh: Ssh) -> None:
    with ssh.forwarded("localhost:8888") as port:
        assert b'"version"' in send_and_receive(port, REQUEST.encode())


def test_any_loopback_port_can_be_forwarded(ssh: Ssh) -> None:
    server = ssh.user.start([*ssh.remote_shell.split(), ssh.host, f'python -c "{SERVE_ONCE.format(port=45123)}"'])
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        with ssh.forwarded("127.0.0.1:45123") as port:
            assert b"200 OK" in send_and_receive(port, REQUEST.replace("/api", "/").encode())
    finally:
        server.communicate()


@pytest.fixture
def own_config(user: User) -> Iterator[Path]:
    """Yield the path of the user's SSH config with an existing entry; remove it afterwards."""
    folder = user.folder(user.home / ".ssh", 0o700)
    config = folder / "config"
    config.write_text("Host elsewhere\n    User someone\n")
    user.own(config, 0o600)
    yield config
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


@pytest.mark.proves("`ssh HOST` works after `envkit ssh-config --install`, and so do VS Code and PyCharm", "real")
def test_installed_entry_is_included_once_and_works(
    ssh: Ssh,
    own_config: Path,
    run_envkit: Envkit,
    shared_env: SharedEnvironment,
) -> None:
    texts = []
    for _ in range(2):
        install = run_envkit(["ssh-config", "--install", "--project", shared_env.project])
        assert install.code == 0, str(install)
        texts.append(own_config.read_text())
    assert texts[0] == texts[1] == f'Include "{ssh.config}"\nHost elsewhere\n    User someone\n'
    assert own_config.stat().st_mode & 0o777 == 0o600
    assert Ssh(ssh.user, own_config, ssh.host)("id -un").out == "dev\n"
    elsewhere = ssh.user.run(["ssh", "-G", "-F", own_config, "elsewhere"])
    assert "user someone\n" in elsewhere.out
