"""Nothing changed means nothing done, and nearly nothing looked at.

`resolve` and `render` are pure: equal inputs give an equal plan. So an `up` that succeeded leaves a stamp of
all its inputs (config, flags, caller, files, environment, envkit itself) beside the digests they led to. While
the stamp is the same, the running container has those digests and its server takes our token, there is
nothing to resolve. The stamp goes by size, inode and modification time of files, as build tools do.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envkit import credentials, host, naming, ssh_tunnel, state
from envkit.backends.docker import fast_inspect
from envkit.backends.docker.endpoint import current_endpoint
from envkit.environment.project import CONFIG_FILE, find_folder
from envkit.environment.results import UpResult
from envkit.fs import files
from envkit.model.facts import HostQuery
from envkit.model.report import Report
from envkit.observe import jupyter_client, readiness

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkit.state import StateDir

CACHE_FILE = "settled.json"
PACKAGE_FOLDER = Path(__file__).parent.parent
LABEL_KEYS = (naming.IMAGE, naming.RUN, naming.PORT, naming.SSH_PORT_LABEL)


def lookup(start: Path, flags: Mapping[str, object]) -> Report[UpResult] | None:
    """Return the report of an `up` that has nothing to do, or None when that is not certain.

    Raises:
        Refusal: There is no such folder, or the state folder is open to others.
    """
    folder, engine_endpoint = find_folder(start), current_endpoint()
    if ssh_tunnel.is_remote(engine_endpoint):
        return None  # what changed in workspace and copy has to be looked at
    state_dir = state.directory(engine_endpoint, folder)
    record = _load_record(state_dir)
    if record is None:
        return None
    files.ensure_private_folder(state_dir.folder)
    if record.stamp != compute_stamp(digest_inputs(folder, flags, record.query, config_stamp(folder)), state_dir):
        return None
    result, labels = record.result, record.labels
    container = fast_inspect.running_container(engine_endpoint, result.ssh_host)
    if container is None or any(container.labels.get(name, "") != labels[name] for name in LABEL_KEYS):
        return None
    if result.ssh_host not in container.networks:
        return None
    return Report("up", result.name, result) if _is_reachable(result, labels, state_dir) else None


def _is_reachable(result: UpResult, labels: Mapping[str, str], state_dir: StateDir) -> bool:
    if not labels[naming.PORT]:
        return False  # a socket inside is asked through the engine's SDK, which is the ordinary road
    jupyter_ok = (
        readiness.get_token_status(jupyter_client.port_client(int(labels[naming.PORT])), credentials.token(state_dir))
        == readiness.OK
    )
    return jupyter_ok and (not result.ssh_port or readiness.is_ssh_server(result.ssh_port))


def store(
    inputs_digest: str, state_dir: StateDir, query: HostQuery, labels: Mapping[str, str], result: UpResult
) -> None:
    """Leave the stamp of an `up` that succeeded.

    Args:
        inputs_digest: `outside`, taken before anything was looked at: what changed meanwhile must not count as seen.
        state_dir: Where the environment's state lies.
        query: What the config wants to know of the host.
        labels: The container's.
        result: What the next `up` reports when nothing changed.

    Raises:
        OSError: The disk is full, or the place cannot be written.
    """
    record = {
        "stamp": compute_stamp(inputs_digest, state_dir),
        "wants": asdict(query),
        "labels": {name: labels.get(name, "") for name in LABEL_KEYS},
        "result": {**asdict(result), "changed": ()},
    }
    files.write(state_dir.folder / CACHE_FILE, json.dumps(record).encode())


def config_stamp(folder: str) -> list[object]:
    """Return the config file's stamp, to be taken before the file is read."""
    return host.file_fingerprint(Path(folder) / CONFIG_FILE)


def digest_inputs(folder: str, flags: Mapping[str, object], query: HostQuery, file_stamp: list[object]) -> str:
    """Return what tells one set of a plan's inputs from another, without what envkit itself keeps.

    Args:
        folder: The project.
        flags: Keys the command line overrides.
        query: What the config wants to know of the host.
        file_stamp: What `config_stamp` said.
    """
    flag_items = sorted((key, repr(value)) for key, value in flags.items())
    return _sha256([folder, flag_items, file_stamp, host.fingerprint(query), list(_package_stamps())])


def compute_stamp(inputs_digest: str, state_dir: StateDir) -> str:
    """Return what tells one state of a settled environment from another."""
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
    """Read what the last `up` left; what is damaged or of another version counts as nothing."""
    content = files.read(state_dir.folder / CACHE_FILE)
    try:
        data = json.loads(content or b"null")
        labels = {name: str(data["labels"][name]) for name in LABEL_KEYS}
        return _Record(
            str(data["stamp"]),
            HostQuery(**_parse_fields(data["wants"])),
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
    """Yield every file of the state folder that the container or its client reads."""
    yield state_dir.folder / state.STATE_FILE
    for folder in (state_dir.mount, state_dir.mount / "secrets", state_dir.etc, state_dir.guard, state_dir.client):
        yield folder
        if folder.is_dir():
            yield from sorted(folder.iterdir())


def _package_stamps(folder: str = str(PACKAGE_FOLDER)) -> Iterator[tuple[str, int, int]]:
    """Yield a stamp of every file of envkit itself: another version may decide otherwise."""
    for entry in sorted(os.scandir(folder), key=lambda dir_entry: dir_entry.name):
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _package_stamps(entry.path)
        else:
            file_stat = entry.stat()
            yield entry.path, file_stat.st_size, file_stat.st_mtime_ns
