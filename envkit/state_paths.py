"""Paths of the state folders as text. `state` reads and writes them; an unchanged `up` needs only their paths."""

from __future__ import annotations

import hashlib
import os
import re

STATE_FILE = "state.json"
LOCAL_ENDPOINTS = {"unix:///var/run/docker.sock", "unix:///run/docker.sock"}


def state_home() -> str:
    """Return the folder of all state."""
    base = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(base, "envkit")


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
