"""SSH tunnel to a remote engine: one persistent connection, and the forwards through it.

OpenSSH's client holds the connection, with the caller's settings, keys and known hosts; none of them is weakened, and
ssh prompts for nothing. The engine's socket and its loopback ports are forwarded to a local socket and to local
loopback ports. The connection stays open while an environment on that engine is up; otherwise it is closed after the
last command that uses it. If the remote host becomes unreachable or this host shuts down, the next command reconnects.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from envkit import process, state
from envkit.errors import EngineUnavailable, PreconditionError
from envkit.fs import files, locks
from envkit.net import unix_http

SCHEME = "ssh://"
REMOTE_SOCKET = "/var/run/docker.sock"  # on the remote host
START_TIMEOUT_S = 40  # of a login, CONNECT_TIMEOUT_S included
CONTROL_TIMEOUT_S = 10
CONNECT_TIMEOUT_S = 10
BUSY_TIMEOUT_S = 30
OK = 200
DETAIL_MAX = 600  # characters of the client's output in an error
PATH_MAX_BYTES = 85  # of the 108 of a socket path; the client appends 17 for its temporary socket
_lock_fds: dict[str, int] = {}  # open until the command exits; the kernel then drops the locks
_USER = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"
_HOST = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\]"
_ADDRESS = re.compile(rf"ssh://(?:(?P<user>{_USER})@)?(?P<host>{_HOST})(?::(?P<port>[0-9]{{1,5}}))?/?", re.ASCII)
_SAFE_PATH = re.compile(r"[A-Za-z0-9_./@+=,-]+", re.ASCII)
# Override the caller's settings for that host, which are meant for logins.
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
    """SSH destination of a remote engine.

    Attributes:
        host: Host name, IP address, or alias from the caller's SSH settings.
        user: User to log in as; empty for the default of those settings.
        port: SSH port; 0 for the default of those settings.
    """

    host: str
    user: str = ""
    port: int = 0


def is_remote(address: str) -> bool:
    """Check whether an engine address is an SSH address."""
    return address.startswith(SCHEME)


def parse(address: str) -> Remote:
    """Parse an engine address.

    Raises:
        PreconditionError: The address does not have the form `ssh://[user@]host[:port]`.
    """
    match = _ADDRESS.fullmatch(address)
    port = int(match["port"] or 0) if match else 0
    if match is None or (match["port"] and not 0 < port < 1 << 16):
        raise PreconditionError(
            f"{address} is not a valid address of a remote engine",
            code="endpoint-invalid",
            hint="use ssh://[user@]host[:port]; configure keys and jump hosts in ~/.ssh/config",
        )
    return Remote(match["host"].strip("[]"), match["user"] or "", port)


def local_socket(address: str) -> Path:
    """Return the path of the local socket for a remote engine; it may not exist."""
    return _folder(address) / "e"


def connect(address: str) -> Path:
    """Connect to a remote engine unless a connection exists; return the local socket once the engine answers.

    Raises:
        EngineUnavailable: The remote host cannot be reached, or no engine answers there.
        PreconditionError: The address is invalid, no SSH client is installed, or the folder of the sockets is not
            private.
    """
    remote, socket_path = parse(address), local_socket(address)
    acquire(address)
    if _is_answering(socket_path):
        return socket_path
    with locks.hold(socket_path.parent / "lock", lambda: None):
        # Other commands may keep an open connection busy; closing it would interrupt them.
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
    """Lock the connection for this command, so that no other command closes it until `release` or exit.

    Raises:
        PreconditionError: The address is invalid, or the folder of its sockets is not private.
    """
    parse(address)
    folder = files.ensure_private_folder(_folder(address))
    if address not in _lock_fds:
        _lock_fds[address] = locks.acquire_shared(folder / "users")


def forward_port(address: str, local_port: int, remote_port: int) -> bool:
    """Forward a local loopback port to a remote one; return whether this connection holds the local port.

    An existing forward is kept. If the result is False, another process may listen on the local port.
    """
    return _send_control(address, "forward", "-L", f"127.0.0.1:{local_port}:127.0.0.1:{remote_port}")


def cancel_forward(address: str, local_port: int, remote_port: int) -> None:
    """Cancel a forward of a port, if there is one."""
    _send_control(address, "cancel", "-L", f"127.0.0.1:{local_port}:127.0.0.1:{remote_port}")


def release(address: str) -> None:
    """Stop using the connection, and close it unless another command uses it."""
    lock_fd = _lock_fds.pop(address, None)
    if lock_fd is None:
        return
    try:
        if locks.try_exclusive(lock_fd):
            close(address)
    finally:
        os.close(lock_fd)


def active_addresses() -> tuple[str, ...]:
    """Return the addresses whose connections this command uses."""
    return tuple(_lock_fds)


def close(address: str) -> None:
    """Close the connection and its forwards, if there is one."""
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
    """Send a command to the client that holds the connection; the control socket selects it, not the host name."""
    control_path = _control_path(address)
    if not control_path.exists():
        return False
    # Ignore the caller's settings, which may define forwards for this host.
    argv = [_find_ssh(), "-F", "none", "-S", str(control_path), "-O", operation, *arguments, "--", "engine"]
    return process.run_detached(argv, timeout_s=CONTROL_TIMEOUT_S) == 0


def _is_answering(socket_path: Path, timeout_s: float = CONTROL_TIMEOUT_S) -> bool:
    return socket_path.exists() and unix_http.get(str(socket_path), "/_ping", timeout_s=timeout_s).status == OK


def _control_path(address: str) -> Path:
    return _folder(address) / "c"


def _folder(address: str) -> Path:
    key = hashlib.sha256(address.encode(errors="replace")).hexdigest()[:12]
    folder = state.state_home() / "tunnels" / key
    # The kernel limits the length of a socket path, and the client interprets some characters.
    if len(os.fsencode(folder)) > PATH_MAX_BYTES or not _SAFE_PATH.fullmatch(str(folder)):
        folder = Path(f"/tmp/envkit-{os.getuid()}") / key  # noqa: S108 - created as private, or refused
        files.ensure_private_folder(folder.parent)
    return folder


def _find_ssh() -> str:
    ssh = process.which("ssh")
    if ssh is None:
        raise PreconditionError(
            "no SSH client is installed on this host",
            code="ssh-client-missing",
            hint="sudo apt-get install openssh-client",
        )
    return ssh


def _unreachable_error(address: str, output: str) -> EngineUnavailable:
    """Classify a failed login by the output of the SSH client, which becomes the detail."""
    remote, detail = parse(address), " ".join(output.split())
    login = f"ssh {f'-p {remote.port} ' if remote.port else ''}{f'{remote.user}@' if remote.user else ''}{remote.host}"
    if "ost key verification failed" in output:
        code, reason = "ssh-host-key-unknown", "its host key is unknown or differs from the known one"
        hint = (
            f"{login} shows the key's fingerprint: compare it with the one from the owner of the host, then accept it"
        )
    elif "ermission denied" in output or "Too many authentication failures" in output:
        code, reason = "ssh-login-denied", "it accepts none of your SSH keys"
        hint = f"{login} must work without a prompt: install a key with ssh-copy-id, unlock one with ssh-add"
    else:
        code, reason = "ssh-host-unreachable", "it cannot be reached over SSH"
        hint = f"check that {login} works, then repeat the command"
    message = f"cannot connect to the host of the engine {address}: {reason}"
    return EngineUnavailable(message, code=code, detail=detail[-DETAIL_MAX:], hint=hint)


def _no_engine_error(address: str) -> EngineUnavailable:
    return EngineUnavailable(
        f"the SSH login to {address} works, but no engine answers on that host",
        code="engine-unavailable",
        detail=REMOTE_SOCKET,
        hint="on that host, start Docker and run sudo usermod -aG docker USER; docker version shows more",
    )
