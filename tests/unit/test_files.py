"""Files are written atomically, privately, and never through a link; locks, state and keys rely on it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from envkit import credentials, state
from envkit.errors import PreconditionError
from envkit.fs import files, locks
from envkit.model.facts import Account
from envkit.model.state import State


def test_a_file_is_written_privately_and_completely(tmp_path: Path) -> None:
    path = tmp_path / "token"
    files.write(path, b"secret")
    assert path.read_bytes() == b"secret"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["token"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    files.write(path, b"old")
    with pytest.raises(TypeError):
        files.write(path, "not bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.json"]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim, path = tmp_path / "victim", tmp_path / "token"
    victim.write_text("untouched")
    path.symlink_to(victim)
    files.write(path, b"secret")
    assert victim.read_text() == "untouched"
    assert not path.is_symlink()


def test_a_folder_open_to_other_users_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    for mode in (0o777, 0o770, 0o702, 0o755, 0o750, 0o701):
        folder.chmod(mode)
        with pytest.raises(PreconditionError) as refusal:
            files.ensure_private_folder(folder)
        assert refusal.value.code == "folder-not-private", oct(mode)
        assert refusal.value.hint.startswith(f"chmod 700 {folder}"), oct(mode)


def test_a_readable_folder_may_stay_readable(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    for mode in (0o755, 0o700):
        folder.chmod(mode)
        assert files.ensure_private_folder(folder, mode=0o755) == folder, oct(mode)
    for mode in (0o775, 0o757):
        folder.chmod(mode)
        with pytest.raises(PreconditionError) as refusal:
            files.ensure_private_folder(folder, mode=0o755)
        assert refusal.value.code == "folder-not-private", oct(mode)


def test_files_of_a_foreign_folder_are_read_without_links(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        names = ("file", "link", "pipe", "missing")
        assert [files.read_in_folder(descriptor, name) for name in names] == [b"text", None, None, None]
    finally:
        os.close(descriptor)


def test_a_link_is_not_a_private_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(PreconditionError) as refusal:
        files.ensure_private_folder(tmp_path / "link")
    assert refusal.value.code == "folder-not-private"


def test_a_missing_or_irregular_file_reads_as_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert files.read(tmp_path / "missing") is None
    assert files.read(tmp_path) is None


def test_a_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for size in (0, 1, 9, 10):
        path.write_bytes(b"x" * size)
        assert files.read(path, limit=10) == b"x" * size, size
    path.write_bytes(b"x" * 11)
    with pytest.raises(PreconditionError) as refusal:
        files.read(path, limit=10)
    assert refusal.value.code == "file-too-large"


def test_a_file_without_a_size_is_read_completely() -> None:
    path = Path("/proc/self/environ")
    assert (path.stat().st_size, files.read(path)) == (0, path.read_bytes())
    with pytest.raises(PreconditionError) as refusal:
        files.read(path, limit=10)
    assert refusal.value.code == "file-too-large"


def test_a_second_holder_of_a_lock_waits(tmp_path: Path) -> None:
    lock, order, has_waited = tmp_path / "lock", [], threading.Event()

    def second() -> None:
        with locks.hold(lock, has_waited.set):
            order.append("second")

    thread = threading.Thread(target=second)
    with locks.hold(lock, lambda: pytest.fail("the lock is free")):
        thread.start()
        assert has_waited.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_a_removed_lock_is_created_again(tmp_path: Path) -> None:
    # `down --volumes` removes the folder with the lock while another envkit process waits for it.
    lock, has_waited, order = tmp_path / "state" / "lock", threading.Event(), []

    def wait_for_lock() -> None:
        with locks.hold(lock, has_waited.set):
            order.append(lock.exists())

    thread = threading.Thread(target=wait_for_lock)
    with locks.hold(lock, lambda: pytest.fail("the lock is free")):
        thread.start()
        assert has_waited.wait(10)
        files.remove(lock.parent)
    thread.join(10)
    assert order == [True]


def test_a_forgotten_state_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    state_dir = state.directory("unix:///var/run/docker.sock", "/home/ada/vision")
    state.save(state_dir, State("vision", "/home/ada/vision"))
    files.write(state_dir.lock, b"")
    files.ensure_private_folder(state_dir.mount)
    state.forget(state_dir)
    assert not state_dir.folder.exists()


def test_a_saved_state_is_loaded_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    state_dir = state.directory("unix:///var/run/docker.sock", "/home/ada/vision")
    saved_state = State("vision", "/home/ada/vision", port=8899, approved=("a",), prepared={"v": "t"})
    state.save(state_dir, saved_state)
    assert state.load(state_dir) == saved_state
    assert list(state.environments("unix:///var/run/docker.sock")) == [(state_dir, saved_state)]
    assert state_dir.folder.stat().st_mode & 0o777 == 0o700


def test_a_damaged_state_is_refused_with_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    state_dir = state.directory("unix:///var/run/docker.sock", "/home/ada/vision")
    files.ensure_private_folder(state_dir.folder)
    for text in ("", "{", "[]", '{"format": 99}', '{"format": 1, "name": "x", "other": 1}'):
        (state_dir.folder / "state.json").write_text(text)
        with pytest.raises(PreconditionError) as refusal:
            state.load(state_dir)
        assert refusal.value.code == "state-damaged", text
        assert "envkit up" in refusal.value.hint, text


def test_engines_and_projects_have_separate_states() -> None:
    folders = {
        state.directory(engine, project).folder
        for engine in ("unix:///var/run/docker.sock", "unix:///run/user/1000/docker.sock")
        for project in ("/home/ada/vision", "/home/bob/vision")
    }
    assert len(folders) == 4


def test_reading_a_pipe_does_not_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert files.read(tmp_path / "pipe") is None
    assert files.read_if_permitted(tmp_path / "pipe") is None


def _unreadable(folder: Path) -> Path:
    # Even root cannot read this file: the kernel refuses reads at its beginning.
    path = folder / "memory"
    path.symlink_to("/proc/self/mem")
    return path


def test_an_unreadable_file_is_not_missing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Input/output error"):
        files.read(_unreadable(tmp_path))


def test_an_unreadable_file_may_be_ignored(tmp_path: Path) -> None:
    assert files.read_if_permitted(_unreadable(tmp_path)) is None


def test_a_new_file_replaces_no_link_or_target(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("mine")
    for name in ("config", "nowhere"):
        link = tmp_path / f"link-to-{name}"
        link.symlink_to(tmp_path / name)
        with pytest.raises(FileExistsError):
            files.create(link, b"x")
    assert (tmp_path / "config").read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()


def test_unreadable_state_and_keys_are_not_replaced(tmp_path: Path) -> None:
    state_dir = state.StateDir(tmp_path)
    state_dir.mount.mkdir()
    for name in ("state.json", "mount/token", "mount/ssh_host_ed25519_key"):
        (tmp_path / name).symlink_to("/proc/self/mem")
    with pytest.raises(OSError, match="Input/output error"):
        state.load(state_dir)
    with pytest.raises(OSError, match="Input/output error"):
        credentials.ensure_token(state_dir, Account(os.getuid(), os.getgid()))
    with pytest.raises(OSError, match="Input/output error"):
        credentials.ensure_host_key(state_dir, Account(os.getuid(), os.getgid()), "alias")
    assert (state_dir.mount / "token").is_symlink()


def test_a_wait_for_a_lock_can_be_given_up(tmp_path: Path) -> None:
    def give_up() -> None:
        raise InterruptedError

    lock = tmp_path / "lock"
    with locks.hold(lock, lambda: pytest.fail("the lock is free")):
        descriptor_count = len(list(Path("/proc/self/fd").iterdir()))
        with pytest.raises(InterruptedError), locks.hold(lock, give_up):
            pytest.fail("the lock is held")
        assert len(list(Path("/proc/self/fd").iterdir())) == descriptor_count
