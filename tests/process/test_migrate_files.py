"""`envkit migrate` over files: only the intended changes, and a bad file does not affect the others."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from envkit.commands.migrate import file_job
from envkit.errors import ExitCode
from envkit.fs import files, replace
from tests.support.fake_codemod import NEW, OLD, run, skip_reasons, write_files

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.proves("`migrate` shows the changes, and writes nothing without `--write`", "real")
def test_files_change_only_with_write(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.py": OLD})
    assert len(run(tmp_path).result.files[0].rewrites) == 1
    assert (tmp_path / "a.py").read_bytes() == OLD
    assert run(tmp_path, write=True).result.files[0].written
    assert (tmp_path / "a.py").read_bytes() == NEW
    assert run(tmp_path, write=True).result.files == ()


@pytest.mark.proves("`migrate --check` exits with code 1 while work remains", "real")
def test_check_sets_the_exit_code(tmp_path: Path) -> None:
    for case, content, exit_code in (
        ("rewrite", OLD, ExitCode.CHECK_FAILED),
        ("migrated", NEW, ExitCode.OK),
        ("review", NEW + b"keras.Old\n", ExitCode.CHECK_FAILED),
        ("no keras", b"x = 1\n", ExitCode.OK),
        ("behaviour", NEW + b"keras.Slow\n", ExitCode.OK),
        ("unreadable", b"print 'keras'\n", ExitCode.UNREADABLE),
    ):
        assert run(write_files(tmp_path, {"a.py": content}), check=True).exit_code is exit_code, case


@pytest.mark.proves("a file that cannot be read stays unchanged and is reported, and all others are migrated", "real")
def test_bad_file_is_unchanged_and_stops_no_other(tmp_path: Path) -> None:
    bad = {"b.py": b"print 'keras'\n", "c.py": b"crash keras", "d.py": b"bug keras", "e.py": b"'keras\xff'; bug keras"}
    write_files(tmp_path, {"a.py": OLD, "f.py": OLD, **bad})
    os.mkfifo(tmp_path / "g.py")
    report = run(tmp_path, write=True)
    assert skip_reasons(report, tmp_path) == {
        "a.py": "",
        "b.py": "it is Python 2",
        "c.py": "the parser crashed",
        "d.py": "a bug in envkit: ValueError: keras",
        "e.py": "a bug in envkit: ValueError: keras",
        "f.py": "",
    }
    assert report.exit_code is ExitCode.UNREADABLE
    assert [(tmp_path / name).read_bytes() for name in ("a.py", "f.py")] == [NEW, NEW]
    assert {name: (tmp_path / name).read_bytes() for name in bad} == bad


def test_unreadable_file_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path, {"a.py": OLD})

    def deny(path: Path, limit: int) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(files, "read", deny)
    assert skip_reasons(run(tmp_path), tmp_path) == {"a.py": "cannot access the file: Permission denied"}


def test_oversized_file_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_job, "SIZE_LIMIT_BYTES", 10)
    assert "larger than 10 bytes" in skip_reasons(run(write_files(tmp_path, {"a.py": OLD})), tmp_path)["a.py"]


def test_written_file_keeps_its_mode(tmp_path: Path) -> None:
    path = write_files(tmp_path, {"a.py": OLD}) / "a.py"
    path.chmod(0o751)
    run(tmp_path, write=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o751
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.py"]  # no temporary file is left


def test_file_changed_in_the_meantime_is_not_written(tmp_path: Path) -> None:
    path = write_files(tmp_path, {"a.py": b"newer\n"}) / "a.py"
    assert not replace.replace_if_unchanged(path, replace.digest(OLD), NEW)
    assert path.read_bytes() == b"newer\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.py"]


def test_notes_are_kept_if_the_file_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replace, "replace_if_unchanged", lambda *_: False)
    (result,) = run(write_files(tmp_path, {"a.py": OLD + b"keras.Old\n"}), write=True).result.files
    assert (result.rewrites, [note.rule for note in result.notes], result.written) == ((), ["names/old"], False)
    assert "changed the file in the meantime" in result.skip_reason


def test_file_may_become_empty(tmp_path: Path) -> None:
    run(write_files(tmp_path, {"constraints.txt": b"keras==2.2.4\n"}), write=True)
    assert (tmp_path / "constraints.txt").read_bytes() == b""


def test_rules_can_be_disabled(tmp_path: Path) -> None:
    write_files(tmp_path, {"requirements.txt": b"keras==2.2.4\nkeras-contrib\n"})
    report = run(tmp_path, write=True, disabled=("requirements/keras", "requirements/imports-keras"))
    assert report.result.files == ()
    assert (tmp_path / "requirements.txt").read_bytes() == b"keras==2.2.4\nkeras-contrib\n"


def test_setup_py_is_code_and_declares_requirements(tmp_path: Path) -> None:
    (result,) = run(write_files(tmp_path, {"setup.py": OLD + b"needs = 0; requires = ['Keras==2.2.4']\n"})).result.files
    assert ([rewrite.rule for rewrite in result.rewrites], [note.rule for note in result.notes]) == (
        ["imports/keras"],
        ["requirements/keras"],
    )


def test_results_are_in_order(tmp_path: Path) -> None:
    write_files(tmp_path, {f"m{number:03}.py": OLD for number in range(100)})
    assert list(skip_reasons(run(tmp_path), tmp_path)) == [f"m{number:03}.py" for number in range(100)]
