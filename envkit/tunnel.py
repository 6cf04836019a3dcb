"""The way to an engine on another machine: one SSH connection that stays, and what is forwarded through it.

OpenSSH's own client keeps it, with the caller's own settings, keys and known hosts: nothing of those is weakened, and
nobody is asked anything. The engine's socket and ports of its loopback come out here at a socket and at ports that
only this machine reaches. The connection stays while an environment of that engine is up; else it ends with the last
command that used it. It also ends when that machine is unreachable for long, or this one goes down, and the next
command makes it anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from envkit import files, net, proc, state
from envkit.errors import EngineUnavailable, Refusal

SCHEME = "ssh://"
ENGINE = "/var/run/docker.sock"  # over there
START_S = 40  # a login, its time limit included
ASK_S = 10
CONNECT_S = 10
BUSY_S = 30
OK = 200
PATH_MAX_BYTES = 85  # of a socket's 108; the client adds 17 while it makes its own
_held: dict[str, int] = {}  # open until the command ends: the kernel forgets a lock with its process
_USER = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"
_HOST = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\]"
_ADDRESS = re.compile(rf"ssh://(?:(?P<user>{_USER})@)?(?P<host>{_HOST})(?::(?P<port>[0-9]{{1,5}}))?/?", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z0-9_./@+=,-]+", re.ASCII)
# In the place of what the caller's settings for that host may say: they are for logins, and this is none.
OPTIONS = (
    "BatchMode=yes", "ControlMaster=yes", "ControlPersist=no", "ClearAllForwardings=yes", "ExitOnForwardFailure=yes",
    "ForwardAgent=no", "ForwardX11=no", "Tunnel=no", "PermitLocalCommand=no", "RemoteCommand=none", "RequestTTY=no",
    "StreamLocalBindUnlink=yes", "StreamLocalBindMask=0177", "GatewayPorts=no", "ServerAliveInterval=15",
    "ServerAliveCountMax=3", f"ConnectTimeout={CONNECT_S}",
)


@dataclass(frozen=True, slots=True)
class Remote:
    """A machine as its address names it.

    Attributes:
        host: Its name or number, or what the caller's SSH settings call it.
        user: Who logs in there; empty for whom those settings say.
        port: Likewise; 0 for what those settings say.
    """

    host: str
    user: str = ""
    port: int = 0


def is_remote(address: str) -> bool:
    """Say whether an engine's address is one that is reached by SSH."""
    return address.startswith(SCHEME)


def parse(address: str) -> Remote:
    """Take an address apart.

    Raises:
        Refusal: It is not of the form `ssh://[user@]host[:port]`.
    """
    found = _ADDRESS.fullmatch(address)
    port = int(found["port"] or 0) if found else 0
    if found is None or (found["port"] and not 0 < port < 1 << 16):
        raise Refusal(
            f"{address} names no engine on another machine",
            mend="write ssh://[user@]host[:port]; keys, jump hosts and the like belong into ~/.ssh/config",
        )
    return Remote(found["host"].strip("[]"), found["user"] or "", port)


def socket_of(address: str) -> Path:
    """Return where the socket of an engine on another machine comes out here, be it there or not."""
    return _folder(address) / "e"


def opened(address: str) -> Path:
    """Return where an engine on another machine answers here, once it does; the way there is made if need be.

    Raises:
        EngineUnavailable: The machine cannot be reached, or no engine answers there.
        Refusal: The address is none, there is no SSH client, or the folder of its sockets is not private.
    """
    remote, at = parse(address), socket_of(address)
    hold(address)
    if _answers(at):
        return at
    with files.locked(at.parent / "lock", lambda: None):
        # One that stands may be busy with what others send through it: to end it would end that too.
        if _answers(at) or (_stands(address) and _engine(address) and _answers(at, BUSY_S)):
            return at
        close(address)
        _start(address, remote)
        if not (_engine(address) and _answers(at)):
            close(address)
            raise _no_engine(address)
    return at


