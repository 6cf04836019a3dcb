"""The mounted files on an engine of another machine: a copy in a volume, brought by the engine's own API."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from envkit import credentials, files, names
from envkit.engines import archive, containers
from envkit.resolve import far

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkit.engines.connect import Engine
    from envkit.model.found import FoundVolume
    from envkit.model.plan import Plan
    from envkit.state import Place

ROOT = "0"  # the volume's folder in the archive
SECRETS = f"{ROOT}/secrets"


def volume(plan: Plan) -> str:
    """Return the name of the volume that holds the files."""
    return names.volume(plan.run.name, far.FILES)


def mark(place: Place, plan: Plan, volumes: Mapping[str, FoundVolume]) -> str:
    """Return what tells one delivery from another: every file's content and mode, and which volume got them."""
    there = volumes.get(volume(plan))
    digest = hashlib.sha256(there.created.encode() if there else b"")
    for path, mode, content in _files(place, plan):
        digest.update(f"{path} {mode} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def deliver(engine: Engine, place: Place, plan: Plan, image: str, labels: Mapping[str, str]) -> None:
    """Bring the files of the state folder into the volume; what was taken out of the config goes.

    Args:
        engine: Where.
        place: Where the files lie here.
        plan: What says which.
        image: One that the engine has; nothing of it runs.
        labels: Of the container that holds the volume meanwhile.
    """
    containers.unpack(engine, (volume(plan),), _packed(place, plan), image, names.helper(plan.run.name), labels)


def _packed(place: Place, plan: Plan) -> bytes:
    whose = plan.run.user.uid, plan.run.user.gid
    # A file in the place of the folder takes it away with all that is in it; then it is made anew.
    folders = ((ROOT, None, 0o700), (SECRETS, b"", 0o600), (SECRETS, None, 0o700))
    files_ = ((f"{ROOT}/{path}", content, mode) for path, mode, content in _files(place, plan))
    return archive.packed(archive.Entry(path, content, mode, *whose) for path, content, mode in (*folders, *files_))


def _files(place: Place, plan: Plan) -> Iterator[tuple[str, int, bytes]]:
    """Yield path in the volume, mode and content: what lies in `mount` at its top, and passwd and group beside it."""
    kept = [(f"mount/{name}", credentials.MODE) for name in (credentials.TOKEN, credentials.HOST_KEY)]
    artifacts = [(one.path, one.mode) for one in plan.files.artifacts]
    secrets = [(f"mount/secrets/{one.name}", credentials.MODE) for one in plan.files.secrets]
    for path, mode in (*kept, *artifacts, *secrets):
        yield path.removeprefix("mount/").removeprefix("etc/"), mode, files.read(place.folder / path) or b""
