"""Compare the files that are mounted into the container with a plan, and replace them in place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import credentials, naming
from envkit.errors import PreconditionError
from envkit.fs import files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.model.facts import Account
    from envkit.model.plan import Plan
    from envkit.state import StateDir

CREDENTIAL_FILES = (credentials.TOKEN, credentials.HOST_KEY)
NEW_HOST_KEY = (
    "the SSH host key was lost or damaged and has been recreated; "
    "remove the old key from known_hosts of other SSH clients"
)


def has_credentials(state_dir: StateDir, plan: Plan) -> bool:
    """Check whether the token and the host key exist and belong to the container's user."""
    if not state_dir.mount.is_dir() or state_dir.mount.stat().st_uid != plan.run.user.uid:
        return False
    try:
        return bool(credentials.token(state_dir)) and (state_dir.mount / credentials.HOST_KEY).is_file()
    except PermissionError:
        return True  # it exists, and restoring its mode makes it readable


def is_current(state_dir: StateDir, plan: Plan) -> bool:
    """Check whether the files on disk match the plan and only its user can read them."""
    import hashlib

    uid = plan.run.user.uid
    if not all(_is_private(folder, uid) for folder in (state_dir.mount, state_dir.mount / "secrets")):
        return False
    if not all(files.is_private(path, mode, uid) for path, mode in _file_modes(state_dir, plan)):
        return False
    if not has_credentials(state_dir, plan) or not credentials.is_host_key_pinned(state_dir, _host_key_alias(plan)):
        return False
    for artifact in plan.files.artifacts:
        if files.read(state_dir.folder / artifact.path) != artifact.text.encode():
            return False
    for secret in plan.files.secrets:
        content = files.read(state_dir.mount / "secrets" / secret.name)
        if content is None or hashlib.sha256(content).hexdigest() != secret.sha256:
            return False
    return _secret_names(state_dir) == {secret.name for secret in plan.files.secrets}


def replace_files(state_dir: StateDir, plan: Plan) -> tuple[str, ...]:
    """Write the files of a plan; a valid token and host key are kept.

    Returns:
        Notes for the user, one sentence each.

    Raises:
        OSError: The disk is full, or the folder cannot be written.
        PreconditionError: A secret's file disappeared or changed, or the state directory is not private.
    """
    user = plan.run.user
    _recreate_for_user(state_dir, plan)
    files.ensure_private_folder(state_dir.folder)
    files.ensure_private_folder(state_dir.etc, mode=0o755)
    files.ensure_private_folder(state_dir.guard, mode=0o755)
    files.ensure_private_folder(state_dir.client)
    files.ensure_private_folder(state_dir.mount, user)
    _prepare_secrets(state_dir, user)
    for artifact in plan.files.artifacts:
        path, text = state_dir.folder / artifact.path, artifact.text.encode()
        files.set_mode(path, artifact.mode)
        if files.read(path) != text or not files.is_private(path, artifact.mode, user.uid):
            files.write(path, text, mode=artifact.mode, owner=user)
    credentials.ensure_token(state_dir, user)
    notes = (NEW_HOST_KEY,) if credentials.ensure_host_key(state_dir, user, _host_key_alias(plan)) else ()
    for name in _secret_names(state_dir) - {secret.name for secret in plan.files.secrets}:
        files.remove(state_dir.mount / "secrets" / name)
    for name, content in _read_secrets(plan):
        files.write(state_dir.mount / "secrets" / name, content, owner=user)
    return notes


def _file_modes(state_dir: StateDir, plan: Plan) -> Iterator[tuple[Path, int]]:
    """Yield every mounted file with its required mode."""
    for name in CREDENTIAL_FILES:
        yield state_dir.mount / name, credentials.MODE
    for artifact in plan.files.artifacts:
        yield state_dir.folder / artifact.path, artifact.mode
    for secret in plan.files.secrets:
        yield state_dir.mount / "secrets" / secret.name, credentials.MODE


def _is_private(folder: Path, uid: int) -> bool:
    if not folder.is_dir():
        return False
    folder_stat = folder.lstat()
    return folder_stat.st_uid == uid and not folder_stat.st_mode & 0o077


def _recreate_for_user(state_dir: StateDir, plan: Plan) -> None:
    """Recreate the mounted folder if it belongs to another user, keeping token and host key.

    Existing files are never given to another user: new files are written beside the old ones and replace them when
    they are complete. No container runs meanwhile: `has_credentials` is False, so its container is removed first.
    """
    new, old = state_dir.folder / "mount.new", state_dir.folder / "mount.old"
    for folder in (new, old):  # interrupted between the two renames
        if folder.is_dir() and not os.path.lexists(state_dir.mount):
            folder.rename(state_dir.mount)
        files.remove(folder)
    if not state_dir.mount.is_dir() or state_dir.mount.stat().st_uid == plan.run.user.uid:
        return
    files.ensure_private_folder(new, plan.run.user)
    for name in CREDENTIAL_FILES:
        content = files.read(state_dir.mount / name)
        if content:
            files.write(new / name, content, owner=plan.run.user)
    files.fsync_folder(new)
    state_dir.mount.rename(old)
    new.rename(state_dir.mount)
    files.fsync_folder(state_dir.folder)
    files.remove(old)


def _prepare_secrets(state_dir: StateDir, user: Account) -> None:
    folder = state_dir.mount / "secrets"
    if folder.is_dir() and folder.lstat().st_uid != user.uid:
        files.remove(folder)  # interrupted before its owner was set; all secrets are copied again
    files.ensure_private_folder(folder, user)


def _host_key_alias(plan: Plan) -> str:
    """Return the host names of the host key in the format of known_hosts."""
    port = plan.run.host_port(naming.SSH_PORT)
    return ",".join([plan.run.name, *([f"[127.0.0.1]:{port}"] if port else [])])


def _secret_names(state_dir: StateDir) -> set[str]:
    folder = state_dir.mount / "secrets"
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def _read_secrets(plan: Plan) -> Iterator[tuple[str, bytes]]:
    import hashlib

    for secret in plan.files.secrets:
        content = files.read_if_permitted(Path(secret.source))
        if content is None:
            raise PreconditionError(
                f"{secret.source} disappeared while it was read",
                code="secret-changed",
                hint="create it, then repeat the command",
            )
        if hashlib.sha256(content).hexdigest() != secret.sha256:
            raise PreconditionError(
                f"{secret.source} changed while it was read", code="secret-changed", hint="repeat the command"
            )
        yield secret.name, content
