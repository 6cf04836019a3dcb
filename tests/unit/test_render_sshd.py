"""What sessions over SSH get, and what the SSH server allows."""

from __future__ import annotations

import re

import pytest

from tests.unit.contexts import context
from tests.unit.plans import image_plan, suite


def test_sessions_over_ssh_get_what_the_image_gives() -> None:
    made = context(image_plan())
    sent = re.search(r"^SetEnv (.*)$", made["etc/sshd_config"].text, re.MULTILINE)
    env = re.search(r"^ENV ((?:.*\\\n)*.*)$", made["Dockerfile"].text, re.MULTILINE)
    assert sent
    assert env
    assert sent[1].split() == [one.replace('"', "") for one in env[1].replace("\\\n", "").split()]


def test_each_sshd_directive_stands_once_and_none_is_conditional() -> None:
    lines = context(image_plan())["etc/sshd_config"].text.splitlines()
    names = [line.split()[0] for line in lines if line and not line.startswith("#")]
    assert len(names) == len(set(names))
    assert {"Match", "Port", "ListenAddress", "AcceptEnv"}.isdisjoint(names)


def test_sshd_reads_first_what_the_config_changes_from_where_only_envkit_writes() -> None:
    lines = context(image_plan())["etc/sshd_config"].text.splitlines()
    directives = [line for line in lines if line and not line.startswith("#")]
    assert directives[0] == "Include /run/secrets/envkit/sshd_config"


@pytest.mark.parametrize(("openssh", "known"), [("8.4", False), ("9.2", False), ("9.8", True), ("10.0", True)])
def test_nobody_is_locked_out_for_what_others_do_through_the_same_address(openssh: str, known: bool) -> None:
    # An sshd that does not know the directive would not start.
    made = context(image_plan(suite=suite(openssh=openssh)))["etc/sshd_config"].text.splitlines()
    assert ("PerSourcePenalties no" in made) == known


@pytest.mark.parametrize("directive", [
    "PermitRootLogin no", "PasswordAuthentication no", "AuthenticationMethods publickey", "AllowUsers dev",
    "PermitUserEnvironment no", "PermitUserRC no", "AllowAgentForwarding no", "X11Forwarding no", "PermitTunnel no",
    "PermitListen none", "GatewayPorts no", "PermitOpen localhost:* 127.0.0.1:* [::1]:*", "StrictModes yes",
    "AuthorizedKeysFile /run/secrets/envkit/authorized_keys",
])  # fmt: skip
def test_sshd_lets_in_only_mounted_keys_and_forwards_only_to_itself(directive: str) -> None:
    assert directive in context(image_plan())["etc/sshd_config"].text.splitlines()


def test_key_exchanges_are_the_suites_own() -> None:
    made = context(image_plan(suite=suite(kex=("curve25519-sha256", "sntrup761x25519-sha512@openssh.com"))))
    assert "\nKexAlgorithms curve25519-sha256,sntrup761x25519-sha512@openssh.com\n" in made["etc/sshd_config"].text
