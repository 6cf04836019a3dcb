"""Rules of paths: on the host, inside the container, inside the workspace.

Only the text is checked here. `resolve` checks the resolved host paths.
"""

from __future__ import annotations

import posixpath
import re

from envkit.config.display import quote
from envkit.config.fields import plain_text
from envkit.config.invalid_value import InvalidValueError

# Not available as mount targets: used by the system or by envkit.
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
RESERVED_FOLDERS = ("/tmp", "/workspace", "/home/dev")  # noqa: S108 - in the container; subfolders are available

_PRIVATE_KEY_FILE = r"id_[a-z0-9_]+|.*\.pem|.*\.key"
_PUBLIC_KEY_TEXT = r"(?:ssh-|ecdsa-|sk-)[a-z0-9@.-]+ "


def host_path(value: str) -> str:
    """Accept a path on the host as written; `~` and links are resolved later."""
    return plain_text(value)


def target(value: str) -> str:
    """Accept an absolute path inside the container that neither the system nor envkit uses."""
    plain_text(value)
    parts = value.split("/")
    if not value.startswith("/") or ".." in parts:
        raise InvalidValueError(
            f"{quote(value)} is not a valid mount target; use an absolute path without .., such as /data"
        )
    normalized = "/" + posixpath.normpath(value).lstrip("/")
    if value != normalized:
        raise InvalidValueError(f"{quote(value)} is not normalized; use {quote(normalized)}")
    if reserved := _reserved_path(value):
        message = f"{quote(value)} would hide {reserved}, which the workspace needs; use another path, such as /data"
        raise InvalidValueError(message, code="reserved-path")
    return value


def _reserved_path(path: str) -> str:
    """Return the reserved path that a mount at this path would hide or change, or an empty string."""
    for reserved in RESERVED_TREES:
        if f"{path}/".startswith(f"{reserved}/"):
            return reserved
    for reserved in (*RESERVED_FOLDERS, *RESERVED_TREES):
        if f"{reserved}/".startswith(f"{path.rstrip('/')}/"):
            return reserved
    return ""


def workspace_path(value: str) -> str:
    """Accept a path relative to the workspace, and normalize it."""
    plain_text(value)
    if value.startswith(("/", "~", "-")) or ".." in value.split("/"):
        raise InvalidValueError(
            f"{quote(value)} is not inside the workspace; use a relative path without .., such as logs"
        )
    return posixpath.normpath(value)


def public_key_file(value: str) -> str:
    """Accept the path of a public SSH key; refuse key texts and names of private keys."""
    if re.match(_PUBLIC_KEY_TEXT, value):
        raise InvalidValueError("expected the path of a public key, got a key; save it to a file and use its path")
    plain_text(value)
    if re.fullmatch(_PRIVATE_KEY_FILE, value.rsplit("/", 1)[-1]):
        message = f"{quote(value)} looks like a private key; use the public key, which ends in .pub"
        raise InvalidValueError(message, code="private-key")
    return value


def key_files(value: tuple[str, ...]) -> tuple[str, ...]:
    """Accept one or more key files; without a key, no login is possible."""
    if not value:
        raise InvalidValueError("is empty; add a public key, or remove `keys` to use yours")
    return value


def certificates(value: str) -> str:
    """Accept auto, off, or the path of a file with CA certificates."""
    return value if value in {"auto", "off"} else plain_text(value)
