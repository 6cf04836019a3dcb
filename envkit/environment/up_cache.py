"""Cache the inputs of the last successful `up`, so that an unchanged `up` does nothing and inspects almost nothing.

`resolve` and `render` are pure: equal inputs give an equal plan. A successful `up` stores a fingerprint of all its
inputs (configuration, flags, caller, files, environment variables, envkit itself) with the digests they led to. While
the fingerprint is unchanged, the running container has those digests and JupyterLab accepts the token, there is
nothing to resolve. Files are compared by size, inode and modification time, as build tools do.

Importing modules takes most of the time of an unchanged `up`. The path of `find_result` needs no `pathlib`,
`dataclasses`, `typing` or `http.client`, nor a module that imports one of them.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys

from envkit import backends, credentials, host_fingerprint, naming, state_paths
from envkit.backends.fast_endpoint import UNIX_SCHEME
from envkit.environment import project_folder
from envkit.errors import PreconditionError
from envkit.fs import files
from envkit.observe import jupyter_port

TYPE_CHECKING = False  # not from typing, whose import an unchanged `up` does not need
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from envkit.environment.results import UpResult
    from envkit.model.facts import HostQuery
    from envkit.model.report import Report
    from envkit.state import StateDir

CACHE_FILE = "up-cache.json"
PACKAGE_FOLDER = os.path.dirname(os.path.dirname(__file__))
LABEL_KEYS = (naming.IMAGE, naming.RUN, naming.PORT, naming.SSH_PORT_LABEL)
STATE_FOLDERS = ("mount", "mount/secrets", "etc", "guard", "client")  # of files that the container or ssh reads


def lookup(start: Path, flags: Mapping[str, object]) -> Report[UpResult] | None:
    """Return the report of an `up` that has nothing to do, or None if that is not certain.

    Raises:
        PreconditionError: The project folder does not exist, or the state directory is not private.
    """
    from envkit.backends.endpoint import current_endpoint
    from envkit.environment.results import UpResult
    from envkit.model.report import Report

    fields = find_result(str(start), flags, current_endpoint)
    if fields is None:
        return None
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
    result = UpResult(**values)
    return Report("up", result.name, result)


def find_result(start: str, flags: Mapping[str, object], find_endpoint: Callable[[], str]) -> dict[str, Any] | None:
    """Return the fields of the `UpResult` of an `up` that has nothing to do, or None if that is not certain.

    Args:
        start: Project folder, or a folder below it.
        flags: Configuration keys set by flags.
        find_endpoint: Function that returns the endpoint of the engine.

    Raises:
        PreconditionError: The project folder does not exist, or the state directory is not private.
    """
    folder, engine_endpoint = project_folder.find(start, find_endpoint), find_endpoint()
    if not engine_endpoint.startswith(UNIX_SCHEME):
        return None  # on a remote engine, the workspace and its copy have to be compared
    state_folder = state_paths.environment_folder(engine_endpoint, folder)
    record = _load_record(state_folder)
    if record is None:
        return None
    files.check_private_folder(state_folder, {os.getuid()})
    if record["stamp"] != _compute_stamp(
        _digest_inputs(folder, flags, record["query"], config_stamp(folder)), state_folder
    ):
        return None
    result, labels = record["result"], record["labels"]
    container_name = result["ssh_host"]
    if not backends.fast(engine_endpoint).is_running(container_name, labels, container_name):
        return None
    return result if _is_reachable(result, labels, state_folder) else None


def _is_reachable(result: Mapping[str, Any], labels: Mapping[str, str], state_folder: str) -> bool:
    if not labels[naming.PORT]:
        return False  # a Unix socket is queried through the SDK, which the full path does
    token = credentials.token_in(f"{state_folder}/mount")
    if not jupyter_port.accepts_token(int(labels[naming.PORT]), token):
        return False
    if not result["ssh_port"]:
        return True
    from envkit.observe import readiness

    return readiness.is_ssh_server(result["ssh_port"])


def store(
    inputs_digest: str, state_dir: StateDir, query: HostQuery, labels: Mapping[str, str], result: UpResult
) -> None:
    """Store the inputs and the result of a successful `up`.

    Args:
        inputs_digest: Result of `digest_inputs`, computed before anything was read, so that later changes are detected.
        state_dir: State directory of the environment.
        query: Host facts that the configuration needs.
        labels: Labels of the container.
        result: Result that an unchanged `up` reports.

    Raises:
        OSError: The disk is full, or the state directory cannot be written.
    """
    from dataclasses import asdict

    text = json.dumps(
        {
            "stamp": compute_stamp(inputs_digest, state_dir),
            "query": asdict(query),
            "labels": {name: labels.get(name, "") for name in LABEL_KEYS},
            "result": {**asdict(result), "changed": ()},
        }
    )
    path = state_dir.folder / CACHE_FILE
    if path.is_dir():  # restored or created by mistake; a rename cannot replace it
        files.remove(path)
    files.write(path, f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}".encode())


def config_stamp(folder: str) -> list[object]:
    """Return the fingerprint of the configuration file; call it before the file is read."""
    return host_fingerprint.path_fingerprint(f"{folder}/{project_folder.CONFIG_FILE}")


def digest_inputs(folder: str, flags: Mapping[str, object], query: HostQuery, file_stamp: list[object]) -> str:
    """Compute a digest of the inputs of a plan, apart from the state directory.

    Args:
        folder: Project folder.
        flags: Configuration keys set by flags.
        query: Host facts that the configuration needs.
        file_stamp: Result of `config_stamp`.
    """
    from dataclasses import asdict

    return _digest_inputs(folder, flags, asdict(query), file_stamp)


def _digest_inputs(folder: str, flags: Mapping[str, object], query: Mapping[str, Any], file_stamp: list[object]) -> str:
    flag_items = sorted((key, repr(value)) for key, value in flags.items())
    # The SSH host entry contains the path of this interpreter.
    inputs = [folder, flag_items, file_stamp, sys.executable, host_fingerprint.fingerprint(query), _package_stamps()]
    return _sha256(inputs)


def compute_stamp(inputs_digest: str, state_dir: StateDir) -> str:
    """Compute the fingerprint of an environment: its inputs and its state directory."""
    return _compute_stamp(inputs_digest, str(state_dir.folder))


def _compute_stamp(inputs_digest: str, state_folder: str) -> str:
    stamps = [host_fingerprint.path_fingerprint(path)[1:] for path in _state_paths(state_folder)]
    return _sha256([inputs_digest, stamps])


def _sha256(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _load_record(state_folder: str) -> dict[str, Any] | None:
    """Read the cache; damaged or unreadable data and another format count as no cache."""
    try:
        content = files.read_if_permitted(f"{state_folder}/{CACHE_FILE}") or b""
    except PreconditionError:  # too large
        return None
    digest, _, text = content.partition(b"\n")
    if digest.decode("ascii", "replace") != hashlib.sha256(text).hexdigest():
        return None
    try:
        record = json.loads(text)
        is_valid = (
            isinstance(record["stamp"], str)
            and record["query"].keys() >= {"project", "workspace", "keys", "texts", "paths", "secrets", "ca"}
            and record["result"].keys() >= {"name", "ssh_host", "ssh_port"}
            and record["labels"].keys() == set(LABEL_KEYS)
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return record if is_valid else None


def _state_paths(state_folder: str) -> Iterator[str]:
    """Yield every file of the state directory that the container, the SSH client or the audit reads."""
    yield f"{state_folder}/{state_paths.STATE_FILE}"
    yield f"{state_folder}/{state_paths.LAST_APPLIED_FILE}"
    for name in STATE_FOLDERS:
        folder = f"{state_folder}/{name}"
        yield folder
        if os.path.isdir(folder):
            yield from sorted(f"{folder}/{entry}" for entry in os.listdir(folder))


def _package_stamps(folder: str = PACKAGE_FOLDER) -> list[tuple[str, int, int]]:
    """Return the size and time of every file of envkit itself: another version may choose differently."""
    stamps = []
    folders = [folder]
    for path in folders:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir():
                    if entry.name != "__pycache__":
                        folders.append(entry.path)
                else:
                    file_stat = entry.stat()
                    stamps.append((entry.path, file_stat.st_size, file_stat.st_mtime_ns))
    stamps.sort()
    return stamps
