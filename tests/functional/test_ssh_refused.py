"""SSH through the engine's connection: unknown keys, other users and changed host keys are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.openssh import Ssh, send_and_receive

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.container_commands import Inside

REFUSED = "Permission denied (publickey)."
PROHIBITED = "administratively prohibited"


@pytest.mark.proves("an unknown key, a password, root and an unknown user are refused", "real")
def test_unknown_key_is_refused(ssh: Ssh, folder: Path) -> None:
    login = ssh.with_settings(folder, IdentityFile=ssh.new_key(folder))("true")
    assert (login.code, login.err.strip()) == (255, f"dev@{ssh.host}: {REFUSED}")


def test_other_users_are_refused_with_the_key(ssh: Ssh) -> None:
    for name in ("root", "nosuch", "nobody"):
        login = ssh("-l", name, "HOST", "true")
        assert (login.code, login.err.strip()) == (255, f"{name}@{ssh.host}: {REFUSED}"), name


def test_public_key_is_the_only_login_method(ssh: Ssh) -> None:
    for method in ("none", "password", "keyboard-interactive"):
        login = ssh("-v", "-o", "PubkeyAuthentication=no", "-o", f"PreferredAuthentications={method}", "HOST", "true")
        assert login.code == 255, method
        assert "Authentications that can continue: publickey\n" in login.err.replace("\r", ""), method


def test_no_other_machine_is_reachable_through_it(ssh: Ssh) -> None:
    for target in ("169.254.169.254:80", "10.0.0.1:22", "example.com:80", "0.0.0.0:8888"):
        login = ssh("-W", target, "HOST")
        assert (login.code, PROHIBITED in login.err) == (255, True), target


def test_no_socket_is_forwarded(ssh: Ssh) -> None:
    with ssh.forwarded("/run/envkit/any.sock") as port:
        assert send_and_receive(port) == b""
    login = ssh("-o", "ExitOnForwardFailure=yes", "-R", "/tmp/any.sock:127.0.0.1:1", "HOST", "true")
    assert login.code == 255


def test_remote_forwards_to_the_host_are_refused(ssh: Ssh) -> None:
    login = ssh("-o", "ExitOnForwardFailure=yes", "-R", "19999:127.0.0.1:22", "HOST", "true")
    assert login.code == 255
    assert "remote port forwarding failed" in login.err


def test_no_agent_and_no_display_is_forwarded(ssh: Ssh) -> None:
    script = 'echo "${SSH_AUTH_SOCK:-no agent}, ${DISPLAY:-no display}"'
    agent = ssh.user.run(["ssh-agent", *ssh.remote_shell.split(), "-v", "-A", ssh.host, script])
    assert "Requesting authentication agent forwarding" in agent.err
    display = ssh("-o", "ForwardX11=yes", "-o", "ForwardX11Trusted=yes", "HOST", script, env={"DISPLAY": ":99"})
    assert "X11 forwarding request failed" in display.err
    assert (agent.out, display.out) == ("no agent, no display\n",) * 2


@pytest.mark.proves("files written in the workspace admit no SSH client", "real")
def test_files_planted_in_ssh_folder_have_no_effect(ssh: Ssh, inside: Inside, folder: Path) -> None:
    key = ssh.new_key(folder)
    line = key.with_suffix(".pub").read_text().strip()
    try:
        planted = inside.sh(
            f"mkdir -m 0700 ~/.ssh && cd ~/.ssh && echo '{line}' > authorized_keys"
            " && echo 'touch ~/ran' > rc && echo 'PLANTED=yes' > environment && chmod 0600 *"
        )
        assert planted.code == 0
        assert ssh.with_settings(folder, IdentityFile=key)("true").code == 255
        assert ssh('echo "${PLANTED:-no}"; ls ~/ran').out == "no\n"
    finally:
        inside.sh("rm -rf ~/.ssh ~/ran")


def test_client_cannot_set_variables(ssh: Ssh) -> None:
    login = ssh("-o", "SetEnv=LD_PRELOAD=/tmp/x.so BASH_ENV=/tmp/x LANGUAGE=x", "HOST", "env")
    assert not {"LD_PRELOAD", "BASH_ENV", "LANGUAGE"} & {line.split("=")[0] for line in login.out.splitlines()}


@pytest.mark.proves("the host key is pinned: a changed one is refused", "real")
def test_changed_host_key_is_refused(ssh: Ssh, folder: Path) -> None:
    known_hosts = folder / "known_hosts"
    kind, blob, *_ = ssh.new_key(folder).with_suffix(".pub").read_text().split()
    known_hosts.write_text(f"{ssh.host} {kind} {blob}\n")
    ssh.user.own(known_hosts, 0o600)
    login = ssh.with_settings(folder, UserKnownHostsFile=known_hosts)("true")
    assert (login.code, "Host key verification failed." in login.err) == (255, True)


def test_unknown_host_key_is_refused_without_a_prompt(ssh: Ssh, folder: Path) -> None:
    login = ssh.with_settings(folder, UserKnownHostsFile=folder / "missing")("true")
    assert (login.code, "Host key verification failed." in login.err) == (255, True)
    assert not (folder / "missing").exists()
