"""Paths of the state folders as text. `state` reads and writes them; an unchanged `up` needs only their paths."""

from __future__ import annotations

import hashlib
import os
import pwd
import re
from contextlib import suppress

from envkit.errors import PreconditionError

STATE_FILE = "state.json"
LAST_APPLIED_FILE = "last-applied.json"
LOCAL_ENDPOINTS = {"unix:///var/run/docker.sock", "unix:///run/docker.sock"}


def state_home() -> str:
    """Return the folder of all state; a relative `XDG_STATE_HOME` is ignored, as its specification says.

    Raises:
        PreconditionError: The caller has no home folder.
    """
    base = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(require_home(), ".local", "state")
    return os.path.join(base, "envkit")


def home() -> str:
    """Return the caller's home folder; empty for a user id without an account and without `HOME`."""
    folder = os.environ.get("HOME", "")
    if os.path.isabs(folder):
        return folder
    with suppress(KeyError, OverflowError):  # a user id without an account, or too large for one
        return pwd.getpwuid(os.getuid()).pw_dir
    return ""


def require_home() -> str:
    """Return the caller's home folder.

    Raises:
        PreconditionError: The caller has none.
    """
    folder = home()
    if not folder:
        raise PreconditionError(
            f"user {os.getuid()} has no home folder: HOME is not set to an absolute path, and there is no account",
            code="home-unknown",
            hint="set HOME or XDG_STATE_HOME to a folder that belongs to you",
        )
    return folder


def engine_root(engine: str) -> str:
    """Return the folder of all environments on one engine, by its endpoint."""
    key = "local" if engine in LOCAL_ENDPOINTS else f"engine-{_short_hash(engine)}"
    return os.path.join(state_home(), key)


def environment_folder(engine: str, project: str) -> str:
    """Return the state folder of a project's environment: one folder per real path."""
    slug = re.sub(r"[^a-z0-9]+", "-", os.path.basename(project).lower()).strip("-")[:32] or "project"
    return os.path.join(engine_root(engine), f"{slug}-{_short_hash(project)}")


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]
