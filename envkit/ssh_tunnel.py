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

from envkit import process, state
from envkit.errors import EngineUnavailable, PreconditionError
from envkit.fs import files
from envkit.net import http

SCHEME = "ssh://"
REMOTE_SOCKET = "/var/run/docker.sock"  # over there
START_TIMEOUT_S = 40  # a login, its time limit included
CONTROL_TIMEOUT_S = 10
CONNECT_TIMEOUT_S = 10
BUSY_TIMEOUT_S = 30
OK = 200
PATH_MAX_BYTES = 85  # of a socket's 108; the client adds 17 while it makes its own
_lock_fds: dict[str, int] = {}  # open until the command ends: the kernel forgets a lock with its process
_USER = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"
_HOST = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\]"
_ADDRESS = re.compile(rf"ssh://(?:(?P<user>{_USER})@)?(?P<host>{_HOST})(?::(?P<port>[0-9]{{1,5}}))?/?", re.ASCII)
_SAFE_PATH = re.compile(r"[A-Za-z0-9_./@+=,-]+", re.ASCII)
# In the place of what the caller's settings for that host may say: they are for logins, and this is none.
OPTIONS = (
    "BatchMode=yes",
    "ControlMaster=yes",
    "ControlPersist=no",
    "ClearAllForwardings=yes",
    "ExitOnForwardFailure=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "Tunnel=no",
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    "RequestTTY=no",
    "StreamLocalBindUnlink=yes",
    "StreamLocalBindMask=0177",
    "GatewayPorts=no",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=3",
    f"ConnectTimeout={CONNECT_TIMEOUT_S}",
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
    match = _ADDRESS.fullmatch(address)
    port = int(match["port"] or 0) if match else 0
    if match is None or (match["port"] and not 0 < port < 1 << 16):
        raise PreconditionError(
            f"{address} names no engine on another machine",
            hint="write ssh://[user@]host[:port]; keys, jump hosts and the like belong into ~/.ssh/config",
        )
    return Remote(match["host"].strip("[]"), match["user"] or "", port)


def local_socket(address: str) -> Path:
    """Return where the socket of an engine on another machine comes out here, be it there or not."""
    return _folder(address) / "e"


def connect(address: str) -> Path:
    """Return where an engine on another machine answers here, once it does; the way there is made if need be.

    Raises:
        EngineUnavailable: The machine cannot be reached, or no engine answers there.
        Refusal: The address is none, there is no SSH client, or the folder of its sockets is not private.
    """
    remote, socket_path = parse(address), local_socket(address)
    acquire(address)
    if _is_answering(socket_path):
        return socket_path
    with files.lock(socket_path.parent / "lock", lambda: None):
        # One that stands may be busy with what others send through it: to end it would end that too.
        if _is_answering(socket_path) or (
            _is_connected(address) and _forward_socket(address) and _is_answering(socket_path, BUSY_TIMEOUT_S)
        ):
            return socket_path
        close(address)
        _start(address, remote)
        if not (_forward_socket(address) and _is_answering(socket_path)):
            close(address)
            raise _no_engine_error(address)
    return socket_path


def acquire(address: str) -> None:
    """Have others see that this command uses the connection: until it leaves, or ends, nobody else ends that.

    Raises:
        Refusal: The address is none, or the folder of its sockets is not private.
    """
    parse(address)
    folder = files.ensure_private_folder(_folder(address))
    if address not in _lock_fds:
        lock_fd = os.open(folder / "users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        fcntl.flock(lock_fd, fcntl.LOCK_SH)
        _lock_fds[address] = lock_fd


def forward_port(address: str, local_port: int, remote_port: int) -> bool:
    """Have a port of this machine's loopback lead to one of the other's; say whether our own connection holds it.

    Nothing happens where it does already. Where it is not held, somebody else may listen there.
    """
    return _send_control(address, "forward", "-L", f"127.0.0.1:{local_port}:127.0.0.1:{remote_port}")


def cancel_forward(address: str, local_port: int, remote_port: int) -> None:
    """Take such a port back; nothing happens where there is none."""
    _send_control(address, "cancel", "-L", f"127.0.0.1:{local_port}:127.0.0.1:{remote_port}")


def release(address: str) -> None:
    """End the connection if no other command uses it; nothing happens where this one does not."""
    lock_fd = _lock_fds.pop(address, None)
    if lock_fd is None:
        return
    try:
        with suppress(BlockingIOError):
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            close(address)
    finally:
        os.close(lock_fd)


def active_addresses() -> tuple[str, ...]:
    """Return the addresses whose connection this command used."""
    return tuple(_lock_fds)


def close(address: str) -> None:
    """End the connection and all that goes through it; nothing happens where there is none."""
    _send_control(address, "exit")
    for path in (_control_path(address), local_socket(address)):
        path.unlink(missing_ok=True)


def _start(address: str, remote: Remote) -> None:
    log = _folder(address) / "log"
    files.write(log, b"")
    login_options = [*(["-l", remote.user] if remote.user else []), *(["-p", str(remote.port)] if remote.port else [])]
    options = [f"-o{option}" for option in OPTIONS]
    argv = [_find_ssh(), *options, "-S", str(_control_path(address)), "-E", str(log), "-N", "-T", "-f", *login_options]
    code = process.run_detached([*argv, "--", remote.host], timeout_s=START_TIMEOUT_S)
    if code is None:
        raise _unreachable_error(address, f"no answer within {START_TIMEOUT_S} s")
    if code or not _is_connected(address):
        raise _unreachable_error(address, (files.read(log) or b"").decode(errors="replace"))


def _forward_socket(address: str) -> bool:
    return _send_control(address, "forward", "-L", f"{local_socket(address)}:{REMOTE_SOCKET}")


def _is_connected(address: str) -> bool:
    return _send_control(address, "check")


def _send_control(address: str, operation: str, *arguments: str) -> bool:
    """Ask the client that keeps the connection; its name for the host is of no matter, our socket decides."""
    control_path = _control_path(address)
    if not control_path.exists():
        return False
    # Without the caller's settings: forwards that they name for this host are no business of ours.
    argv = [_find_ssh(), "-F", "none", "-S", str(control_path), "-O", operation, *arguments, "--", "engine"]
    return process.run_detached(argv, timeout_s=CONTROL_TIMEOUT_S) == 0


def _is_answering(socket_path: Path, timeout_s: float = CONTROL_TIMEOUT_S) -> bool:
    return socket_path.exists() and http.get_unix(str(socket_path), "/_ping", timeout_s=timeout_s).status == OK


def _control_path(address: str) -> Path:
    return _folder(address) / "c"


def _folder(address: str) -> Path:
    key = hashlib.sha256(address.encode(errors="replace")).hexdigest()[:12]
    folder = state.state_home() / "tunnels" / key
    # The kernel takes no longer one; and the client reads some characters as its own.
    if len(os.fsencode(folder)) > PATH_MAX_BYTES or not _SAFE_PATH.fullmatch(str(folder)):
        folder = Path(f"/tmp/envkit-{os.getuid()}") / key  # noqa: S108 - made private, or refused
        files.ensure_private_folder(folder.parent)
    return folder


def _find_ssh() -> str:
    ssh = process.which("ssh")
    if ssh is None:
        raise PreconditionError("there is no ssh client on this host", hint="sudo apt-get install openssh-client")
    return ssh


def _unreachable_error(address: str, output: str) -> EngineUnavailable:
    """Tell the three ways apart in which a login fails; all the client's words go along."""
    remote, detail = parse(address), " ".join(output.split())
    login = f"ssh {f'-p {remote.port} ' if remote.port else ''}{f'{remote.user}@' if remote.user else ''}{remote.host}"
    if "ost key verification failed" in output:
        reason = "its host key is not the one that is known for it, or none is known"
        hint = f"{login} shows the key's fingerprint: compare it with what the machine's owner tells, then accept it"
    elif "ermission denied" in output or "Too many authentication failures" in output:
        reason = "it lets none of your SSH keys in"
        hint = f"{login} has to work without a question: ssh-copy-id brings a key there, ssh-add unlocks one here"
    else:
        reason, hint = "it cannot be reached by SSH", f"look whether {login} works; then repeat the command"
    return EngineUnavailable(f"the machine of the engine {address}: {reason}", detail=detail[-600:], hint=hint)


def _no_engine_error(address: str) -> EngineUnavailable:
    return EngineUnavailable(
        f"the machine of {address} lets you in, and no engine answers you there",
        detail=REMOTE_SOCKET,
        hint="there: start Docker, and let that user in: sudo usermod -aG docker USER (docker version says more)",
    )
