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

from envkit import credentials, files, host, names, state, tunnel
from envkit.commands.project import FILE, folder_of
from envkit.commands.results import Up
from envkit.engines import glance
from envkit.engines.endpoint import endpoint
from envkit.model.facts import Wants
from envkit.model.report import Report
from envkit.observe import door, ready

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkit.state import Place

RECORD = "settled.json"
PACKAGE = Path(__file__).parent.parent
LABELS = (names.IMAGE, names.RUN, names.PORT, names.PORT_OF_SSH)


def unchanged(start: Path, flags: Mapping[str, object]) -> Report[Up] | None:
    """Return the report of an `up` that has nothing to do, or None when that is not certain.

    Raises:
        Refusal: There is no such folder, or the state folder is open to others.
    """
    folder, engine = folder_of(start), endpoint()
    if tunnel.is_remote(engine):
        return None  # what changed in workspace and copy has to be looked at
    place = state.place(engine, folder)
    record = _record(place)
    if record is None:
        return None
    files.private_folder(place.folder)
    if record.stamp != stamp(outside(folder, flags, record.wants, config_stamp(folder)), place):
        return None
    result, labels = record.result, record.labels
    found = glance.running(engine, result.ssh_host)
    if found is None or any(found.labels.get(name, "") != labels[name] for name in LABELS):
        return None
    if result.ssh_host not in found.networks:
        return None
    return Report("up", result.name, result) if _answers(result, labels, place) else None


def _answers(result: Up, labels: Mapping[str, str], place: Place) -> bool:
    if not labels[names.PORT]:
        return False  # a socket inside is asked through the engine's SDK, which is the ordinary road
    jupyter = ready.answers(door.at_port(int(labels[names.PORT])), credentials.token(place)) == ready.OK
    return jupyter and (not result.ssh_port or ready.greets(result.ssh_port))


def remember(before: str, place: Place, wants: Wants, labels: Mapping[str, str], result: Up) -> None:
    """Leave the stamp of an `up` that succeeded.

    Args:
        before: `outside`, taken before anything was looked at: what changed meanwhile must not count as seen.
        place: Where the environment's state lies.
        wants: What the config wants to know of the host.
        labels: The container's.
        result: What the next `up` reports when nothing changed.

    Raises:
        OSError: The disk is full, or the place cannot be written.
    """
    record = {
        "stamp": stamp(before, place),
        "wants": asdict(wants),
        "labels": {name: labels.get(name, "") for name in LABELS},
        "result": {**asdict(result), "changed": ()},
    }
    files.write(place.folder / RECORD, json.dumps(record).encode())


def config_stamp(folder: str) -> list[object]:
    """Return the config file's stamp, to be taken before the file is read."""
    return host.file_stamp(Path(folder) / FILE)


def outside(folder: str, flags: Mapping[str, object], wants: Wants, config: list[object]) -> str:
    """Return what tells one set of a plan's inputs from another, without what envkit itself keeps.

    Args:
        folder: The project.
        flags: Keys the command line overrides.
        wants: What the config wants to know of the host.
        config: What `config_stamp` said.
    """
    given = sorted((key, repr(value)) for key, value in flags.items())
    return _sha([folder, given, config, host.stamp(wants), list(_package())])


def stamp(before: str, place: Place) -> str:
    """Return what tells one state of a settled environment from another."""
    return _sha([before, [host.file_stamp(path) for path in _kept(place)]])


def _sha(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Record:
    stamp: str
    wants: Wants
    labels: Mapping[str, str]
    result: Up


def _record(place: Place) -> _Record | None:
    """Read what the last `up` left; what is damaged or of another version counts as nothing."""
    content = files.read(place.folder / RECORD)
    try:
        given = json.loads(content or b"null")
        labels = {name: str(given["labels"][name]) for name in LABELS}
        return _Record(str(given["stamp"]), Wants(**_fields(given["wants"])), labels, Up(**_fields(given["result"])))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _fields(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _frozen(value) for key, value in given.items()}


def _frozen(value: Any) -> Any:
    return tuple(_frozen(one) for one in value) if isinstance(value, list) else value


def _kept(place: Place) -> Iterator[Path]:
    """Yield every file of the state folder that the container or its client reads."""
    yield place.folder / state.RECORD
    for folder in (place.mount, place.mount / "secrets", place.etc, place.guard, place.client):
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
