"""`envkit migrate` over files: nothing is lost, nothing else is touched, one bad file stops no other."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from envkit.commands.migrate import file_job
from envkit.errors import ExitCode
from envkit.fs import files, replace
from tests.process.migrating import NEW, OLD, run, told, tree

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.proves("`migrate` shows what would change, and changes nothing unless that is asked for", "real")
def test_nothing_is_changed_unless_that_is_asked_for(tmp_path: Path) -> None:
    tree(tmp_path, {"a.py": OLD})
    assert len(run(tmp_path).result.files[0].rewrites) == 1
    assert (tmp_path / "a.py").read_bytes() == OLD
    assert run(tmp_path, write=True).result.files[0].written
    assert (tmp_path / "a.py").read_bytes() == NEW
    assert run(tmp_path, write=True).result.files == ()


@pytest.mark.proves("`migrate --check` ends with 1 while something is left to do", "real")
@pytest.mark.parametrize(
    ("content", "code_"),
    [
        (OLD, ExitCode.CHECK_FAILED),
        (NEW, ExitCode.OK),
        (NEW + b"keras.Old\n", ExitCode.CHECK_FAILED),
        (b"x = 1\n", ExitCode.OK),
        (NEW + b"keras.Slow\n", ExitCode.OK),
        (b"print 'keras'\n", ExitCode.UNREADABLE),
    ],
    ids=["to rewrite", "done", "to review", "no keras", "to know", "unreadable"],
)
def test_a_check_ends_with_what_is_left_to_do(tmp_path: Path, content: bytes, code_: ExitCode) -> None:
    assert run(tree(tmp_path, {"a.py": content}), check=True).exit_code is code_


@pytest.mark.proves("a file that cannot be read is left as it is and told, and stops no other", "real")
def test_one_bad_file_stops_no_other_and_stays_as_it_is(tmp_path: Path) -> None:
    bad = {"b.py": b"print 'keras'\n", "c.py": b"crash keras", "d.py": b"bug keras", "e.py": b"'keras\xff'; bug keras"}
    tree(tmp_path, {"a.py": OLD, "f.py": OLD, **bad})
    os.mkfifo(tmp_path / "g.py")
    report = run(tmp_path, write=True)
    assert told(report, tmp_path) == {
        "a.py": "",
        "b.py": "it is Python 2",
        "c.py": "the parser crashed on it",
        "d.py": "a bug in envkit: ValueError: keras",
        "e.py": "a bug in envkit: ValueError: keras",
        "f.py": "",
    }
    assert report.exit_code is ExitCode.UNREADABLE
    assert [(tmp_path / name).read_bytes() for name in ("a.py", "f.py")] == [NEW, NEW]
    assert {name: (tmp_path / name).read_bytes() for name in bad} == bad


def test_what_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, {"a.py": OLD})

    def refused(path: Path, limit: int) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(files, "read", refused)
    assert told(run(tmp_path), tmp_path) == {"a.py": "it cannot be used: Permission denied"}


def test_what_is_larger_than_any_code_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_job, "SIZE_LIMIT_BYTES", 10)
    assert "larger than 10 bytes" in told(run(tree(tmp_path, {"a.py": OLD})), tmp_path)["a.py"]


def test_a_file_keeps_its_mode_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tree(tmp_path, {"a.py": OLD}) / "a.py"
    path.chmod(0o751)
    run(tmp_path, write=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o751
    assert [one.name for one in tmp_path.iterdir()] == ["a.py"]


def test_a_file_that_changed_meanwhile_is_not_written(tmp_path: Path) -> None:
    path = tree(tmp_path, {"a.py": b"newer\n"}) / "a.py"
    assert not replace.replace_if_unchanged(path, replace.digest(OLD), NEW)
    assert path.read_bytes() == b"newer\n"
    assert [one.name for one in tmp_path.iterdir()] == ["a.py"]


def test_what_is_to_be_known_of_a_file_is_told_where_it_could_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replace, "replace_if_unchanged", lambda *_: False)
    (one,) = run(tree(tmp_path, {"a.py": OLD + b"keras.Old\n"}), write=True).result.files
    assert (one.rewrites, [note.rule for note in one.notes], one.written) == ((), ["names/old"], False)
    assert "somebody changed it" in one.skip_reason


def test_a_file_may_become_empty(tmp_path: Path) -> None:
    run(tree(tmp_path, {"constraints.txt": b"keras==2.2.4\n"}), write=True)
    assert (tmp_path / "constraints.txt").read_bytes() == b""


def test_rules_are_switched_off(tmp_path: Path) -> None:
    tree(tmp_path, {"requirements.txt": b"keras==2.2.4\nkeras-contrib\n"})
    report = run(tmp_path, write=True, off=("requirements/keras", "requirements/imports-keras"))
    assert report.result.files == ()
    assert (tmp_path / "requirements.txt").read_bytes() == b"keras==2.2.4\nkeras-contrib\n"


def test_setup_py_is_code_and_says_what_is_needed(tmp_path: Path) -> None:
    (one,) = run(tree(tmp_path, {"setup.py": OLD + b"needs = 0; requires = ['Keras==2.2.4']\n"})).result.files
    assert ([rewrite.rule for rewrite in one.rewrites], [note.rule for note in one.notes]) == (
        ["imports/keras"],
        ["requirements/keras"],
    )


def test_results_come_in_order(tmp_path: Path) -> None:
    tree(tmp_path, {f"m{number:03}.py": OLD for number in range(100)})
    assert list(told(run(tmp_path), tmp_path)) == [f"m{number:03}.py" for number in range(100)]
