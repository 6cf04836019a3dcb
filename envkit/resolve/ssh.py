"""Plan what the SSH server allows beyond the default, and render its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import naming
from envkit.model.network import Ssh

if TYPE_CHECKING:
    from envkit.config import Config
    from envkit.model.image import ImagePlan
    from envkit.problem import Problem

POST_QUANTUM = ("mlkem768x25519-", "sntrup761x25519-")  # each combined with curve25519, so never weaker than that
LOOPBACK = "localhost:* 127.0.0.1:* [::1]:*"  # as in the image's own settings
SETTINGS = """\
# Changes by envkit.yaml. /etc/envkit/sshd_config includes this file first, and sshd uses the first value of each key.
"""


def plan_ssh(config: Config, image: ImagePlan, problems: list[Problem]) -> Ssh:
    """Plan what the SSH server allows."""
    kex = (
        tuple(algorithm for algorithm in image.suite.kex if algorithm.startswith(POST_QUANTUM))
        if config.ssh.kex == "pq-only"
        else ()
    )
    if config.ssh.kex == "pq-only" and not kex:
        message = f"the OpenSSH of {image.suite.name} has no post-quantum key exchange; use `default`"
        problems.append(config.problem("ssh.kex", message, code="ssh-kex-unsupported"))
    return Ssh(config.ssh.agent, config.jupyter.socket, kex)


def settings(ssh: Ssh) -> str:
    """Render the settings that sshd reads before those of the image."""
    lines = ["AllowAgentForwarding yes"] if ssh.agent else []
    if ssh.socket:
        # sshd compares the path of a socket with its permitted hosts, so only this socket is allowed.
        lines += ["AllowStreamLocalForwarding local", f"PermitOpen {LOOPBACK} [{naming.JUPYTER_SOCKET}]:*"]
    if ssh.kex:
        lines.append(f"KexAlgorithms {','.join(ssh.kex)}")
    return SETTINGS + "".join(f"{line}\n" for line in lines)


def notes(ssh: Ssh) -> tuple[str, ...]:
    """Return a note for each weakened setting."""
    if not ssh.agent:
        return ()
    return ("ssh.agent: while you are logged in by SSH, container code can use the keys of your agent",)
