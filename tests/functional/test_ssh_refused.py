"""SSH through the engine's own connection: who has no key, another name or another host key is turned away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.functional.openssh import Ssh, send_and_receive

if TYPE_CHECKING:
    from pathlib import Path

    from tests.functional.inside import Inside

REFUSED = "Permission denied (publickey)."
PROHIBITED = "administratively prohibited"


@pytest.mark.proves("an unknown key, a password, root and an unknown user are refused", "real")
def test_an_unknown_key_is_refused(ssh: Ssh, folder: Path) -> None:
    done = ssh.with_settings(folder, IdentityFile=ssh.new_key(folder))("true")
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
        assert send_and_receive(port) == b""
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
        assert ssh.with_settings(folder, IdentityFile=key)("true").code == 255
        assert ssh('echo "${PLANTED:-no}"; ls ~/ran').out == "no\n"
    finally:
        inside.sh("rm -rf ~/.ssh ~/ran")


def test_the_client_sets_no_variables(ssh: Ssh) -> None:
    done = ssh("-o", "SetEnv=LD_PRELOAD=/tmp/x.so BASH_ENV=/tmp/x LANGUAGE=x", "HOST", "env")
    assert not {"LD_PRELOAD", "BASH_ENV", "LANGUAGE"} & {line.split("=")[0] for line in done.out.splitlines()}


@pytest.mark.proves("the host key is pinned: a changed one is refused", "real")
def test_a_changed_host_key_is_refused(ssh: Ssh, folder: Path) -> None:
    known = folder / "known_hosts"
    kind, blob, *_ = ssh.new_key(folder).with_suffix(".pub").read_text().split()
    known.write_text(f"{ssh.host} {kind} {blob}\n")
    ssh.user.own(known, 0o600)
    done = ssh.with_settings(folder, UserKnownHostsFile=known)("true")
    assert (done.code, "Host key verification failed." in done.err) == (255, True)


def test_an_unknown_host_key_is_refused_without_a_question(ssh: Ssh, folder: Path) -> None:
    done = ssh.with_settings(folder, UserKnownHostsFile=folder / "missing")("true")
    assert (done.code, "Host key verification failed." in done.err) == (255, True)
    assert not (folder / "missing").exists()
