"""What is mounted beside the image is sound, private and its user's; what is damaged, the next `up` hints."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
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
from tests.unit.worlds import wanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.state import StateDir

ME = Account(os.getuid(), os.getgid())


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    import hashlib

    source = tmp_path_factory.mktemp("own") / "wandb"
    source.write_text("key")
    own = wanted(user=ME).plan
    artifacts = (
        Artifact("mount/authorized_keys", "ssh-ed25519 AAAA\n", 0o600),
        Artifact("mount/settings.json", "{}\n", 0o600),
        Artifact("etc/passwd", "dev\n"),
        Artifact("guard/envkit.yaml", "gpu: off\n"),
    )
    secrets = (Secret("WANDB", str(source), hashlib.sha256(b"key").hexdigest()),)
    return replace(own, files=FilesPlan(artifacts, secrets))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, plan: Plan) -> StateDir:
    where = state.StateDir(tmp_path_factory.mktemp("first") / "state")
    assert mounted_files.replace_files(where, plan) == ()
    return where


@pytest.fixture
def place(tmp_path: Path, first: StateDir, plan: Plan) -> StateDir:
    where = state.StateDir(tmp_path / "state")
    shutil.copytree(first.folder, where.folder)
    assert mounted_files.is_current(where, plan)
    return where


def kept(place: StateDir) -> tuple[bytes, ...]:
    return tuple((place.mount / name).read_bytes() for name in mounted_files.CREDENTIAL_FILES)


@pytest.mark.parametrize(
    "path",
    [
        "mount/token",
        "mount/ssh_host_ed25519_key",
        "mount/authorized_keys",
        "mount/settings.json",
        "etc/passwd",
        "guard/envkit.yaml",
        "mount/secrets/WANDB",
    ],
)
@pytest.mark.parametrize("mode", [0o666, 0o640, 0o400, 0o000])
def test_a_file_of_another_mode_gets_its_own_again(place: StateDir, plan: Plan, path: str, mode: int) -> None:
    before, file = kept(place), place.folder / path
    right = file.stat().st_mode
    file.chmod(mode)
    assert not mounted_files.is_current(place, plan)
    assert mounted_files.has_credentials(place, plan)
    assert mounted_files.replace_files(place, plan) == ()
    assert mounted_files.is_current(place, plan)
    assert (kept(place), file.stat().st_mode) == (before, right)


def test_a_mode_is_mended_in_the_file_that_a_container_has_mounted(place: StateDir, plan: Plan) -> None:
    before = (place.etc / "passwd").stat().st_ino
    (place.etc / "passwd").chmod(0o600)
    mounted_files.replace_files(place, plan)
    assert (place.etc / "passwd").stat().st_ino == before


@pytest.mark.parametrize("folder", ["mount", "mount/secrets"])
def test_a_mounted_folder_that_is_open_to_others_is_refused(place: StateDir, plan: Plan, folder: str) -> None:
    (place.folder / folder).chmod(0o755)
    assert not mounted_files.is_current(place, plan)
    with pytest.raises(PreconditionError, match="not private"):
        mounted_files.replace_files(place, plan)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a file that belongs to somebody else")
@pytest.mark.parametrize("path", ["mount/token", "mount/authorized_keys", "guard/envkit.yaml", "mount/secrets/WANDB"])
def test_a_file_of_another_user_is_written_for_its_own(place: StateDir, plan: Plan, path: str) -> None:
    before = kept(place)
    os.chown(place.folder / path, 4242, 4242)
    assert not mounted_files.is_current(place, plan)
    mounted_files.replace_files(place, plan)
    assert mounted_files.is_current(place, plan)
    assert kept(place) == before


@pytest.mark.parametrize("token", [b"", b"short", b"\xff" * 43, b"two words" * 10])
def test_a_damaged_token_is_made_anew_and_no_container_keeps_the_old_one(
    place: StateDir, plan: Plan, token: bytes
) -> None:
    files.write(place.mount / "token", token)
    assert credentials.token(place) == ""
    assert not mounted_files.has_credentials(place, plan)
    assert not mounted_files.is_current(place, plan)
    mounted_files.replace_files(place, plan)
    assert mounted_files.is_current(place, plan)
    assert len(credentials.token(place)) == credentials.TOKEN_LENGTH


def damage(key: bytes) -> dict[str, bytes]:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    another = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return {
        "empty": b"",
        "cut": key[: len(key) // 2],
        "other bytes": b"\0" * 400,
        "mixed": key.replace(b"A", b"B"),
        "another type": another,
    }


@pytest.mark.parametrize("how", ["empty", "cut", "other bytes", "mixed", "another type"])
def test_a_damaged_host_key_is_made_anew_pinned_and_told(place: StateDir, plan: Plan, how: str) -> None:
    key = place.mount / "ssh_host_ed25519_key"
    known = (place.client / "known_hosts").read_text()
    files.write(key, damage(key.read_bytes())[how])
    assert not mounted_files.is_current(place, plan)
    assert mounted_files.replace_files(place, plan) == (mounted_files.NEW_HOST_KEY,)
    assert mounted_files.is_current(place, plan)
    now = (place.client / "known_hosts").read_text()
    assert now != known
    assert now == f"{plan.run.name} {credentials.public_key(key.read_bytes())}\n"


def test_a_host_key_that_the_client_does_not_know_is_pinned_again_and_stays(place: StateDir, plan: Plan) -> None:
    before = kept(place)
    files.write(place.client / "known_hosts", b"damaged")
    assert not mounted_files.is_current(place, plan)
    assert mounted_files.replace_files(place, plan) == ()
    assert mounted_files.is_current(place, plan)
    assert kept(place) == before


@pytest.mark.parametrize("how", ["empty", "cut", "other bytes", "mixed", "another type"])
@pytest.mark.parametrize("public", [True, False])
def test_a_damaged_client_key_is_made_anew_with_its_public_half(place: StateDir, how: str, public: bool) -> None:
    path = credentials.ensure_client_key(place)
    before, private = path.read_text(), path.with_suffix("")
    files.write(private, damage(private.read_bytes())[how])
    if not public:
        path.unlink()
    credentials.ensure_client_key(place)
    assert path.read_text() != before
    assert path.read_text() == f"{credentials.public_key(private.read_bytes())} envkit\n"


def test_a_client_key_gets_its_mode_and_its_public_half_again(place: StateDir) -> None:
    path = credentials.ensure_client_key(place)
    before, private = path.read_text(), path.with_suffix("")
    path.write_text("damaged")
    private.chmod(0o644)
    credentials.ensure_client_key(place)
    assert path.read_text() == before
    assert private.stat().st_mode & 0o777 == 0o600


class KilledError(BaseException):
    """The process ended at once."""


@pytest.fixture
def moved(plan: Plan) -> Plan:
    """The plan for another user of the same environment."""
    return replace(plan, run=replace(plan.run, user=Account(4242, 4242)))


@pytest.mark.skipif(os.getuid() != 0, reason="only root hands files over")
def test_token_and_host_key_go_over_to_another_user(place: StateDir, plan: Plan, moved: Plan) -> None:
    before = kept(place)
    assert not mounted_files.has_credentials(place, moved)
    mounted_files.replace_files(place, moved)
    assert mounted_files.is_current(place, moved)
    assert kept(place) == before
    assert not mounted_files.is_current(place, plan)


@pytest.mark.skipif(os.getuid() != 0, reason="only root hands files over")
@pytest.mark.parametrize("call", range(40))
def test_being_killed_while_they_go_over_loses_neither(
    place: StateDir, moved: Plan, call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, calls = kept(place), iter(range(call + 1))

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def run(*given: object, **named: object) -> object:
            if next(calls, call) == call:
                raise KilledError
            return real(*given, **named)

        return run

    with monkeypatch.context() as patched:
        for name in ("rename", "unlink", "mkdir", "chmod"):
            patched.setattr(Path, name, counted(getattr(Path, name)))
        for name in ("fsync", "fchown", "rmdir"):
            patched.setattr(os, name, counted(getattr(os, name)))
        try:
            mounted_files.replace_files(place, moved)
        except KilledError:
            pass
        else:
            assert call > 20, "the handing over was tried at each of its steps"
    mounted_files.replace_files(place, moved)
    assert mounted_files.is_current(place, moved)
    assert kept(place) == before
    assert not [one for one in place.folder.iterdir() if one.name.startswith("mount.")]
