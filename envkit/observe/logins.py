"""Attack the SSH server: get in as somebody else, or as the owner out to where an owner must not."""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envkit import proc
from envkit.checks.attacks import LOGINS, OWNER
from envkit.model.report import Observation
from envkit.observe.aside import together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envkit.checks.attacks import Login

LIMIT_S = 90.0  # for all of them together
EACH_S = 20.0
AT_ONCE = 3  # of connections that have not logged in, an sshd drops some from the eleventh on
CLIENTS_OWN = 255  # what the client ends with when it came to no session
SAID_CHARACTERS = 300
NO_AGENT = "there is no ssh-agent on this host to forward"


def over_ssh(
    config: Path, host: str, say: Callable[[str], None] = lambda _: None, *, limit_s: float = LIMIT_S
) -> tuple[Observation, ...]:
    """Log in as the owner, which must succeed; then attack, a few at once.

    It is a refusal only once the server has said how one may log in. Before that it hangs up on some where too many
    are at its door, whoever they are: such an attack is made again, by itself.

    Args:
        config: The client's config file for this environment.
        host: What the environment is called there.
        say: Gets the news.
        limit_s: How long all may take.
    """
    if proc.which("ssh") is None:
        return (_seen("", skipped="there is no ssh client on this host"),)
    say("attacking the SSH server")
    until = time.monotonic() + limit_s
    first = _tried(config, host, OWNER, (), until)
    if first.data["code"] != 0:
        return (first,)
    with _stranger(config) as stranger:

        def attacked(one: Login) -> Observation:
            if one.agent and proc.which("ssh-agent") is None:
                return _seen(one.name, skipped=NO_AGENT)
            given, options = stranger if one.key else (config, ())
            if one.key and not options:
                return _seen(one.name, said="no key could be made")
            return _tried(given, host, one, options, until)

        seen = together([partial(attacked, one) for one in LOGINS], AT_ONCE)
        return (first, *(attacked(one) if _unheard(was) else was for one, was in zip(LOGINS, seen, strict=True)))


def _unheard(seen: Observation) -> bool:
    return seen.data["code"] == CLIENTS_OWN and not seen.data["offers"]


@contextmanager
def _stranger(config: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Make a key, and a copy of a config file without the owner's; the options are empty if that failed."""
    with tempfile.TemporaryDirectory(prefix="envkit-") as folder:
        key, other = Path(folder) / "id_ed25519", Path(folder) / "ssh_config"
        try:
            lines = config.read_text("utf-8").splitlines()
            other.write_text("".join(f"{line}\n" for line in lines if "IdentityFile" not in line), "utf-8")
            made = proc.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], timeout_s=EACH_S).code == 0
        except (OSError, proc.TimeoutExpired):
            made = False
        yield other, (f"-oIdentityFile={key}", "-oIdentitiesOnly=yes") if made else ()


def _tried(config: Path, host: str, one: Login, options: tuple[str, ...], until: float) -> Observation:
    agent = ["ssh-agent"] if one.agent else []
    argv = [
        *agent, "ssh", "-F", str(config), "-oBatchMode=yes", "-oControlMaster=no", "-v", *options, *one.options, host,
        *one.command,
    ]
    # A display that nobody serves; without one the client asks for nothing.
    env = {"DISPLAY": ":99"} if one.display else None
    try:
        done = proc.run(argv, timeout_s=max(0.001, min(EACH_S, until - time.monotonic())), env=env)
    except (OSError, proc.TimeoutExpired) as error:
        return _seen(one.name, said=f"the client did not come to an end: {type(error).__name__}")
    lines = done.err.strip().splitlines()
    offers = [line.partition("can continue: ")[2].strip() for line in lines if "can continue: " in line]
    spoken = [line for line in lines if not line.startswith(("debug1:", "OpenSSH_"))]
    return _seen(
        one.name, code=done.code, offers=offers[-1] if offers else "",
        refused=bool(offers) and one.refused in done.err,
        reached=bool(one.reached) and one.reached in done.err, said=" ".join(spoken)[-SAID_CHARACTERS:],
    )


def _seen(attack: str, *, code: int | None = None, said: str = "", skipped: str = "", **more: Any) -> Observation:
    return Observation("audit.ssh", {"attack": attack, "code": code, "said": said, "skipped": skipped, **more})
