"""Attack the SSH server: log in without permission, or escape from the owner's session."""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from envkit import process
from envkit.checks.audit.attack_cases import OWNER_LOGIN, SSH_ATTACKS
from envkit.concurrency import gather
from envkit.fs import files, temporary
from envkit.model.report import Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from envkit.checks.audit.attack_cases import SshAttack

LIMIT_S = 90.0  # for all attacks together
LOGIN_S = 20.0
CONCURRENCY = 3  # sshd drops some connections from the eleventh unauthenticated one
CLIENT_ERROR_CODE = 255  # the client's exit code without a session
OUTPUT_LENGTH_MAX = 300
NO_AGENT = "there is no ssh-agent on this host to forward"


def run_attacks(
    config: Path, host: str, on_progress: Callable[[str], None] = lambda _: None, *, limit_s: float = LIMIT_S
) -> tuple[Observation, ...]:
    """Log in as the owner, which must succeed; then run the attacks, a few at a time.

    Only a server that has listed its login methods has refused a login. It may drop connections before that when there
    are many, regardless of the user; such an attack is repeated alone.

    Args:
        config: Config file of the SSH client for this environment.
        host: Name of the environment in that file.
        on_progress: Callback for progress.
        limit_s: Time limit for all attacks, seconds.
    """
    if process.which("ssh") is None:
        return (_observation("", skipped="there is no ssh client on this host"),)
    on_progress("attacking the SSH server")
    deadline = time.monotonic() + limit_s
    owner_login = _log_in(config, host, OWNER_LOGIN, (), deadline)
    if owner_login.data["code"] != 0:
        return (owner_login,)
    with _create_foreign_identity(config) as foreign_identity:

        def attack(login: SshAttack) -> Observation:
            if login.agent and process.which("ssh-agent") is None:
                return _observation(login.name, skipped=NO_AGENT)
            login_config, options = foreign_identity if login.unknown_key else (config, ())
            if login.unknown_key and not options:
                return _observation(login.name, output="no key could be created")
            return _log_in(login_config, host, login, options, deadline)

        observations = gather([partial(attack, login) for login in SSH_ATTACKS], CONCURRENCY)
        return (
            owner_login,
            *(
                attack(login) if _was_dropped(observation) else observation
                for login, observation in zip(SSH_ATTACKS, observations, strict=True)
            ),
        )


def _was_dropped(observation: Observation) -> bool:
    return observation.data["code"] == CLIENT_ERROR_CODE and not observation.data["offers"]


@contextmanager
def _create_foreign_identity(config: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Create a key, and a copy of a config file without the owner's key; the options are empty if that failed."""
    with temporary.folder() as folder:
        key_path, config_copy = folder / "id_ed25519", folder / "ssh_config"
        try:
            lines = config.read_text("utf-8").splitlines()
            files.write(config_copy, "".join(f"{line}\n" for line in lines if "IdentityFile" not in line).encode())
            has_key = (
                process.run(
                    ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key_path)], timeout_s=LOGIN_S
                ).code
                == 0
            )
        except (OSError, process.TimeoutExpired):
            has_key = False
        yield config_copy, (f"-oIdentityFile={key_path}", "-oIdentitiesOnly=yes") if has_key else ()


def _log_in(config: Path, host: str, login: SshAttack, options: tuple[str, ...], deadline: float) -> Observation:
    agent = ["ssh-agent"] if login.agent else []
    argv = [
        *agent,
        "ssh",
        "-F",
        str(config),
        "-oBatchMode=yes",
        "-oControlMaster=no",
        "-v",
        *options,
        *login.options,
        host,
        *login.command,
    ]
    # No server listens at this display; without a display the client requests no forwarding.
    env = {"DISPLAY": ":99"} if login.display else None
    try:
        result = process.run(argv, timeout_s=max(0.001, min(LOGIN_S, deadline - time.monotonic())), env=env)
    except (OSError, process.TimeoutExpired) as error:
        return _observation(login.name, output=f"the client did not finish: {type(error).__name__}")
    lines = result.err.strip().splitlines()
    offers = [line.partition("can continue: ")[2].strip() for line in lines if "can continue: " in line]
    messages = [line for line in lines if not line.startswith(("debug1:", "OpenSSH_"))]
    return _observation(
        login.name,
        code=result.code,
        offers=offers[-1] if offers else "",
        refused=bool(offers) and login.refusal in result.err,
        reached=bool(login.breach) and login.breach in result.err,
        output=" ".join(messages)[-OUTPUT_LENGTH_MAX:],
    )


def _observation(
    attack: str, *, code: int | None = None, output: str = "", skipped: str = "", **extra: Any
) -> Observation:
    return Observation("audit.ssh", {"attack": attack, "code": code, "output": output, "skipped": skipped, **extra})
