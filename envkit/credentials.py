"""Keys and tokens: made once, kept in the state folder, never printed here."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from envkit import files

if TYPE_CHECKING:
    from pathlib import Path

    from envkit.model.facts import Account
    from envkit.state import Place

TOKEN, HOST_KEY = "token", "ssh_host_ed25519_key"
MODE = 0o600
TOKEN_BYTES = 32
TOKEN_LENGTH = 43  # characters that so many bytes take


def ensure_token(where: Place, owner: Account) -> None:
    """Make the Jupyter token if there is none: 256 random bits, readable by the container user alone.

    A damaged one, which the workspace would not start with, is made anew.

    Raises:
        OSError: There is one and it cannot be read, or it cannot be written.
    """
    path = where.mount / TOKEN
    files.set_mode(path, MODE)
    kept = files.read(path) or b""
    if not _is_token(kept):
        files.write(path, secrets.token_urlsafe(TOKEN_BYTES).encode(), owner=owner)
    elif not files.is_private(path, MODE, owner.uid):
        files.write(path, kept, owner=owner)


def token(where: Place) -> str:
    """Return the Jupyter token, or an empty text when none was made or it is damaged.

    Raises:
        OSError: There is one and it cannot be read.
    """
    kept = files.read(where.mount / TOKEN) or b""
    return kept.decode().strip() if _is_token(kept) else ""


def ensure_host_key(where: Place, owner: Account, alias: str) -> bool:
    """Make the SSH host key if there is none, or a damaged one, and pin it for the client under an alias.

    Returns:
        Whether clients that knew the key before will see another one.

    Raises:
        OSError: There is one and it cannot be read, or it cannot be written.
    """
    path, known = where.mount / HOST_KEY, where.client / "known_hosts"
    files.set_mode(path, MODE)
    private = files.read(path) or b""
    made = not public_half(private)
    if made:
        private = _new_ed25519()
    if made or not files.is_private(path, MODE, owner.uid):
        files.write(path, private, owner=owner)
    before, pinned = files.read(known), _pinned(alias, private)
    if before != pinned:
        files.write(known, pinned)
    return made and before is not None


def host_key_pinned(where: Place, alias: str) -> bool:
    """Say whether the SSH host key is sound, and the client knows it under an alias.

    Raises:
        OSError: There is one and it cannot be read.
    """
    private = files.read(where.mount / HOST_KEY) or b""
    return bool(public_half(private)) and files.read(where.client / "known_hosts") == _pinned(alias, private)


def ensure_client_key(where: Place) -> Path:
    """Make an SSH key for the client in the state folder if there is none, and return its public half's path.

    A damaged one is made anew: it opens only this environment, which learns the new one.
    """
    files.private_folder(where.folder)
    files.private_folder(where.client)
    path = where.client / "id_ed25519"
    public = path.with_suffix(".pub")
    files.set_mode(path, MODE)
    private = files.read(path) or b""
    if not public_half(private):
        files.remove(public)
        private = _new_ed25519()
        files.write(path, private)
    line = f"{public_half(private)} envkit\n".encode()
    if files.read(public) != line:
        files.write(public, line, mode=0o644)
    return public


def public_half(private: bytes) -> str:
    """Return the public line of an Ed25519 key in OpenSSH's form without passphrase; nothing if it is none."""
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


def _pinned(alias: str, private: bytes) -> bytes:
    return f"{alias} {public_half(private)}\n".encode()


def _is_token(content: bytes) -> bool:
    # What the workspace's entrypoint starts with.
    return re.fullmatch(rb"[!-~]{%d,}" % TOKEN_LENGTH, content.strip()) is not None


def _new_ed25519() -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
