"""What a path may be: on the host, inside the container, inside the workspace.

Only the writing is judged here. What a host path leads to, links followed, is judged where it is known.
"""

from __future__ import annotations

import posixpath
import re

from envkit.config.display import quote
from envkit.config.fields import plain_text

# Mounted over by nothing: each is the system's, or envkit mounts something of its own there.
RESERVED_TREES = (
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/opt/envkit",
    "/opt/jupyter",
    "/opt/tensorflow",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/var",
)
RESERVED_FOLDERS = ("/tmp", "/workspace", "/home/dev")  # noqa: S108 - inside the container; folders below are free

_PRIVATE_KEY_FILE = r"id_[a-z0-9_]+|.*\.pem|.*\.key"
_PUBLIC_KEY_TEXT = r"(?:ssh-|ecdsa-|sk-)[a-z0-9@.-]+ "


def host_path(value: str) -> str:
    """Accept a path on the host as written; `~` and links are followed later."""
    return plain_text(value)


def target(value: str) -> str:
    """Accept an absolute path inside the container that envkit and the system leave free."""
    plain_text(value)
    parts = value.split("/")
    if not value.startswith("/") or ".." in parts:
        raise ValueError(f"{quote(value)} is no place to mount at; write a full path without .., such as /data")
    normalized = "/" + posixpath.normpath(value).lstrip("/")
    if value != normalized:
        raise ValueError(f"{quote(value)} is a long way to write it; write {quote(normalized)}")
    if reserved := _reserved_path(value):
        hint = "mount at a place of its own, such as /data"
        raise ValueError(f"{quote(value)} would hide {reserved}, which the workspace needs; {hint}")
    return value


def _reserved_path(path: str) -> str:
    """Return what of the system a mount at a path would hide or reach into, or an empty text."""
    for reserved in RESERVED_TREES:
        if f"{path}/".startswith(f"{reserved}/"):
            return reserved
    for reserved in (*RESERVED_FOLDERS, *RESERVED_TREES):
        if f"{reserved}/".startswith(f"{path.rstrip('/')}/"):
            return reserved
    return ""


def workspace_path(value: str) -> str:
    """Accept a path relative to the workspace that stays in it; returns it without `./` and doubled slashes."""
    plain_text(value)
    if value.startswith(("/", "~", "-")) or ".." in value.split("/"):
        raise ValueError(f"{quote(value)} is not below the workspace; write a relative path without .., such as logs")
    return posixpath.normpath(value)


def public_key_file(value: str) -> str:
    """Accept the path of a public SSH key; refuses what is a key itself, or by its name a private one."""
    if re.match(_PUBLIC_KEY_TEXT, value):
        raise ValueError("expected the path of a public key, got a key; save it to a file and name that")
    plain_text(value)
    if re.fullmatch(_PRIVATE_KEY_FILE, value.rsplit("/", 1)[-1]):
        raise ValueError(f"{quote(value)} looks like a private key; name the public one, which ends in .pub")
    return value


def key_files(value: tuple[str, ...]) -> tuple[str, ...]:
    """Accept one key file or more: without any, nobody could log in."""
    if not value:
        raise ValueError("is empty; name a public key, or take `keys` out to use yours")
    return value


def certificates(value: str) -> str:
    """Accept auto, off, or the path of a file with CA certificates."""
    return value if value in {"auto", "off"} else plain_text(value)
