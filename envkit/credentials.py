"""Create keys and tokens once, and keep them in the state folder; nothing here prints them."""

from __future__ import annotations

import re

from envkit.fs import files

TYPE_CHECKING = False  # not from typing, whose import an unchanged `up` does not need
if TYPE_CHECKING:
    from pathlib import Path

    from envkit.model.facts import Account
    from envkit.state import StateDir

TOKEN, HOST_KEY = "token", "ssh_host_ed25519_key"
MODE = 0o600
TOKEN_BYTES = 32
TOKEN_LENGTH = 43  # characters of TOKEN_BYTES in base64


def ensure_token(state_dir: StateDir, owner: Account) -> None:
    """Create the Jupyter token if it is missing: 256 random bits, readable only by the container user.

    A damaged token is replaced, because the workspace would not start with it.

    Raises:
        OSError: It exists and cannot be read, or it cannot be written.
    """
    import secrets  # loads modules that an unchanged `up` does not need

    path = state_dir.mount / TOKEN
    files.set_mode(path, MODE)
    content = files.read(path) or b""
    if not _is_token(content):
        files.write(path, secrets.token_urlsafe(TOKEN_BYTES).encode(), owner=owner)
    elif not files.is_private(path, MODE, owner.uid):
        files.write(path, content, owner=owner)


def token(state_dir: StateDir) -> str:
    """Return the Jupyter token, or an empty string if it is missing or damaged.

    Raises:
        OSError: It exists and cannot be read.
    """
    return token_in(str(state_dir.mount))


def remove_token(state_dir: StateDir) -> None:
    """Remove the Jupyter token; the next `up` creates another one, and starts the container again with it."""
    files.remove(state_dir.mount / TOKEN)


def token_in(mount: str) -> str:
    """Return the Jupyter token in the folder that the container reads, as `token` does."""
    content = files.read(f"{mount}/{TOKEN}") or b""
    return content.decode().strip() if _is_token(content) else ""


def ensure_host_key(state_dir: StateDir, owner: Account, alias: str) -> bool:
    """Create the SSH host key if it is missing or damaged, and pin it for the client under an alias.

    Returns:
        Whether the key differs from the one that clients knew before.

    Raises:
        OSError: It exists and cannot be read, or it cannot be written.
    """
    path, known_hosts = state_dir.mount / HOST_KEY, state_dir.client / "known_hosts"
    files.set_mode(path, MODE)
    private = files.read(path) or b""
    is_new = not public_key(private)
    if is_new:
        private = _generate_key()
    if is_new or not files.is_private(path, MODE, owner.uid):
        files.write(path, private, owner=owner)
    old_entry, new_entry = files.read(known_hosts), _known_hosts_entry(alias, private)
    if old_entry != new_entry:
        files.write(known_hosts, new_entry)
    return is_new and old_entry is not None


def is_host_key_pinned(state_dir: StateDir, alias: str) -> bool:
    """Check whether the SSH host key is valid and pinned for the client under an alias.

    Raises:
        OSError: It exists and cannot be read.
    """
    private = files.read(state_dir.mount / HOST_KEY) or b""
    return bool(public_key(private)) and files.read(state_dir.client / "known_hosts") == _known_hosts_entry(
        alias, private
    )


def ensure_client_key(state_dir: StateDir) -> Path:
    """Create an SSH key for the client in the state folder if it is missing, and return the public key's path.

    A damaged key is replaced: it gives access only to this environment, which then accepts the new one.
    """
    files.ensure_private_folder(state_dir.folder)
    files.ensure_private_folder(state_dir.client)
    path = state_dir.client / "id_ed25519"
    public_path = path.with_suffix(".pub")
    files.set_mode(path, MODE)
    private = files.read(path) or b""
    if not public_key(private):
        files.remove(public_path)
        private = _generate_key()
        files.write(path, private)
    line = f"{public_key(private)} envkit\n".encode()
    if files.read(public_path) != line:
        files.write(public_path, line, mode=0o644)
    return public_path


def public_key(private: bytes) -> str:
    """Return the public line of an Ed25519 key in OpenSSH's format without a passphrase, or empty if it is invalid."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_private_key

    try:
        key = load_ssh_private_key(private, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return ""
    if not isinstance(key, Ed25519PrivateKey):
        return ""
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _known_hosts_entry(alias: str, private: bytes) -> bytes:
    return f"{alias} {public_key(private)}\n".encode()


def _is_token(content: bytes) -> bool:
    # The workspace's entrypoint accepts the same tokens.
    return re.fullmatch(rb"[!-~]{%d,}" % TOKEN_LENGTH, content.strip()) is not None


def _generate_key() -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
