"""Building a root file system: its commands, its sources, and the explanations of its failures."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkit import rootfs
from envkit.errors import BuildFailed
from envkit.render.filters import UnsafeValueError
from tests.support.hostile_values import HOSTILE

if TYPE_CHECKING:
    from envkit.model.report import Progress

TAR = Path("/x/base.tar")
PROGRAMS = ("mmdebstrap", "debootstrap")


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that comes first on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def install_fake(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


# Writes the tar file that is among the arguments.
WRITE_TAR = 'for word; do case $word in *.part) echo root > "$word";; esac; done; echo "I: done"'


def test_the_tar_is_written_completely_with_progress(bin_folder: Path, tmp_path: Path) -> None:
    install_fake(bin_folder, "mmdebstrap", WRITE_TAR)
    progress: list[Progress] = []
    assert rootfs.build("bookworm", "", tmp_path / "base.tar", progress.append) == "mmdebstrap"
    assert (tmp_path / "base.tar").read_text() == "root\n"
    assert not (tmp_path / "base.tar.part").exists()
    assert [event.text for event in progress] == [
        "building Debian bookworm with mmdebstrap",
        "done",
        "built Debian bookworm",
    ]
    assert progress[-1].finished


def test_a_failed_build_keeps_the_old_tar(bin_folder: Path, tmp_path: Path) -> None:
    install_fake(bin_folder, "mmdebstrap", f"{WRITE_TAR}; echo 'E: something broke'; exit 1")
    (tmp_path / "base.tar").write_text("the last good one")
    with pytest.raises(BuildFailed, match="something broke"):
        rootfs.build("bookworm", "", tmp_path / "base.tar", lambda _: None)
    assert (tmp_path / "base.tar").read_text() == "the last good one"
    assert not (tmp_path / "base.tar.part").exists()


@pytest.mark.skipif(shutil.which("debootstrap", path="/usr/sbin:/sbin") is not None, reason="debootstrap is installed")
def test_a_missing_program_is_reported_with_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildFailed) as failure:
        rootfs.build("bookworm", "", tmp_path / "base.tar", lambda _: None)
    assert failure.value.code == "base-image-unavailable"
    assert "apt-get install mmdebstrap" in failure.value.hint
    assert "docker pull debian:bookworm-slim" in failure.value.hint


def test_a_failure_is_explained_with_a_hint() -> None:
    cases = (
        (
            "W: Temporary failure resolving 'mirror'\nE: apt-get update failed",
            "mirror-unreachable",
            "",
            "build: {mirror",
        ),
        ("E: Could not connect to proxy:3128", "mirror-unreachable", "", "http_proxy"),
        ("tar: base.tar: Cannot write: No space left on device", "temp-disk-full", "", "TMPDIR"),
        ("[Errno 28] No space left on device", "temp-disk-full", "", "free 1 GB"),
        ("E: newuidmap failed", "user-namespace-unavailable", "", "uidmap"),
        ("I: working\nE: mysterious", "base-image-build-failed", "mysterious", "--verbose"),
        ("just words", "base-image-build-failed", "just words", "--verbose"),
        ("", "base-image-build-failed", "no reason", "--verbose"),
    )
    for output, code, reason, hint in cases:
        failure = rootfs.explain_failure("mmdebstrap", "bookworm", output)
        assert failure.code == code, output
        assert reason in failure.message, output
        assert "bookworm" in failure.message, output
        assert hint in failure.hint, output


def test_a_missing_tar_is_a_failed_build(bin_folder: Path, tmp_path: Path) -> None:
    install_fake(bin_folder, "mmdebstrap", "exit 0")  # writes no tar
    with pytest.raises(BuildFailed):
        rootfs.build("bookworm", "", tmp_path / "base.tar", lambda _: None)


def test_updates_and_security_are_included() -> None:
    (command,) = rootfs._build_commands("mmdebstrap", "bookworm", "http://mirror.example/debian/", TAR)
    assert command[-3:] == [
        "deb http://mirror.example/debian bookworm main",
        "deb http://mirror.example/debian bookworm-updates main",
        "deb http://mirror.example/debian-security bookworm-security main",
    ]


def test_only_an_https_mirror_needs_certificates() -> None:
    for program in PROGRAMS:
        plain = rootfs._build_commands(program, "bookworm", "http://mirror.example/debian", TAR)
        secure = rootfs._build_commands(program, "bookworm", "https://mirror.example/debian", TAR)
        assert "--include=ca-certificates" not in plain[0], program
        assert "--include=ca-certificates" in secure[0], program


def test_a_hostile_mirror_is_refused() -> None:
    for program, value in product(PROGRAMS, HOSTILE):
        with pytest.raises(UnsafeValueError):
            rootfs._build_commands(program, "bookworm", value, TAR)


def test_a_hostile_suite_is_refused_or_stays_one_argument() -> None:
    for program, value in product(PROGRAMS, HOSTILE):
        lengths = [len(command) for command in rootfs._build_commands(program, "x", "", TAR)]
        with suppress(UnsafeValueError):
            commands = rootfs._build_commands(program, value, "", TAR)
            assert [len(command) for command in commands] == lengths, (program, value)
            assert value.split() == [value], (program, value)
            assert not value.startswith("-"), (program, value)
