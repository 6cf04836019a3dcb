"""Inspect the files of an environment on this host: rights, other names, contents."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING

from envkit import credentials, host_fingerprint
from envkit.fs import files
from envkit.model.report import Observation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from envkit.model.last_applied import LastApplied
    from envkit.state import StateDir

OBSERVATION = "audit.state"
COUNT_MAX = 50
OTHERS = stat.S_IRWXG | stat.S_IRWXO
# Folders and files that other users may read: the container's user may be another one than the caller.
READABLE = ("guard", "etc")
PUBLIC_SUFFIX = ".pub"


def inspect(state_dir: StateDir, project: Path, user_ids: Collection[int], record: LastApplied | None) -> Observation:
    """Inspect every file of a state folder, and the configuration files of its project.

    Args:
        state_dir: State directory of the environment.
        project: Its project folder.
        user_ids: Users to whom the files may belong.
        record: What envkit made, or None if there is no record.
    """
    data: dict[str, list[str]] = {"open": [], "foreign": [], "linked": []}
    for path in (state_dir.folder, *sorted(state_dir.folder.rglob("*"))):
        name = path.relative_to(state_dir.folder).as_posix()
        for key, text in _find_faults(path, "the state folder" if name == "." else name, user_ids):
            data[key].append(text)
    if record is not None:
        data |= _compare_contents(state_dir, record)
    data["guards"] = list(_find_config_links(project))
    return Observation(OBSERVATION, {key: texts[:COUNT_MAX] for key, texts in data.items()})


def _find_faults(path: Path, name: str, user_ids: Collection[int]) -> Iterator[tuple[str, str]]:
    try:
        info = path.lstat()
    except OSError:  # removed meanwhile
        return
    mode = stat.S_IMODE(info.st_mode)
    is_public = name.split("/", 1)[0] in READABLE or name.endswith(PUBLIC_SUFFIX)
    if not stat.S_ISLNK(info.st_mode) and mode & (stat.S_IWGRP | stat.S_IWOTH if is_public else OTHERS):
        yield "open", f"{name} (mode {mode:04o})"
    if info.st_uid not in user_ids:
        yield "foreign", f"{name} (user {info.st_uid})"
    if stat.S_ISLNK(info.st_mode) or (stat.S_ISREG(info.st_mode) and info.st_nlink > 1):
        yield "linked", name


def _compare_contents(state_dir: StateDir, record: LastApplied) -> dict[str, list[str]]:
    changed, missing = [], []
    for name, digest in sorted(record.state_files.items()):
        content = files.read_if_permitted(state_dir.folder / name)
        if content is None:
            missing.append(name)
        elif hashlib.sha256(content).hexdigest() != digest:
            changed.append(name)
    known = {
        f"mount/{credentials.TOKEN}",
        f"mount/{credentials.HOST_KEY}",
        "mount/secrets",
        *record.state_files,
        *(f"mount/secrets/{name}" for name in record.secrets),
    }
    found = {path.relative_to(state_dir.folder).as_posix() for path in state_dir.mount.rglob("*")}
    missing += [name for name in (f"mount/{credentials.TOKEN}", f"mount/{credentials.HOST_KEY}") if name not in found]
    return {"changed": changed, "missing": missing, "unknown": sorted(found - known)}


def _find_config_links(project: Path) -> Iterator[str]:
    """Yield why a configuration file can be changed in spite of the read-only mount over it."""
    for name in host_fingerprint.CONFIG_FILES:
        path = project / name
        if not os.path.lexists(path):
            continue
        info = path.lstat()
        if stat.S_ISLNK(info.st_mode):
            yield f"{path} is a symbolic link, so container code may change its target"
        elif info.st_nlink > 1:
            yield f"{path} has another name (a hard link), through which container code may change it"
