"""Writes are whole, private, and never through a link."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from envkit import credentials, state
from envkit.errors import PreconditionError
from envkit.fs import files
from envkit.model.facts import Account
from envkit.model.state import State


def test_a_file_is_private_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "token"
    files.write(path, b"secret")
    assert path.read_bytes() == b"secret"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["token"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    files.write(path, b"old")
    with pytest.raises(TypeError):
        files.write(path, "not bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["state.json"]


def test_a_link_in_the_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim, path = tmp_path / "victim", tmp_path / "token"
    victim.write_text("untouched")
    path.symlink_to(victim)
    files.write(path, b"secret")
    assert victim.read_text() == "untouched"
    assert not path.is_symlink()


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702, 0o755, 0o750, 0o701])
def test_a_folder_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(PreconditionError, match="not private") as refusal:
        files.ensure_private_folder(folder)
    assert refusal.value.hint.startswith(f"chmod 700 {folder}")


@pytest.mark.parametrize(("mode", "refused"), [(0o755, False), (0o700, False), (0o775, True), (0o757, True)])
def test_a_folder_that_is_made_for_others_to_read_may_stay_readable(tmp_path: Path, mode: int, refused: bool) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    folder.chmod(mode)
    if refused:
        with pytest.raises(PreconditionError, match="not private"):
            files.ensure_private_folder(folder, mode=0o755)
    else:
        assert files.ensure_private_folder(folder, mode=0o755) == folder


def test_a_file_of_somebody_elses_folder_is_read_through_no_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        names = ("file", "link", "pipe", "missing")
        assert [files.read_in_folder(descriptor, name) for name in names] == [b"text", None, None, None]
    finally:
        os.close(descriptor)


def test_a_link_is_no_private_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(PreconditionError, match="not private"):
        files.ensure_private_folder(tmp_path / "link")


def test_what_is_not_there_or_not_a_file_reads_as_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert files.read(tmp_path / "missing") is None
    assert files.read(tmp_path) is None


def test_a_file_too_large_to_be_one_of_ours_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.write_bytes(b"x" * 101)
    with pytest.raises(PreconditionError, match="larger than 100"):
        files.read(path, 100)


@pytest.mark.parametrize("size", [0, 1, 9, 10])
def test_a_file_of_up_to_the_limit_is_read_whole(size: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * size)
    assert files.read(tmp_path / "file", limit=10) == b"x" * size


def test_a_file_that_does_not_tell_its_size_is_read_whole() -> None:
    told = Path("/proc/self/environ")
    assert (told.stat().st_size, files.read(told)) == (0, told.read_bytes())
    with pytest.raises(PreconditionError, match="larger than 10 bytes"):
        files.read(told, limit=10)


def test_a_second_holder_of_a_lock_is_told_and_waits(tmp_path: Path) -> None:
    lock, order, told = tmp_path / "lock", [], threading.Event()

    def second() -> None:
        with files.lock(lock, told.set):
            order.append("second")

    thread = threading.Thread(target=second)
    with files.lock(lock, lambda: pytest.fail("nobody else holds it")):
        thread.start()
        assert told.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_a_lock_that_was_taken_away_is_held_by_nobody(tmp_path: Path) -> None:
    # `down --volumes` removes the folder and the lock in it, while another envkit waits for that lock.
    lock, told, order = tmp_path / "state" / "lock", threading.Event(), []

    def waiting() -> None:
        with files.lock(lock, told.set):
            order.append(lock.exists())

    thread = threading.Thread(target=waiting)
    with files.lock(lock, lambda: pytest.fail("nobody else holds it")):
        thread.start()
        assert told.wait(10)
        files.remove(lock.parent)
    thread.join(10)
    assert order == [True]


def test_what_is_forgotten_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    where = state.directory("unix:///var/run/docker.sock", "/home/ada/vision")
    state.save(where, State("vision", "/home/ada/vision"))
    files.write(where.lock, b"")
    files.ensure_private_folder(where.mount)
    state.forget(where)
    assert not where.folder.exists()


def test_state_comes_back_as_it_was_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    where = state.directory("unix:///var/run/docker.sock", "/home/ada/vision")
    remembered = State("vision", "/home/ada/vision", port=8899, approved=("a",), prepared={"v": "t"})
    state.save(where, remembered)
    assert state.load(where) == remembered
    assert list(state.environments("unix:///var/run/docker.sock")) == [(where, remembered)]
    assert where.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99}', '{"format": 1, "name": "x", "other": 1}'])
def test_state_that_cannot_be_understood_is_a_refusal_with_the_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    where = state.directory("unix:///var/run/docker.sock", "/home/ada/vision")
    files.ensure_private_folder(where.folder)
    (where.folder / "state.json").write_text(text)
    with pytest.raises(PreconditionError) as refusal:
        state.load(where)
    assert "envkit up" in refusal.value.hint


def test_engines_and_projects_keep_their_states_apart() -> None:
    places = {
        state.directory(engine, project).folder
        for engine in ("unix:///var/run/docker.sock", "unix:///run/user/1000/docker.sock")
        for project in ("/home/ada/vision", "/home/bob/vision")
    }
    assert len(places) == 4


def test_a_pipe_without_a_writer_is_no_file_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert files.read(tmp_path / "pipe") is None
    assert files.read_if_permitted(tmp_path / "pipe") is None


def _unreadable(folder: Path) -> Path:
    # Also for root, who may read every file: the kernel lets nobody read this one at its beginning.
    path = folder / "memory"
    path.symlink_to("/proc/self/mem")
    return path


def test_what_is_there_and_cannot_be_read_does_not_count_as_absent(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Input/output error"):
        files.read(_unreadable(tmp_path))


def test_a_file_that_only_a_config_names_may_be_unreadable(tmp_path: Path) -> None:
    assert files.read_if_permitted(_unreadable(tmp_path)) is None


@pytest.mark.parametrize("name", ["config", "nowhere"])
def test_a_new_file_is_made_through_no_link_and_over_no_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "config").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / name)
    with pytest.raises(FileExistsError):
        files.create(tmp_path / "link", b"x")
    assert (tmp_path / "config").read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()


def test_state_and_keys_that_cannot_be_read_are_not_made_anew(tmp_path: Path) -> None:
    where = state.StateDir(tmp_path)
    where.mount.mkdir()
    for name in ("state.json", "mount/token", "mount/ssh_host_ed25519_key"):
        (tmp_path / name).symlink_to("/proc/self/mem")
    with pytest.raises(OSError, match="Input/output error"):
        state.load(where)
    with pytest.raises(OSError, match="Input/output error"):
        credentials.ensure_token(where, Account(os.getuid(), os.getgid()))
    with pytest.raises(OSError, match="Input/output error"):
        credentials.ensure_host_key(where, Account(os.getuid(), os.getgid()), "alias")
    assert (where.mount / "token").is_symlink()


def test_a_lock_is_let_go_when_the_waiting_is_given_up(tmp_path: Path) -> None:
    def give_up() -> None:
        raise InterruptedError

    lock = tmp_path / "lock"
    with files.lock(lock, lambda: pytest.fail("nobody else holds it")):
        before = len(list(Path("/proc/self/fd").iterdir()))
        with pytest.raises(InterruptedError), files.lock(lock, give_up):
            pytest.fail("somebody else holds it")
        assert len(list(Path("/proc/self/fd").iterdir())) == before
