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
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envkit import credentials, files, host, names, state
from envkit.commands.project import FILE, folder_of
from envkit.commands.results import Up
from envkit.engines import glance
from envkit.engines.endpoint import endpoint
from envkit.model.facts import Wants
from envkit.model.report import Report
from envkit.observe import ready

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkit.state import Place

RECORD = "settled.json"
PACKAGE = Path(__file__).parent.parent
LABELS = (names.IMAGE, names.RUN, names.PORT)


def unchanged(start: Path, flags: Mapping[str, object]) -> Report[Up] | None:
    """Return the report of an `up` that has nothing to do, or None when that is not certain.

    Raises:
        Refusal: There is no such folder.
    """
    folder, engine = folder_of(start), endpoint()
    place = state.place(engine, folder)
    record = _record(place)
    if record is None or record["stamp"] != _stamp(folder, flags, _wants(record), place):
        return None
    result, labels = _result(record), record["labels"]
    found = glance.running(engine, result.ssh_host)
    if found is None or any(found.labels.get(name) != labels[name] for name in LABELS):
        return None
    if result.ssh_host not in found.networks:
        return None
    if ready.answers(int(labels[names.PORT]), credentials.token(place)) != ready.OK:
        return None
    return Report("up", result.name, result)


def remember(folder: str, flags: Mapping[str, object], wants: Wants, labels: Mapping[str, str], result: Up) -> None:
    """Leave the stamp of an `up` that succeeded.

    Raises:
        OSError: The disk is full, or the place cannot be written.
    """
    place = state.place(endpoint(), folder)
    record = {
        "stamp": _stamp(folder, flags, wants, place),
        "wants": asdict(wants),
        "labels": {name: labels[name] for name in LABELS},
        "result": {**asdict(result), "changed": ()},
    }
    files.write(place.folder / RECORD, json.dumps(record).encode())


def _record(place: Place) -> dict[str, Any] | None:
    content = files.read(place.folder / RECORD)
    try:
        record = json.loads(content or b"null")
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _wants(record: Mapping[str, Any]) -> Wants:
    given = {key: _frozen(value) for key, value in record["wants"].items()}
    return Wants(**given)


def _result(record: Mapping[str, Any]) -> Up:
    return Up(**{key: _frozen(value) for key, value in record["result"].items()})


def _frozen(value: Any) -> Any:
    return tuple(_frozen(one) for one in value) if isinstance(value, list) else value


def _stamp(folder: str, flags: Mapping[str, object], wants: Wants, place: Place) -> str:
    inputs = [
        folder,
        sorted((key, repr(value)) for key, value in flags.items()),
        host.stamp(wants),
        [host.file_stamp(path) for path in _kept(Path(folder) / FILE, place)],
        list(_package()),
    ]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()


def _kept(config: Path, place: Place) -> Iterator[Path]:
    """Yield the config file and every file of the state folder that the container or its client reads."""
    yield config
    yield place.folder / "state.json"
    for folder in (place.mount, place.mount / "secrets", place.etc, place.client):
        yield folder
        if folder.is_dir():
            yield from sorted(folder.iterdir())


def _package(folder: str = str(PACKAGE)) -> Iterator[tuple[str, int, int]]:
    """Yield a stamp of every file of envkit itself: another version may decide otherwise."""
    for entry in sorted(os.scandir(folder), key=lambda one: one.name):
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _package(entry.path)
        else:
            found = entry.stat()
            yield entry.path, found.st_size, found.st_mtime_ns
