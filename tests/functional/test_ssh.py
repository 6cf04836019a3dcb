"""SSH through the engine's own connection: whoever holds the key gets a shell, files and forwarded ports."""

from __future__ import annotations

import threading
from contextlib import suppress
from socket import create_server, socket
from typing import TYPE_CHECKING

import pytest

from tests.functional.openssh import Ssh, answer, audited
from tests.functional.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.functional.account import User
    from tests.functional.conftest import SharedEnvironment
    from tests.functional.inside import Inside
    from tests.functional.workspaces import Envkit

# What `sshd -T` must say: the settings that decide who gets in and what for.
GOLDEN = {
    "allowagentforwarding": "no",
    "allowstreamlocalforwarding": "no",
    "allowtcpforwarding": "local",
    "allowusers": "dev",
    "authenticationmethods": "publickey",
    "authorizedkeyscommand": "none",
    "authorizedkeysfile": "/run/secrets/envkit/authorized_keys",
    "authorizedprincipalscommand": "none",
    "authorizedprincipalsfile": "none",
    "chrootdirectory": "none",
    "ciphers": "aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr",
    "clientalivecountmax": "3",
    "clientaliveinterval": "60",
    "compression": "no",
    "forcecommand": "none",
    "gatewayports": "no",
    "gssapiauthentication": "no",
    "gssapikeyexchange": "no",
    "hostbasedauthentication": "no",
    "hostkey": "/run/secrets/envkit/ssh_host_ed25519_key",
    "hostkeyagent": "none",
    "hostkeyalgorithms": "ssh-ed25519",
    "kbdinteractiveauthentication": "no",
    "kerberosauthentication": "no",
    "kexalgorithms": "sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org",
    "logingracetime": "20",
    "macs": "hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com",
    "maxauthtries": "3",
    "passwordauthentication": "no",
    "permitemptypasswords": "no",
    "permitlisten": "none",
    "permitopen": "localhost:* 127.0.0.1:* [::1]:*",
    "permitrootlogin": "no",
    "permittunnel": "no",
    "permituserenvironment": "no",
    "permituserrc": "no",
    "pubkeyacceptedalgorithms": "ssh-ed25519,sk-ssh-ed25519@openssh.com,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,"
    "ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256",
    "pubkeyauthentication": "yes",
    "requiredrsasize": "3072",
    "strictmodes": "yes",
    "subsystem": "sftp internal-sftp",
    "tcpkeepalive": "no",
    "trustedusercakeys": "none",
    "usedns": "no",
    "usepam": "no",
    "x11forwarding": "no",
}
REFUSED = "Permission denied (publickey)."
PROHIBITED = "administratively prohibited"
BINARY = bytes(range(256)) * 4096
REQUEST = "GET /api HTTP/1.0\r\nHost: localhost\r\n\r\n"
ONE_REQUEST = (
    "from http.server import HTTPServer, SimpleHTTPRequestHandler as Files; "
    "server = HTTPServer(('127.0.0.1', {port}), Files); print('ready', flush=True); server.handle_request()"
)


@pytest.fixture(scope="module")
def ssh(shared_env: SharedEnvironment, user: User, run_envkit: Envkit) -> Ssh:
    entry = run_envkit(["ssh-config", "--project", shared_env.project])
    assert entry.code == 0, str(entry)
    (config,) = user.home.glob(".local/state/envkit/*/shared-*/client/ssh_config")
    assert config.read_text() == entry.out
    return Ssh(user, config, str(shared_env.container.name))


@pytest.fixture
def folder(user: User, tmp_path_factory: pytest.TempPathFactory, place: Path) -> Path:
    """Return a new folder of the user's own, outside of every workspace."""
    return user.folder(place / tmp_path_factory.mktemp("ssh").name)


# Getting in.


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


@pytest.mark.parametrize("command", ["{}", "bash -c '{}'", "bash -lc '{}'"], ids=["plain", "shell", "login shell"])
def test_a_session_finds_the_workspaces_own_python(ssh: Ssh, command: str) -> None:
    done = ssh(command.format("python -c \"import numpy, sys; print(sys.prefix)\"; command -v pip git"))
    assert done.out.splitlines()[0].startswith("/home/dev/.local/share/envkit/tensorflow-2.9.0")
    assert done.out.splitlines()[1:] == ["/opt/envkit/bin/pip", "/usr/bin/git"]


