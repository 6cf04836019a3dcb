"""The SSH server of a workspace: its settings, and that it is not a daemon and opens no port."""

from __future__ import annotations

import threading
from contextlib import suppress
from socket import create_server, socket
from typing import TYPE_CHECKING

import pytest

from tests.support.openssh import Ssh, ssh_audit_problems
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.functional.conftest import SharedEnvironment
    from tests.support.account import User
    from tests.support.container_commands import Inside
    from tests.support.workspaces import Envkit

# Settings of `sshd -T` that decide who can log in, and for what.
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


def test_effective_settings_of_sshd(inside: Inside) -> None:
    sshd = inside(
        "/usr/sbin/sshd",
        "-T",
        "-f",
        "/etc/envkit/sshd_config",
        "-C",
        "user=dev,host=x,addr=127.0.0.1",
    )
    settings = dict(line.split(" ", 1) for line in sshd.out.splitlines() if " " in line)
    assert {name: settings[name] for name in GOLDEN} == GOLDEN


def test_sshd_is_not_a_daemon(ssh: Ssh, inside: Inside) -> None:
    assert ssh("true").code == 0
    wait_until(lambda: inside("pgrep", "-x", "sshd").code == 1, "no sshd runs")


def test_killed_client_leaves_no_sshd(ssh: Ssh, inside: Inside) -> None:
    client = ssh.user.start([*ssh.remote_shell.split(), ssh.host, "echo in; cat"])
    assert client.stdout is not None
    assert client.stdout.readline() == "in\n"
    assert inside("pgrep", "-x", "sshd").code == 0
    client.kill()
    client.communicate()
    wait_until(lambda: inside("pgrep", "-x", "sshd").code == 1, "no sshd runs")


@pytest.mark.proves("ssh-audit finds no weakness in the SSH server without a port", "real")
def test_ssh_audit_warns_only_of_quantum_computers(ssh: Ssh, run_envkit: Envkit) -> None:
    with create_server(("127.0.0.1", 0)) as listener:
        argv = [run_envkit.program, "ssh-proxy", ssh.host]
        threading.Thread(target=serve, args=(listener, ssh.user, argv), daemon=True).start()
        problems = ssh_audit_problems(listener.getsockname()[1], "--skip-rate-test")
    assert problems["fail"] == []
    assert [text for text in problems["warn"] if "post-quantum" not in text] == []


def serve(listener: socket, user: User, argv: list[str | Path]) -> None:
    """Start a separate SSH server for each connection."""
    with suppress(OSError):  # the listener was closed
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=relay, args=(connection, user, argv), daemon=True).start()


def relay(connection: socket, user: User, argv: list[str | Path]) -> None:
    """Copy bytes between a connection and a program until either closes."""
    with connection, user.start(argv) as program, suppress(OSError, ValueError):
        assert program.stdin is not None
        assert program.stdout is not None
        stdin, stdout = program.stdin.buffer, program.stdout.buffer  # type: ignore[attr-defined]

        def feed() -> None:
            with suppress(OSError, ValueError):
                while chunk := connection.recv(1 << 16):
                    stdin.write(chunk)
                    stdin.flush()
                stdin.close()

        threading.Thread(target=feed, daemon=True).start()
        while chunk := stdout.read1(1 << 16):
            connection.sendall(chunk)


@pytest.mark.proves("no port is open for SSH", "real")
def test_no_port_is_open_for_ssh(shared_env: SharedEnvironment, inside: Inside) -> None:
    assert set(shared_env.container.ports) == {"8888/tcp"}
    assert set(shared_env.container.attrs["HostConfig"]["PortBindings"]) == {"8888/tcp"}
    listening = [line.split()[1] for line in inside("cat", "/proc/net/tcp", "/proc/net/tcp6").out.splitlines()]
    assert [address for address in listening if address.endswith(f":{2222:04X}")] == []
