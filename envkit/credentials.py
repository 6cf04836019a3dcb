"""Keys and tokens: made once, kept in the state folder, never printed here."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from envkit import files

if TYPE_CHECKING:
    from pathlib import Path

    from envkit.model.facts import Account
    from envkit.state import Place

TOKEN_BYTES = 32


def ensure_token(where: Place, owner: Account) -> None:
    """Make the Jupyter token if there is none: 256 random bits, readable by the container user alone.

    Raises:
        OSError: There is one and it cannot be read, or it cannot be written.
    """
    path = where.mount / "token"
    if not files.read(path):
        files.write(path, secrets.token_urlsafe(TOKEN_BYTES).encode(), owner=owner)


def token(where: Place) -> str:
    """Return the Jupyter token, or an empty text when none was made."""
    return (files.read(where.mount / "token") or b"").decode().strip()


def ensure_host_key(where: Place, owner: Account, alias: str) -> None:
    """Make the SSH host key if there is none, and pin it for the client under an alias.

    Raises:
        OSError: There is one and it cannot be read, or it cannot be written.
    """
    path = where.mount / "ssh_host_ed25519_key"
    if not files.read(path):
        private, _ = _new_ed25519()
        files.write(path, private, owner=owner)
    pinned = f"{alias} {public_half(files.read(path) or b'')}\n".encode()
    if files.read(where.client / "known_hosts") != pinned:
        files.write(where.client / "known_hosts", pinned)


def ensure_client_key(where: Place) -> Path:
    """Make an SSH key for the client in the state folder if there is none, and return its public half's path."""
    files.private_folder(where.folder)
    files.private_folder(where.client)
    path = where.client / "id_ed25519"
    public = path.with_suffix(".pub")
    private = files.read(path)
    if not private:
        files.remove(public)
        private, _ = _new_ed25519()
        files.write(path, private)
    if not files.read(public):
        files.write(public, f"{public_half(private)} envkit\n".encode(), mode=0o644)
    return public


def public_half(private: bytes) -> str:
    """Return the public line of an OpenSSH private key without passphrase."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_private_key

    key = load_ssh_private_key(private, password=None)
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _new_ed25519() -> tuple[bytes, str]:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return private, key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
