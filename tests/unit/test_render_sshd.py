"""Environment of SSH sessions, and permissions of the SSH server."""

from __future__ import annotations

import re
from typing import Any

from tests.support.build_contexts import context
from tests.support.plan_samples import image_plan, suite


def sshd_lines(**changes: Any) -> list[str]:
    return context(image_plan(**changes))["etc/sshd_config"].text.splitlines()


def directives() -> list[str]:
    return [line for line in sshd_lines() if line and not line.startswith("#")]


def test_ssh_sessions_have_the_environment_of_the_image() -> None:
    files = context(image_plan())
    sshd_env = re.search(r"^SetEnv (.*)$", files["etc/sshd_config"].text, re.MULTILINE)
    image_env = re.search(r"^ENV ((?:.*\\\n)*.*)$", files["Dockerfile"].text, re.MULTILINE)
    assert sshd_env
    assert image_env
    expected = [pair.replace('"', "") for pair in image_env[1].replace("\\\n", "").split()]
    assert sshd_env[1].split() == expected


def test_each_sshd_directive_is_unique_and_unconditional() -> None:
    names = [line.split()[0] for line in directives()]
    assert len(names) == len(set(names))
    assert {"Match", "Port", "ListenAddress", "AcceptEnv"}.isdisjoint(names)


def test_sshd_reads_the_mounted_settings_first() -> None:
    assert directives()[0] == "Include /run/secrets/envkit/sshd_config"


def test_penalties_are_disabled_if_sshd_supports_them() -> None:
    # An older sshd does not start with the unknown directive.
    for openssh, supported in (("8.4", False), ("9.2", False), ("9.8", True), ("10.0", True)):
        assert ("PerSourcePenalties no" in sshd_lines(suite=suite(openssh=openssh))) == supported, openssh


def test_sshd_accepts_only_mounted_keys_and_local_forwarding() -> None:
    expected = {
        "PermitRootLogin no",
        "PasswordAuthentication no",
        "AuthenticationMethods publickey",
        "AllowUsers dev",
        "PermitUserEnvironment no",
        "PermitUserRC no",
        "AllowAgentForwarding no",
        "X11Forwarding no",
        "PermitTunnel no",
        "PermitListen none",
        "GatewayPorts no",
        "PermitOpen localhost:* 127.0.0.1:* [::1]:*",
        "StrictModes yes",
        "AuthorizedKeysFile /run/secrets/envkit/authorized_keys",
    }
    assert expected - set(sshd_lines()) == set()


def test_key_exchanges_are_those_of_the_suite() -> None:
    algorithms = ("curve25519-sha256", "sntrup761x25519-sha512@openssh.com")
    assert f"KexAlgorithms {','.join(algorithms)}" in sshd_lines(suite=suite(kex=algorithms))
