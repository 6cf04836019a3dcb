"""Upload the mounted files to a volume on a remote engine through the engine's API."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from envkit import credentials, naming
from envkit.fs import files
from envkit.model.backend import FileEntry
from envkit.resolve import remote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkit.backends.backend import Backend
    from envkit.model.engine_state import VolumeInfo
    from envkit.model.plan import Plan
    from envkit.state import StateDir

ROOT = "."
SECRETS = "secrets"


def volume_name(plan: Plan) -> str:
    """Return the name of the volume for the files."""
    return naming.volume(plan.run.name, remote.FILES_VOLUME)


def fingerprint(state_dir: StateDir, plan: Plan, volumes: Mapping[str, VolumeInfo]) -> str:
    """Compute a digest of every file's content and mode and of the volume they are in."""
    volume_info = volumes.get(volume_name(plan))
    digest = hashlib.sha256(volume_info.creation_id.encode() if volume_info else b"")
    for path, mode, content in _iter_files(state_dir, plan):
        digest.update(f"{path} {mode} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def upload_files(backend: Backend, state_dir: StateDir, plan: Plan, image: str, labels: Mapping[str, str]) -> None:
    """Upload the mounted files to the volume, and remove secrets that the configuration no longer has.

    Args:
        backend: Backend of the remote engine.
        state_dir: State directory with the files.
        plan: Plan that lists the files.
        image: Any image on the engine; nothing of it runs.
        labels: Labels of the helper container.
    """
    backend.upload(volume_name(plan), _entries(state_dir, plan), image, naming.helper(plan.run.name), labels)


def _entries(state_dir: StateDir, plan: Plan) -> tuple[FileEntry, ...]:
    owner = plan.run.user.uid, plan.run.user.gid
    # Storing a file over the folder removes it with its contents; then the folder is created again.
    folders = ((ROOT, None, 0o700), (SECRETS, b"", 0o600), (SECRETS, None, 0o700))
    file_entries = ((path, content, mode) for path, mode, content in _iter_files(state_dir, plan))
    return tuple(FileEntry(path, content, mode, *owner) for path, content, mode in (*folders, *file_entries))


def _iter_files(state_dir: StateDir, plan: Plan) -> Iterator[tuple[str, int, bytes]]:
    """Yield path in the volume, mode and content: the files of `mount`, and passwd and group beside them."""
    credential_files = [(f"mount/{name}", credentials.MODE) for name in (credentials.TOKEN, credentials.HOST_KEY)]
    artifacts = [(artifact.path, artifact.mode) for artifact in plan.files.artifacts]
    secrets = [(f"mount/secrets/{secret.name}", credentials.MODE) for secret in plan.files.secrets]
    for path, mode in (*credential_files, *artifacts, *secrets):
        yield path.removeprefix("mount/").removeprefix("etc/"), mode, files.read(state_dir.folder / path) or b""