@pytest.mark.proves("scp, sftp and rsync work, and the files belong to you", "real")
@pytest.mark.parametrize("how", ["scp", "scp -O", "sftp", "rsync"])
def test_files_go_both_ways_and_belong_to_the_user(
    ssh: Ssh, shared_env: SharedEnvironment, folder: Path, how: str,
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
        assert b'"version"' in answer(port, REQUEST.encode())


def test_ports_are_forwarded_to_any_port_of_loopback(ssh: Ssh) -> None:
    serving = ssh.user.start([*ssh.remote_shell.split(), ssh.host, f'python -c "{ONE_REQUEST.format(port=45123)}"'])
    try:
        assert serving.stdout is not None
        assert serving.stdout.readline() == "ready\n"
        with ssh.forwarded("127.0.0.1:45123") as port:
            assert b"200 OK" in answer(port, REQUEST.replace("/api", "/").encode())
    finally:
        serving.communicate()


# Staying out.


@pytest.mark.proves("an unknown key, a password, root and an unknown user are refused", "real")
def test_an_unknown_key_is_refused(ssh: Ssh, folder: Path) -> None:
    done = ssh.changed(folder, IdentityFile=ssh.new_key(folder))("true")
    assert (done.code, done.err.strip()) == (255, f"dev@{ssh.host}: {REFUSED}")


@pytest.mark.parametrize("name", ["root", "nosuch", "nobody"])
def test_nobody_but_the_workspaces_user_can_log_in_not_even_with_the_key(ssh: Ssh, name: str) -> None:
    done = ssh("-l", name, "HOST", "true")
    assert (done.code, done.err.strip()) == (255, f"{name}@{ssh.host}: {REFUSED}")


def test_no_other_way_of_logging_in_is_offered(ssh: Ssh) -> None:
    for method in ("none", "password", "keyboard-interactive"):
        done = ssh("-v", "-o", "PubkeyAuthentication=no", "-o", f"PreferredAuthentications={method}", "HOST", "true")
        assert done.code == 255, method
        assert "Authentications that can continue: publickey\n" in done.err.replace("\r", ""), method


@pytest.mark.parametrize("target", ["169.254.169.254:80", "10.0.0.1:22", "example.com:80", "0.0.0.0:8888"])
def test_no_other_machine_is_reached_through_the_workspace(ssh: Ssh, target: str) -> None:
    done = ssh("-W", target, "HOST")
    assert done.code == 255
    assert PROHIBITED in done.err


def test_no_socket_of_the_workspace_is_forwarded(ssh: Ssh) -> None:
    with ssh.forwarded("/run/envkit/any.sock") as port:
        assert answer(port) == b""
    backwards = ssh("-o", "ExitOnForwardFailure=yes", "-R", "/tmp/any.sock:127.0.0.1:1", "HOST", "true")
    assert backwards.code == 255


def test_nothing_is_forwarded_back_to_the_host(ssh: Ssh) -> None:
    done = ssh("-o", "ExitOnForwardFailure=yes", "-R", "19999:127.0.0.1:22", "HOST", "true")
    assert done.code == 255
    assert "remote port forwarding failed" in done.err


def test_no_agent_and_no_display_is_forwarded(ssh: Ssh) -> None:
    asked = 'echo "${SSH_AUTH_SOCK:-no agent}, ${DISPLAY:-no display}"'
    agent = ssh.user.run(["ssh-agent", *ssh.remote_shell.split(), "-v", "-A", ssh.host, asked])
    assert "Requesting authentication agent forwarding" in agent.err
    display = ssh("-o", "ForwardX11=yes", "-o", "ForwardX11Trusted=yes", "HOST", asked, env={"DISPLAY": ":99"})
    assert "X11 forwarding request failed" in display.err
    assert (agent.out, display.out) == ("no agent, no display\n",) * 2


@pytest.mark.proves("what is written inside the workspace lets nobody in", "real")
def test_keys_and_commands_planted_inside_have_no_effect(ssh: Ssh, inside: Inside, folder: Path) -> None:
    key = ssh.new_key(folder)
    line = key.with_suffix(".pub").read_text().strip()
    try:
        planted = inside.sh(
            f"mkdir -m 0700 ~/.ssh && cd ~/.ssh && echo '{line}' > authorized_keys"
            " && echo 'touch ~/ran' > rc && echo 'PLANTED=yes' > environment && chmod 0600 *"
        )
        assert planted.code == 0
        assert ssh.changed(folder, IdentityFile=key)("true").code == 255
        assert ssh('echo "${PLANTED:-no}"; ls ~/ran').out == "no\n"
    finally:
        inside.sh("rm -rf ~/.ssh ~/ran")


def test_the_client_sets_no_variables(ssh: Ssh) -> None:
    done = ssh("-o", "SetEnv=LD_PRELOAD=/tmp/x.so BASH_ENV=/tmp/x LANGUAGE=x", "HOST", "env")
    assert not {"LD_PRELOAD", "BASH_ENV", "LANGUAGE"} & {line.split("=")[0] for line in done.out.splitlines()}


def test_sshd_means_what_its_settings_say(inside: Inside) -> None:
    asked = inside(
        "/usr/sbin/sshd", "-T", "-f", "/etc/envkit/sshd_config", "-C", "user=dev,host=x,addr=127.0.0.1",
    )
    found = dict(line.split(" ", 1) for line in asked.out.splitlines() if " " in line)
    assert {name: found[name] for name in GOLDEN} == GOLDEN


def test_sshd_is_no_daemon(ssh: Ssh, inside: Inside) -> None:
    assert ssh("true").code == 0
    wait_until(lambda: inside("pgrep", "-x", "sshd").code == 1, "no sshd is left")


def test_a_client_that_is_killed_leaves_no_sshd(ssh: Ssh, inside: Inside) -> None:
    client = ssh.user.start([*ssh.remote_shell.split(), ssh.host, "echo in; cat"])
    assert client.stdout is not None
    assert client.stdout.readline() == "in\n"
    assert inside("pgrep", "-x", "sshd").code == 0
    client.kill()
    client.communicate()
    wait_until(lambda: inside("pgrep", "-x", "sshd").code == 1, "no sshd is left")


# The host key.


@pytest.mark.proves("the host key is pinned: a changed one is refused", "real")
def test_a_changed_host_key_is_refused(ssh: Ssh, folder: Path) -> None:
    known = folder / "known_hosts"
    kind, blob, *_ = ssh.new_key(folder).with_suffix(".pub").read_text().split()
    known.write_text(f"{ssh.host} {kind} {blob}\n")
    ssh.user.own(known, 0o600)
    done = ssh.changed(folder, UserKnownHostsFile=known)("true")
    assert (done.code, "Host key verification failed." in done.err) == (255, True)


def test_an_unknown_host_key_is_refused_without_a_question(ssh: Ssh, folder: Path) -> None:
    done = ssh.changed(folder, UserKnownHostsFile=folder / "missing")("true")
    assert (done.code, "Host key verification failed." in done.err) == (255, True)
    assert not (folder / "missing").exists()


@pytest.mark.proves("ssh-audit finds nothing weak", "real")
def test_ssh_audit_finds_nothing_but_what_quantum_computers_may_do(ssh: Ssh, run_envkit: Envkit) -> None:
    with create_server(("127.0.0.1", 0)) as door:
        argv = [run_envkit.program, "ssh-proxy", ssh.host]
        threading.Thread(target=serve, args=(door, ssh.user, argv), daemon=True).start()
        found = audited(door.getsockname()[1], "--skip-rate-test")
    assert found["fail"] == []
    assert [text for text in found["warn"] if "post-quantum" not in text] == []


def serve(door: socket, user: User, argv: list[str | Path]) -> None:
    """Give each connection to a door an SSH server of its own."""
    with suppress(OSError):  # the door was closed
        while True:
            connection, _ = door.accept()
            threading.Thread(target=carry, args=(connection, user, argv), daemon=True).start()


def carry(connection: socket, user: User, argv: list[str | Path]) -> None:
    """Carry bytes between a connection and a program until either ends."""
    with connection, user.start(argv) as program, suppress(OSError, ValueError):
        assert program.stdin is not None
        assert program.stdout is not None
        there, back = program.stdin.buffer, program.stdout.buffer  # type: ignore[attr-defined]

        def feed() -> None:
            with suppress(OSError, ValueError):
                while chunk := connection.recv(1 << 16):
                    there.write(chunk)
                    there.flush()
                there.close()

        threading.Thread(target=feed, daemon=True).start()
        while chunk := back.read1(1 << 16):
            connection.sendall(chunk)


# The client's config.


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
    ssh: Ssh, own_config: Path, run_envkit: Envkit, shared_env: SharedEnvironment,
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


@pytest.mark.proves("no port is open for SSH", "real")
def test_no_port_is_open_for_ssh(shared_env: SharedEnvironment, inside: Inside) -> None:
    assert set(shared_env.container.ports) == {"8888/tcp"}
    assert set(shared_env.container.attrs["HostConfig"]["PortBindings"]) == {"8888/tcp"}
    listening = [line.split()[1] for line in inside("cat", "/proc/net/tcp", "/proc/net/tcp6").out.splitlines()]
    assert [one for one in listening if one.endswith(f":{2222:04X}")] == []
