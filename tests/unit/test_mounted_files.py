"""Mounted files are valid, private and owned by the container's user; `up` repairs damaged ones."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkit import credentials, state
from envkit.environment import mounted_files
from envkit.errors import PreconditionError
from envkit.fs import files
from envkit.model.artifact import Artifact
from envkit.model.facts import Account
from envkit.model.plan import FilesPlan, Plan, Secret
from tests.support.engine_states import desired_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.state import StateDir

CALLER = Account(os.getuid(), os.getgid())


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    import hashlib

    source = tmp_path_factory.mktemp("own") / "wandb"
    source.write_text("key")
    base_plan = desired_state(user=CALLER).plan
    artifacts = (
        Artifact("mount/authorized_keys", "ssh-ed25519 AAAA\n", 0o600),
        Artifact("mount/settings.json", "{}\n", 0o600),
        Artifact("etc/passwd", "dev\n"),
        Artifact("guard/envkit.yaml", "gpu: off\n"),
    )
    secrets = (Secret("WANDB", str(source), hashlib.sha256(b"key").hexdigest()),)
    return replace(base_plan, files=FilesPlan(artifacts, secrets))


@pytest.fixture(scope="module")
def original_state(tmp_path_factory: pytest.TempPathFactory, plan: Plan) -> StateDir:
    state_dir = state.StateDir(tmp_path_factory.mktemp("first") / "state")
    assert mounted_files.replace_files(state_dir, plan) == ()
    return state_dir


def copy_state(original: StateDir, folder: Path) -> StateDir:
    shutil.copytree(original.folder, folder)
    return state.StateDir(folder)


@pytest.fixture
def state_dir(tmp_path: Path, original_state: StateDir, plan: Plan) -> StateDir:
    state_dir = copy_state(original_state, tmp_path / "state")
    assert mounted_files.is_current(state_dir, plan)
    return state_dir


def read_credentials(state_dir: StateDir) -> tuple[bytes, ...]:
    return tuple((state_dir.mount / name).read_bytes() for name in mounted_files.CREDENTIAL_FILES)


def test_a_wrong_mode_is_repaired(state_dir: StateDir, plan: Plan) -> None:
    paths = (
        "mount/token",
        "mount/ssh_host_ed25519_key",
        "mount/authorized_keys",
        "mount/settings.json",
        "etc/passwd",
        "guard/envkit.yaml",
        "mount/secrets/WANDB",
    )
    for path, mode in product(paths, (0o666, 0o640, 0o400, 0o000)):
        case = (path, oct(mode))
        before, file = read_credentials(state_dir), state_dir.folder / path
        correct_mode = file.stat().st_mode
        file.chmod(mode)
        assert not mounted_files.is_current(state_dir, plan), case
        assert mounted_files.has_credentials(state_dir, plan), case
        assert mounted_files.replace_files(state_dir, plan) == (), case
        assert mounted_files.is_current(state_dir, plan), case
        assert (read_credentials(state_dir), file.stat().st_mode) == (before, correct_mode), case


def test_a_mode_is_repaired_in_the_mounted_file(state_dir: StateDir, plan: Plan) -> None:
    before = (state_dir.etc / "passwd").stat().st_ino
    (state_dir.etc / "passwd").chmod(0o600)
    mounted_files.replace_files(state_dir, plan)
    assert (state_dir.etc / "passwd").stat().st_ino == before


def test_a_mounted_folder_open_to_other_users_is_refused(state_dir: StateDir, plan: Plan) -> None:
    for name in ("mount", "mount/secrets"):
        folder = state_dir.folder / name
        mode = folder.stat().st_mode
        folder.chmod(0o755)
        assert not mounted_files.is_current(state_dir, plan), name
        with pytest.raises(PreconditionError) as refusal:
            mounted_files.replace_files(state_dir, plan)
        assert refusal.value.code == "folder-not-private", name
        folder.chmod(mode)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can create a file that belongs to another user")
def test_a_file_of_another_user_is_replaced(state_dir: StateDir, plan: Plan) -> None:
    before = read_credentials(state_dir)
    for path in ("mount/token", "mount/authorized_keys", "guard/envkit.yaml", "mount/secrets/WANDB"):
        os.chown(state_dir.folder / path, 4242, 4242)
        assert not mounted_files.is_current(state_dir, plan), path
        mounted_files.replace_files(state_dir, plan)
        assert mounted_files.is_current(state_dir, plan), path
        assert read_credentials(state_dir) == before, path


def test_a_damaged_token_is_replaced(state_dir: StateDir, plan: Plan) -> None:
    for token in (b"", b"short", b"\xff" * 43, b"two words" * 10):
        files.write(state_dir.mount / "token", token)
        assert credentials.token(state_dir) == "", token
        assert not mounted_files.has_credentials(state_dir, plan), token
        assert not mounted_files.is_current(state_dir, plan), token
        mounted_files.replace_files(state_dir, plan)
        assert mounted_files.is_current(state_dir, plan), token
        assert len(credentials.token(state_dir)) == credentials.TOKEN_LENGTH, token


def damage_key(key: bytes) -> dict[str, bytes]:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    other_key = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return {
        "empty": b"",
        "cut": key[: len(key) // 2],
        "other bytes": b"\0" * 400,
        "mixed": key.replace(b"A", b"B"),
        "another type": other_key,
    }


def test_a_damaged_host_key_is_replaced_pinned_and_reported(state_dir: StateDir, plan: Plan) -> None:
    key = state_dir.mount / "ssh_host_ed25519_key"
    for damage_kind, damaged in damage_key(key.read_bytes()).items():
        old_entry = (state_dir.client / "known_hosts").read_text()
        files.write(key, damaged)
        assert not mounted_files.is_current(state_dir, plan), damage_kind
        assert mounted_files.replace_files(state_dir, plan) == (mounted_files.NEW_HOST_KEY,), damage_kind
        assert mounted_files.is_current(state_dir, plan), damage_kind
        new_entry = (state_dir.client / "known_hosts").read_text()
        assert new_entry != old_entry, damage_kind
        assert new_entry == f"{plan.run.name} {credentials.public_key(key.read_bytes())}\n", damage_kind


def test_an_unpinned_host_key_is_pinned_again(state_dir: StateDir, plan: Plan) -> None:
    before = read_credentials(state_dir)
    files.write(state_dir.client / "known_hosts", b"damaged")
    assert not mounted_files.is_current(state_dir, plan)
    assert mounted_files.replace_files(state_dir, plan) == ()
    assert mounted_files.is_current(state_dir, plan)
    assert read_credentials(state_dir) == before


def test_a_damaged_client_key_is_replaced_with_its_public_key(state_dir: StateDir) -> None:
    path = credentials.ensure_client_key(state_dir)
    private = path.with_suffix("")
    for (damage_kind, damaged), keep_public in product(damage_key(private.read_bytes()).items(), (True, False)):
        case, before = (damage_kind, keep_public), path.read_text()
        files.write(private, damaged)
        if not keep_public:
            path.unlink()
        credentials.ensure_client_key(state_dir)
        assert path.read_text() != before, case
        assert path.read_text() == f"{credentials.public_key(private.read_bytes())} envkit\n", case


def test_a_client_keys_mode_and_public_key_are_repaired(state_dir: StateDir) -> None:
    path = credentials.ensure_client_key(state_dir)
    before, private = path.read_text(), path.with_suffix("")
    path.write_text("damaged")
    private.chmod(0o644)
    credentials.ensure_client_key(state_dir)
    assert path.read_text() == before
    assert private.stat().st_mode & 0o777 == 0o600


class KilledError(BaseException):
    """Simulates that the process is killed."""


@pytest.fixture
def other_user_plan(plan: Plan) -> Plan:
    """The plan of the same environment for another user."""
    return replace(plan, run=replace(plan.run, user=Account(4242, 4242)))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can change the owner of files")
def test_credentials_are_given_to_another_user(state_dir: StateDir, plan: Plan, other_user_plan: Plan) -> None:
    before = read_credentials(state_dir)
    assert not mounted_files.has_credentials(state_dir, other_user_plan)
    mounted_files.replace_files(state_dir, other_user_plan)
    assert mounted_files.is_current(state_dir, other_user_plan)
    assert read_credentials(state_dir) == before
    assert not mounted_files.is_current(state_dir, plan)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can change the owner of files")
def test_a_killed_change_of_the_user_loses_no_credentials(
    tmp_path: Path, original_state: StateDir, other_user_plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    completed = [
        step
        for step in range(40)
        if not replace_until_killed(
            copy_state(original_state, tmp_path / str(step)), other_user_plan, step, monkeypatch
        )
    ]
    assert completed, "some run must complete"
    assert min(completed) > 20, "each step must be interrupted"


def replace_until_killed(
    state_dir: StateDir, other_user_plan: Plan, step: int, monkeypatch: pytest.MonkeyPatch
) -> bool:
    """Interrupt the change of the user at a step, repeat it, and return whether the interruption took place."""
    before, calls = read_credentials(state_dir), iter(range(step + 1))
    was_killed = False

    def count_calls(original: Callable[..., object]) -> Callable[..., object]:
        def run(*arguments: object, **options: object) -> object:
            if next(calls, step) == step:
                raise KilledError
            return original(*arguments, **options)

        return run

    with monkeypatch.context() as patched:
        for name in ("rename", "unlink", "mkdir", "chmod"):
            patched.setattr(Path, name, count_calls(getattr(Path, name)))
        for name in ("fsync", "fchown", "rmdir"):
            patched.setattr(os, name, count_calls(getattr(os, name)))
        try:
            mounted_files.replace_files(state_dir, other_user_plan)
        except KilledError:
            was_killed = True
    mounted_files.replace_files(state_dir, other_user_plan)
    assert mounted_files.is_current(state_dir, other_user_plan), step
    assert read_credentials(state_dir) == before, step
    assert not [entry for entry in state_dir.folder.iterdir() if entry.name.startswith("mount.")], step
    return was_killed
