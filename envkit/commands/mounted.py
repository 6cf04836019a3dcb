"""The files mounted beside the image: compared with a plan, and replaced in place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import credentials, files, names
from envkit.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.model.facts import Account
    from envkit.model.plan import Plan
    from envkit.state import Place

KEPT = (credentials.TOKEN, credentials.HOST_KEY)
NEW_HOST_KEY = (
    "the SSH host key was lost or damaged and was made anew; envkit's own client knows it, others have to be told"
)


def token_kept(place: Place, plan: Plan) -> bool:
    """Say whether the token and the host key that a running container would have are there, for its user."""
    if not place.mount.is_dir() or place.mount.stat().st_uid != plan.run.user.uid:
        return False
    try:
        return bool(credentials.token(place)) and (place.mount / credentials.HOST_KEY).is_file()
    except PermissionError:
        return True  # it is there, and to give it its mode again makes it readable


def current(place: Place, plan: Plan) -> bool:
    """Say whether the files on disk are what the plan says, for the user the plan says, and for nobody else."""
    import hashlib

    uid = plan.run.user.uid
    if not all(_closed(folder, uid) for folder in (place.mount, place.mount / "secrets")):
        return False
    if not all(files.is_private(path, mode, uid) for path, mode in _modes(place, plan)):
        return False
    if not token_kept(place, plan) or not credentials.host_key_pinned(place, _known_as(plan)):
        return False
    for artifact in plan.files.artifacts:
        if files.read(place.folder / artifact.path) != artifact.text.encode():
            return False
    for secret in plan.files.secrets:
        content = files.read(place.mount / "secrets" / secret.name)
        if content is None or hashlib.sha256(content).hexdigest() != secret.sha256:
            return False
    return _names(place) == {secret.name for secret in plan.files.secrets}


def replace_files(place: Place, plan: Plan) -> tuple[str, ...]:
    """Bring the files to what the plan says; the token and the host key stay what they are, if they are sound.

    Returns:
        What somebody should know of it, one sentence each.

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
    _own_secrets(place, user)
    for artifact in plan.files.artifacts:
        path, text = place.folder / artifact.path, artifact.text.encode()
        files.set_mode(path, artifact.mode)
        if files.read(path) != text or not files.is_private(path, artifact.mode, user.uid):
            files.write(path, text, mode=artifact.mode, owner=user)
    credentials.ensure_token(place, user)
    told = (NEW_HOST_KEY,) if credentials.ensure_host_key(place, user, _known_as(plan)) else ()
    for name in _names(place) - {secret.name for secret in plan.files.secrets}:
        files.remove(place.mount / "secrets" / name)
    for name, content in _secrets(plan):
        files.write(place.mount / "secrets" / name, content, owner=user)
    return told


def _modes(place: Place, plan: Plan) -> Iterator[tuple[Path, int]]:
    """Yield every mounted file with the permissions it is to have."""
    for name in KEPT:
        yield place.mount / name, credentials.MODE
    for artifact in plan.files.artifacts:
        yield place.folder / artifact.path, artifact.mode
    for secret in plan.files.secrets:
        yield place.mount / "secrets" / secret.name, credentials.MODE


def _closed(folder: Path, uid: int) -> bool:
    if not folder.is_dir():
        return False
    found = folder.lstat()
    return found.st_uid == uid and not found.st_mode & 0o077


def _hand_over(place: Place, plan: Plan) -> None:
    """Make the mounted folder anew when it belongs to another user, keeping token and host key.

    What exists is never given away: new files are made for the new user, beside the old ones, and take their
    place when they are whole. No container runs meanwhile: `token_kept` says that its folder goes.
    """
    new, old = place.folder / "mount.new", place.folder / "mount.old"
    for whole in (new, old):  # cut off between the two renames
        if whole.is_dir() and not os.path.lexists(place.mount):
            whole.rename(place.mount)
        files.remove(whole)
    if not place.mount.is_dir() or place.mount.stat().st_uid == plan.run.user.uid:
        return
    files.private_folder(new, plan.run.user)
    for name in KEPT:
        content = files.read(place.mount / name)
        if content:
            files.write(new / name, content, owner=plan.run.user)
    files.sync(new)
    place.mount.rename(old)
    new.rename(place.mount)
    files.sync(place.folder)
    files.remove(old)


def _own_secrets(place: Place, user: Account) -> None:
    folder = place.mount / "secrets"
    if folder.is_dir() and folder.lstat().st_uid != user.uid:
        files.remove(folder)  # cut off before it was given to its user; all secrets are copied again
    files.private_folder(folder, user)


def _known_as(plan: Plan) -> str:
    """Return the names under which the client knows the host key, as known_hosts writes them."""
    port = plan.run.published(names.SSH_PORT)
    return ",".join([plan.run.name, *([f"[127.0.0.1]:{port}"] if port else [])])


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
