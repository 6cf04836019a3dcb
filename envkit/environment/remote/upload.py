"""The mounted files on an engine of another machine: a copy in a volume, brought by the engine's own API."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from envkit import credentials, naming
from envkit.backends.docker import containers, tar
from envkit.fs import files
from envkit.resolve import remote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkit.backends.docker.client import Engine
    from envkit.model.engine_state import VolumeInfo
    from envkit.model.plan import Plan
    from envkit.state import StateDir

ROOT = "0"  # the volume's folder in the archive
SECRETS = f"{ROOT}/secrets"


def volume_name(plan: Plan) -> str:
    """Return the name of the volume that holds the files."""
    return naming.volume(plan.run.name, remote.FILES_VOLUME)


def fingerprint(state_dir: StateDir, plan: Plan, volumes: Mapping[str, VolumeInfo]) -> str:
    """Return what tells one delivery from another: every file's content and mode, and which volume got them."""
    volume_info = volumes.get(volume_name(plan))
    digest = hashlib.sha256(volume_info.creation_id.encode() if volume_info else b"")
    for path, mode, content in _iter_files(state_dir, plan):
        digest.update(f"{path} {mode} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def upload_files(engine: Engine, state_dir: StateDir, plan: Plan, image: str, labels: Mapping[str, str]) -> None:
    """Bring the files of the state folder into the volume; what was taken out of the config goes.

    Args:
        engine: Where.
        state_dir: Where the files lie here.
        plan: What says which.
        image: One that the engine has; nothing of it runs.
        labels: Of the container that holds the volume meanwhile.
    """
    containers.unpack(
        engine, (volume_name(plan),), _build_archive(state_dir, plan), image, naming.helper(plan.run.name), labels
    )


def _build_archive(state_dir: StateDir, plan: Plan) -> bytes:
    owner = plan.run.user.uid, plan.run.user.gid
    # A file in the place of the folder takes it away with all that is in it; then it is made anew.
    folders = ((ROOT, None, 0o700), (SECRETS, b"", 0o600), (SECRETS, None, 0o700))
    file_entries = ((f"{ROOT}/{path}", content, mode) for path, mode, content in _iter_files(state_dir, plan))
    return tar.pack(tar.Entry(path, content, mode, *owner) for path, content, mode in (*folders, *file_entries))


def _iter_files(state_dir: StateDir, plan: Plan) -> Iterator[tuple[str, int, bytes]]:
    """Yield path in the volume, mode and content: what lies in `mount` at its top, and passwd and group beside it."""
    credential_files = [(f"mount/{name}", credentials.MODE) for name in (credentials.TOKEN, credentials.HOST_KEY)]
    artifacts = [(artifact.path, artifact.mode) for artifact in plan.files.artifacts]
    secrets = [(f"mount/secrets/{secret.name}", credentials.MODE) for secret in plan.files.secrets]
    for path, mode in (*credential_files, *artifacts, *secrets):
        yield path.removeprefix("mount/").removeprefix("etc/"), mode, files.read(state_dir.folder / path) or b""
