"""The files mounted beside the image: compared with a plan, and replaced in place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envkit import credentials, files
from envkit.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.model.plan import Plan
    from envkit.state import Place


def token_kept(place: Place) -> bool:
    """Say whether the token and the host key that a running container would have are there."""
    return bool(credentials.token(place)) and (place.mount / "ssh_host_ed25519_key").is_file()


def current(place: Place, plan: Plan) -> bool:
    """Say whether the files on disk are what the plan says, for the user the plan says."""
    import hashlib

    if not place.mount.is_dir() or place.mount.stat().st_uid != plan.run.user.uid:
        return False
    if not token_kept(place) or not (place.client / "known_hosts").is_file():
        return False
    for artifact in plan.files.artifacts:
        if files.read(place.folder / artifact.path) != artifact.text.encode():
            return False
    for secret in plan.files.secrets:
        content = files.read(place.mount / "secrets" / secret.name)
        if content is None or hashlib.sha256(content).hexdigest() != secret.sha256:
            return False
    return _names(place) == {secret.name for secret in plan.files.secrets}


def replace_files(place: Place, plan: Plan) -> None:
    """Bring the files to what the plan says; the token and the host key stay what they are.

    Raises:
        OSError: The disk is full, or the place cannot be written.
        Refusal: A secret's file vanished, or the state folder is not private.
    """
    user = plan.run.user
    _hand_over(place, plan)
    files.private_folder(place.folder)
    files.private_folder(place.etc, mode=0o755)
    files.private_folder(place.guard, mode=0o755)
    files.private_folder(place.client)
    files.private_folder(place.mount, user)
    files.private_folder(place.mount / "secrets", user)
    for artifact in plan.files.artifacts:
        path = place.folder / artifact.path
        if files.read(path) != artifact.text.encode():
            files.write(path, artifact.text.encode(), mode=artifact.mode, owner=user)
    credentials.ensure_token(place, user)
    credentials.ensure_host_key(place, user, plan.run.name)
    for name in _names(place) - {secret.name for secret in plan.files.secrets}:
        files.remove(place.mount / "secrets" / name)
    for name, content in _secrets(plan):
        files.write(place.mount / "secrets" / name, content, owner=user)


def _hand_over(place: Place, plan: Plan) -> None:
    """Make the mounted folder anew when it belongs to another user, keeping token and host key.

    What exists is never given away: new files are made for the new user.
    """
    if not place.mount.is_dir() or place.mount.stat().st_uid == plan.run.user.uid:
        return
    kept = {name: files.read(place.mount / name) for name in ("token", "ssh_host_ed25519_key")}
    files.remove(place.mount)
    files.private_folder(place.mount, plan.run.user)
    for name, content in kept.items():
        if content:
            files.write(place.mount / name, content, owner=plan.run.user)


def _names(place: Place) -> set[str]:
    folder = place.mount / "secrets"
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def _secrets(plan: Plan) -> Iterator[tuple[str, bytes]]:
    import hashlib

    for secret in plan.files.secrets:
        content = files.readable(Path(secret.source))
        if content is None:
            raise Refusal(f"{secret.source} vanished while it was read", mend="create it, then repeat the command")
        if hashlib.sha256(content).hexdigest() != secret.sha256:
            raise Refusal(f"{secret.source} changed while it was read", mend="repeat the command")
        yield secret.name, content
