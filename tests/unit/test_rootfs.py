"""Assembling a root file system: with what, from where, and what is said when it fails."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkit import rootfs
from envkit.errors import BuildFailed
from envkit.render.filters import UnsafeValueError
from tests.unit.hostile import HOSTILE

if TYPE_CHECKING:
    from envkit.model.report import Progress

TAR = Path("/x/base.tar")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that is searched first."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def pretend(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


# The tar is the word after the suite, as the real program reads it.
WRITES = 'for word; do case $word in *.part) echo root > "$word";; esac; done; echo "I: done"'


def test_the_tar_appears_whole_and_the_news_with_it(programs: Path, tmp_path: Path) -> None:
    pretend(programs, "mmdebstrap", WRITES)
    said: list[Progress] = []
    assert rootfs.build("bookworm", "", tmp_path / "base.tar", said.append) == "mmdebstrap"
    assert (tmp_path / "base.tar").read_text() == "root\n"
    assert not (tmp_path / "base.tar.part").exists()
    assert [one.text for one in said] == [
        "assembling Debian bookworm with mmdebstrap",
        "done",
        "assembled Debian bookworm",
    ]
    assert said[-1].finished


def test_a_failure_leaves_nothing_and_takes_nothing_away(programs: Path, tmp_path: Path) -> None:
    pretend(programs, "mmdebstrap", f"{WRITES}; echo 'E: something broke'; exit 1")
    (tmp_path / "base.tar").write_text("the last good one")
    with pytest.raises(BuildFailed, match="something broke"):
        rootfs.build("bookworm", "", tmp_path / "base.tar", lambda _: None)
    assert (tmp_path / "base.tar").read_text() == "the last good one"
    assert not (tmp_path / "base.tar.part").exists()


@pytest.mark.skipif(shutil.which("debootstrap", path="/usr/sbin:/sbin") is not None, reason="debootstrap is here")
def test_without_a_program_the_hint_names_one_and_the_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildFailed) as failed:
        rootfs.build("bookworm", "", tmp_path / "base.tar", lambda _: None)
    assert "apt-get install mmdebstrap" in failed.value.hint
    assert "docker pull debian:bookworm-slim" in failed.value.hint


@pytest.mark.parametrize(("said", "message", "hint"), [
    ("W: Temporary failure resolving 'mirror'\nE: apt-get update failed", "cannot be reached", "build: {mirror"),
    ("E: Could not connect to proxy:3128", "cannot be reached", "http_proxy"),
    ("tar: base.tar: Cannot write: No space left on device", "the disk is full", "TMPDIR"),
    ("[Errno 28] No space left on device", "the disk is full", "free 1 GB"),
    ("E: newuidmap failed", "may not assemble", "uidmap"),
    ("I: working\nE: mysterious", "mysterious", "--verbose"),
    ("just words", "just words", "--verbose"),
    ("", "no reason was given", "--verbose"),
])  # fmt: skip
def test_a_failure_says_what_it_was_and_what_helps(said: str, message: str, hint: str) -> None:
    failed = rootfs.explain_failure("mmdebstrap", "bookworm", said)
    assert message in failed.message
    assert "bookworm" in failed.message
    assert hint in failed.hint


def test_a_full_disk_is_no_traceback(programs: Path, tmp_path: Path) -> None:
    pretend(programs, "mmdebstrap", "exit 0")  # wrote nothing, so there is nothing to take
    with pytest.raises(BuildFailed):
        rootfs.build("bookworm", "", tmp_path / "base.tar", lambda _: None)


def test_updates_and_security_are_in_from_the_start() -> None:
    (command,) = rootfs._build_commands("mmdebstrap", "bookworm", "http://mirror.example/debian/", TAR)
    assert command[-3:] == [
        "deb http://mirror.example/debian bookworm main",
        "deb http://mirror.example/debian bookworm-updates main",
        "deb http://mirror.example/debian-security bookworm-security main",
    ]


@pytest.mark.parametrize("origin", ["mmdebstrap", "debootstrap"])
def test_only_a_mirror_that_speaks_https_needs_certificates_in_the_base(origin: str) -> None:
    plain = rootfs._build_commands(origin, "bookworm", "http://mirror.example/debian", TAR)
    secure = rootfs._build_commands(origin, "bookworm", "https://mirror.example/debian", TAR)
    assert "--include=ca-certificates" not in plain[0]
    assert "--include=ca-certificates" in secure[0]


@pytest.mark.parametrize("origin", ["mmdebstrap", "debootstrap"])
def test_a_hostile_mirror_is_refused(origin: str) -> None:
    for value in HOSTILE:
        with pytest.raises(UnsafeValueError):
            rootfs._build_commands(origin, "bookworm", value, TAR)


@pytest.mark.parametrize("origin", ["mmdebstrap", "debootstrap"])
def test_a_hostile_suite_is_refused_or_stays_in_its_word(origin: str) -> None:
    lengths = [len(one) for one in rootfs._build_commands(origin, "x", "", TAR)]
    for value in HOSTILE:
        with suppress(UnsafeValueError):
            assert [len(one) for one in rootfs._build_commands(origin, value, "", TAR)] == lengths, value
            assert value.split() == [value]
            assert not value.startswith("-")