def hold(address: str) -> None:
    """Have others see that this command uses the connection: until it leaves, or ends, nobody else ends that.

    Raises:
        Refusal: The address is none, or the folder of its sockets is not private.
    """
    parse(address)
    folder = files.private_folder(_folder(address))
    if address not in _held:
        held = os.open(folder / "users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        fcntl.flock(held, fcntl.LOCK_SH)
        _held[address] = held


def forward(address: str, here: int, there: int) -> bool:
    """Have a port of this machine's loopback lead to one of the other's; say whether our own connection holds it.

    Nothing happens where it does already. Where it is not held, somebody else may listen there.
    """
    return _asked(address, "forward", "-L", f"127.0.0.1:{here}:127.0.0.1:{there}")


def unforward(address: str, here: int, there: int) -> None:
    """Take such a port back; nothing happens where there is none."""
    _asked(address, "cancel", "-L", f"127.0.0.1:{here}:127.0.0.1:{there}")


def leave(address: str) -> None:
    """End the connection if no other command uses it; nothing happens where this one does not."""
    held = _held.pop(address, None)
    if held is None:
        return
    try:
        with suppress(BlockingIOError):
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            close(address)
    finally:
        os.close(held)


def in_use() -> tuple[str, ...]:
    """Return the addresses whose connection this command used."""
    return tuple(_held)


def close(address: str) -> None:
    """End the connection and all that goes through it; nothing happens where there is none."""
    _asked(address, "exit")
    for path in (_control(address), socket_of(address)):
        path.unlink(missing_ok=True)


def _start(address: str, remote: Remote) -> None:
    log = _folder(address) / "log"
    files.write(log, b"")
    where = [*(["-l", remote.user] if remote.user else []), *(["-p", str(remote.port)] if remote.port else [])]
    options = [f"-o{one}" for one in OPTIONS]
    line = [_client(), *options, "-S", str(_control(address)), "-E", str(log), "-N", "-T", "-f", *where]
    code = proc.away([*line, "--", remote.host], timeout_s=START_S)
    if code is None:
        raise _unreachable(address, f"no answer within {START_S} s")
    if code or not _stands(address):
        raise _unreachable(address, (files.read(log) or b"").decode(errors="replace"))


def _engine(address: str) -> bool:
    return _asked(address, "forward", "-L", f"{socket_of(address)}:{ENGINE}")


def _stands(address: str) -> bool:
    return _asked(address, "check")


def _asked(address: str, what: str, *arguments: str) -> bool:
    """Ask the client that keeps the connection; its name for the host is of no matter, our socket decides."""
    control = _control(address)
    if not control.exists():
        return False
    # Without the caller's settings: forwards that they name for this host are no business of ours.
    line = [_client(), "-F", "none", "-S", str(control), "-O", what, *arguments, "--", "engine"]
    return proc.away(line, timeout_s=ASK_S) == 0


def _answers(at: Path, timeout_s: float = ASK_S) -> bool:
    return at.exists() and net.get_local(str(at), "/_ping", timeout_s=timeout_s).status == OK


def _control(address: str) -> Path:
    return _folder(address) / "c"


def _folder(address: str) -> Path:
    key = hashlib.sha256(address.encode(errors="replace")).hexdigest()[:12]
    folder = state.home() / "tunnels" / key
    # The kernel takes no longer one; and the client reads some characters as its own.
    if len(os.fsencode(folder)) > PATH_MAX_BYTES or not _PLAIN.fullmatch(str(folder)):
        folder = Path(f"/tmp/envkit-{os.getuid()}") / key  # noqa: S108 - made private, or refused
        files.private_folder(folder.parent)
    return folder


def _client() -> str:
    client = proc.which("ssh")
    if client is None:
        raise Refusal("there is no ssh client on this host", mend="sudo apt-get install openssh-client")
    return client


def _unreachable(address: str, said: str) -> EngineUnavailable:
    """Tell the three ways apart in which a login fails; all the client's words go along."""
    remote, words = parse(address), " ".join(said.split())
    login = f"ssh {f'-p {remote.port} ' if remote.port else ''}{f'{remote.user}@' if remote.user else ''}{remote.host}"
    if "ost key verification failed" in said:
        why = "its host key is not the one that is known for it, or none is known"
        mend = f"{login} shows the key's fingerprint: compare it with what the machine's owner tells, then accept it"
    elif "ermission denied" in said or "Too many authentication failures" in said:
        why = "it lets none of your SSH keys in"
        mend = f"{login} has to work without a question: ssh-copy-id brings a key there, ssh-add unlocks one here"
    else:
        why, mend = "it cannot be reached by SSH", f"look whether {login} works; then repeat the command"
    return EngineUnavailable(f"the machine of the engine {address}: {why}", tried=words[-600:], mend=mend)


def _no_engine(address: str) -> EngineUnavailable:
    return EngineUnavailable(
        f"the machine of {address} lets you in, and no engine answers you there", tried=ENGINE,
        mend="there: start Docker, and let that user in: sudo usermod -aG docker USER (docker version says more)",
    )
