"""What is the user's own stays whole, and the page with the token is there for the browser, and for it alone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from envkit.commands import access
from envkit.environment import project
from envkit.errors import PreconditionError
from envkit.model.state import State
from envkit.net import http
from envkit.state import StateDir

if TYPE_CHECKING:
    from pathlib import Path


def known(folder: Path) -> project.Environment:
    folder.mkdir(parents=True, mode=0o700)
    return project.Environment("vision", "/p", os.getuid(), StateDir(folder), State("vision", "/p"), "unix:///x")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir(mode=0o700)
    return tmp_path


def test_an_ssh_config_that_cannot_be_read_is_not_written_over(home: Path) -> None:
    (home / ".ssh/config").symlink_to("/proc/self/mem")
    with pytest.raises(OSError, match="Input/output error"):
        access.install_ssh_config(known(home / "state"))
    assert (home / ".ssh/config").is_symlink()


def test_an_ssh_config_that_is_a_link_stays_one(home: Path) -> None:
    (home / "dotfiles").mkdir()
    (home / "dotfiles/ssh").write_text("Host a\n")
    (home / ".ssh/config").symlink_to(home / "dotfiles/ssh")
    assert access.install_ssh_config(known(home / "state")) == home / ".ssh/config"
    assert (home / ".ssh/config").is_symlink()
    assert (home / "dotfiles/ssh").read_text() == f'Include "{home}/state/client/ssh_config"\nHost a\n'


@pytest.mark.parametrize("linked", [False, True])
def test_of_an_ssh_config_only_our_own_line_is_taken_out(home: Path, linked: bool) -> None:
    path, here = home / ".ssh/config", known(home / "state")
    others = b'Include "/other/client/ssh_config"\nHost a\xff\r\n  # Include "x"\n  User b'
    if linked:
        path.symlink_to(home / "dotfile")
    path.write_bytes(others)
    access.install_ssh_config(here)
    path.chmod(0o644)
    assert access.uninstall_ssh_config(here.state_dir) == path
    assert (path.read_bytes(), path.stat().st_mode & 0o777, path.is_symlink()) == (others, 0o644, linked)
    assert access.uninstall_ssh_config(here.state_dir) is None


def test_an_ssh_config_that_is_not_there_is_not_made(home: Path) -> None:
    assert access.uninstall_ssh_config(known(home / "state").state_dir) is None
    assert not (home / ".ssh/config").exists()


def test_our_line_in_an_ssh_config_of_somebody_else_stays(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = known(home / "state")
    access.install_ssh_config(here)
    before = (home / ".ssh/config").stat().st_ino
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    assert access.uninstall_ssh_config(here.state_dir) is None
    assert (home / ".ssh/config").stat().st_ino == before


def test_an_ssh_config_of_somebody_else_is_left_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    with pytest.raises(PreconditionError, match="somebody else"):
        access.install_ssh_config(known(home / "state"))
    assert not (home / ".ssh/config").exists()


def arrival(activities: list[str], before: str, limit_s: float = 60) -> tuple[bool, float]:
    """Tell an arrival one activity a second; return what was said, and when."""
    now = [0.0]

    def pause(_: float) -> None:
        now[0] += 1

    told = access._wait_for_login(
        lambda: activities[min(int(now[0]), len(activities) - 1)], before, limit_s, clock=lambda: now[0], sleep=pause
    )
    return told, now[0]


@pytest.mark.parametrize(
    ("activities", "before", "told", "at"),
    [
        (["1", "2"], "1", True, access.PAGE_LOAD_S),  # at once: perhaps a kernel at work
        (["1"] * 30 + ["2"], "1", True, 30),
        (["1"], "1", False, 60),
        (["", "1"], "1", False, 60),  # an answer that did not come is no login
        (["1", "1", "2"], "", True, access.PAGE_LOAD_S),
        (["1", "1", "1"], "", False, 60),
    ],
)
def test_the_page_stays_for_the_browser_and_goes_after_the_login(
    activities: list[str], before: str, told: bool, at: float
) -> None:
    assert arrival(activities, before) == (told, at)


def test_the_page_goes_as_soon_as_it_was_read_and_the_server_used() -> None:
    now, pauses = [0.0], iter(range(100))

    def pause(_: float) -> None:
        now[0] = next(pauses) + 1

    told = access._wait_for_login(
        lambda: "2", "1", 60, is_page_read=lambda: now[0] >= 3, clock=lambda: now[0], sleep=pause
    )
    assert (told, now[0]) == (True, 3)


@pytest.mark.parametrize("snaps", [False, True])
@pytest.mark.parametrize("state", [".local/state/envkit/local/vision", "state"])
def test_a_browser_from_a_snap_can_read_the_page_and_nobody_else(
    home: Path, monkeypatch: pytest.MonkeyPatch, state: str, snaps: bool
) -> None:
    monkeypatch.setattr(access, "SNAP_BIN", home if snaps else home / "nowhere")
    here = known(home / state)
    with access._temporary_page(here, "token") as page:
        assert page.stat().st_mode & 0o777 == 0o600
        assert page.parent.stat().st_mode & 0o777 == 0o700
        if snaps:
            assert not page.relative_to(home).parts[0].startswith(".")
        else:
            assert page.parent == here.state_dir.folder
        assert page.read_text() == "token"
    assert not page.exists()
    assert not list(home.glob("envkit-open-*"))


def test_an_answer_nested_beyond_all_measure_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "get", lambda *_, **__: http.Response(200, {}, b"[" * 100_000))
    assert access._last_activity(8888, "secret", lambda: True) == ""


def test_a_container_that_stopped_meanwhile_is_not_asked_with_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(http, "get", lambda *words, **_: asked.append(words))
    assert access._last_activity(8888, "secret", lambda: False) == ""
    assert asked == []


def test_a_folder_whose_name_is_not_utf8_is_refused_with_the_hint(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    with pytest.raises(PreconditionError, match=r"caf\\xe9 is not UTF-8") as refusal:
        project.find_folder(folder)
    assert "rename" in refusal.value.hint
