"""Cache the inputs of the last successful `up`, so that an unchanged `up` does nothing and inspects almost nothing.

`resolve` and `render` are pure: equal inputs give an equal plan. A successful `up` stores a fingerprint of all its
inputs (configuration, flags, caller, files, environment variables, envkit itself) with the digests they led to. While
the fingerprint is unchanged, the running container has those digests and JupyterLab accepts the token, there is
nothing to resolve. Files are compared by size, inode and modification time, as build tools do.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envkit import backends, credentials, host, naming, ssh_tunnel, state
from envkit.backends.endpoint import current_endpoint
from envkit.environment.project import CONFIG_FILE, find_folder
from envkit.environment.results import UpResult
from envkit.fs import files
from envkit.model.facts import HostQuery
from envkit.model.report import Report
from envkit.observe import jupyter_client, readiness

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkit.state import StateDir

CACHE_FILE = "up-cache.json"
PACKAGE_FOLDER = Path(__file__).parent.parent
LABEL_KEYS = (naming.IMAGE, naming.RUN, naming.PORT, naming.SSH_PORT_LABEL)


def lookup(start: Path, flags: Mapping[str, object]) -> Report[UpResult] | None:
    """Return the report of an `up` that has nothing to do, or None if that is not certain.

    Raises:
        PreconditionError: The project folder does not exist, or the state directory is not private.
    """
    folder, engine_endpoint = find_folder(start), current_endpoint()
    if ssh_tunnel.is_remote(engine_endpoint):
        return None  # the workspace and its copy have to be compared
    state_dir = state.directory(engine_endpoint, folder)
    record = _load_record(state_dir)
    if record is None:
        return None
    files.ensure_private_folder(state_dir.folder)
    if record.stamp != compute_stamp(digest_inputs(folder, flags, record.query, config_stamp(folder)), state_dir):
        return None
    result, labels = record.result, record.labels
    container = backends.fast(engine_endpoint).running_container(result.ssh_host)
    if container is None or any(container.labels.get(name, "") != labels[name] for name in LABEL_KEYS):
        return None
    if result.ssh_host not in container.networks:
        return None
    return Report("up", result.name, result) if _is_reachable(result, labels, state_dir) else None


def _is_reachable(result: UpResult, labels: Mapping[str, str], state_dir: StateDir) -> bool:
    if not labels[naming.PORT]:
        return False  # a Unix socket is queried through the SDK, which the full path does
    jupyter_ok = (
        readiness.get_token_status(jupyter_client.port_client(int(labels[naming.PORT])), credentials.token(state_dir))
        == readiness.OK
    )
    return jupyter_ok and (not result.ssh_port or readiness.is_ssh_server(result.ssh_port))


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
    record = {
        "stamp": compute_stamp(inputs_digest, state_dir),
        "query": asdict(query),
        "labels": {name: labels.get(name, "") for name in LABEL_KEYS},
        "result": {**asdict(result), "changed": ()},
    }
    files.write(state_dir.folder / CACHE_FILE, json.dumps(record).encode())


def config_stamp(folder: str) -> list[object]:
    """Return the fingerprint of the configuration file; call it before the file is read."""
    return host.file_fingerprint(Path(folder) / CONFIG_FILE)


def digest_inputs(folder: str, flags: Mapping[str, object], query: HostQuery, file_stamp: list[object]) -> str:
    """Compute a digest of the inputs of a plan, apart from the state directory.

    Args:
        folder: Project folder.
        flags: Configuration keys set by flags.
        query: Host facts that the configuration needs.
        file_stamp: Result of `config_stamp`.
    """
    flag_items = sorted((key, repr(value)) for key, value in flags.items())
    return _sha256([folder, flag_items, file_stamp, host.fingerprint(query), list(_package_stamps())])


def compute_stamp(inputs_digest: str, state_dir: StateDir) -> str:
    """Compute the fingerprint of an environment: its inputs and its state directory."""
    return _sha256([inputs_digest, [host.file_fingerprint(path) for path in _state_files(state_dir)]])


def _sha256(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Record:
    stamp: str
    query: HostQuery
    labels: Mapping[str, str]
    result: UpResult


def _load_record(state_dir: StateDir) -> _Record | None:
    """Read the cache; damaged data or another format counts as no cache."""
    content = files.read(state_dir.folder / CACHE_FILE)
    try:
        data = json.loads(content or b"null")
        labels = {name: str(data["labels"][name]) for name in LABEL_KEYS}
        return _Record(
            str(data["stamp"]),
            HostQuery(**_parse_fields(data["query"])),
            labels,
            UpResult(**_parse_fields(data["result"])),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _parse_fields(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _freeze(value) for key, value in data.items()}


def _freeze(value: Any) -> Any:
    return tuple(_freeze(item) for item in value) if isinstance(value, list) else value


def _state_files(state_dir: StateDir) -> Iterator[Path]:
    """Yield every file of the state directory that the container or the SSH client reads."""
    yield state_dir.folder / state.STATE_FILE
    for folder in (state_dir.mount, state_dir.mount / "secrets", state_dir.etc, state_dir.guard, state_dir.client):
        yield folder
        if folder.is_dir():
            yield from sorted(folder.iterdir())


def _package_stamps(folder: str = str(PACKAGE_FOLDER)) -> Iterator[tuple[str, int, int]]:
    """Yield the size and time of every file of envkit itself: another version may choose differently."""
    for entry in sorted(os.scandir(folder), key=lambda dir_entry: dir_entry.name):
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _package_stamps(entry.path)
        else:
            file_stat = entry.stat()
            yield entry.path, file_stat.st_size, file_stat.st_mtime_ns
