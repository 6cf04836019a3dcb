"""`envkit migrate` over files and folders: nothing is lost, nothing else is touched, one bad file stops no other."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkit import files
from envkit.cli import changes, main
from envkit.commands import migrate, ported, replaced, sources
from envkit.commands.ported import Job, Ported
from envkit.errors import Exit, Refusal
from envkit.migrate.outcome import Kind, Note, Outcome, Rewrite, Where
from envkit.report.json import to_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkit.model.report import Report

OLD, NEW = b"import keras\n", b"from tensorflow import keras\n"


def code(source: bytes) -> Outcome:
    """Stand for the codemod; what some words stand for happens to a file that holds them."""
    if b"crash keras" in source:
        os.kill(os.getpid(), signal.SIGKILL)
    if b"bug keras" in source:
        raise ValueError("keras")
    if b"print 'keras'" in source:
        return Outcome(source, unreadable="it is Python 2", mend="2to3 -w")
    notes = []
    if b"keras.Old" in source:
        notes = [Note(Where(2, 1), "names/old", Kind.REVIEW, "Old is gone", "take New")]
    if b"keras.Slow" in source:
        notes = [Note(Where(2, 1), "names/slow", Kind.BEHAVIOUR, "Slow is slower", "be patient")]
    made = re.sub(rb"(?m)^import keras$", NEW.strip(), source)
    rewrites = (Rewrite(Where(1, 1), "imports/keras", "import keras", NEW.decode().strip()),) if made != source else ()
    return Outcome(made, rewrites, tuple(notes))


def run(*paths: Path, write: bool = False, check: bool = False, off: tuple[str, ...] = ()) -> Report[migrate.Migrated]:
    job = Job(code, "2.9.0", frozenset(off), compare=True)
    return migrate.migrate(paths, job, write=write, check=check, tell=lambda _: None, seen=lambda _, __: None)


def tree(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def told(report: Report[migrate.Migrated], folder: Path) -> dict[str, str]:
    return {Path(one.path).relative_to(folder).as_posix(): one.left for one in report.result.files}


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
        (OLD, Exit.CHECK_FAILED), (NEW, Exit.OK), (NEW + b"keras.Old\n", Exit.CHECK_FAILED), (b"x = 1\n", Exit.OK),
        (NEW + b"keras.Slow\n", Exit.OK), (b"print 'keras'\n", Exit.UNREADABLE),
    ],
    ids=["to rewrite", "done", "to review", "no keras", "to know", "unreadable"],
)
def test_a_check_ends_with_what_is_left_to_do(tmp_path: Path, content: bytes, code_: Exit) -> None:
    assert run(tree(tmp_path, {"a.py": content}), check=True).exit_code is code_


@pytest.mark.proves("a file that cannot be read is left as it is and told, and stops no other", "real")
def test_one_bad_file_stops_no_other_and_stays_as_it_is(tmp_path: Path) -> None:
    bad = {"b.py": b"print 'keras'\n", "c.py": b"crash keras", "d.py": b"bug keras", "e.py": b"'keras\xff'; bug keras"}
    tree(tmp_path, {"a.py": OLD, "f.py": OLD, **bad})
    os.mkfifo(tmp_path / "g.py")
    report = run(tmp_path, write=True)
    assert told(report, tmp_path) == {
        "a.py": "", "b.py": "it is Python 2", "c.py": "the parser crashed on it",
        "d.py": "a bug in envkit: ValueError: keras", "e.py": "a bug in envkit: ValueError: keras", "f.py": "",
    }
    assert report.exit_code is Exit.UNREADABLE
    assert [(tmp_path / name).read_bytes() for name in ("a.py", "f.py")] == [NEW, NEW]
    assert {name: (tmp_path / name).read_bytes() for name in bad} == bad


def test_what_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, {"a.py": OLD})

    def refused(path: Path, limit: int) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(files, "read", refused)
    assert told(run(tmp_path), tmp_path) == {"a.py": "it cannot be used: Permission denied"}


def test_a_folder_that_may_not_be_read_is_told_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, {"a/x.py": OLD, "b.py": OLD})
    scan = os.scandir

    def refused(folder: Path) -> Iterator[os.DirEntry[str]]:
        if folder.name == "a":
            raise PermissionError(13, "Permission denied", str(folder))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refused)
    assert told(run(tmp_path), tmp_path) == {"a": "it cannot be used: Permission denied", "b.py": ""}


def test_what_is_larger_than_any_code_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ported, "SIZE_LIMIT_BYTES", 10)
    assert "larger than 10 bytes" in told(run(tree(tmp_path, {"a.py": OLD})), tmp_path)["a.py"]


def test_files_without_the_word_reach_no_worker(tmp_path: Path) -> None:
    report = run(tree(tmp_path, {"a.py": b"bug Keras", "b.py": b"x", "requirements.txt": b"numpy\n"}))
    assert (report.result.looked, report.result.files) == (3, ())


def test_a_file_keeps_its_mode_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tree(tmp_path, {"a.py": OLD}) / "a.py"
    path.chmod(0o751)
    run(tmp_path, write=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o751
    assert [one.name for one in tmp_path.iterdir()] == ["a.py"]


def test_a_file_that_changed_meanwhile_is_not_written(tmp_path: Path) -> None:
    path = tree(tmp_path, {"a.py": b"newer\n"}) / "a.py"
    assert not replaced.replace(path, replaced.digest(OLD), NEW)
    assert path.read_bytes() == b"newer\n"
    assert [one.name for one in tmp_path.iterdir()] == ["a.py"]


def test_what_is_to_be_known_of_a_file_is_told_where_it_could_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaced, "replace", lambda *_: False)
    (one,) = run(tree(tmp_path, {"a.py": OLD + b"keras.Old\n"}), write=True).result.files
    assert (one.rewrites, [note.rule for note in one.notes], one.written) == ((), ["names/old"], False)
    assert "somebody changed it" in one.left


def test_a_file_may_become_empty(tmp_path: Path) -> None:
    run(tree(tmp_path, {"constraints.txt": b"keras==2.2.4\n"}), write=True)
    assert (tmp_path / "constraints.txt").read_bytes() == b""


def test_no_link_is_followed(tmp_path: Path) -> None:
    outside, inside = tree(tmp_path / "outside", {"a.py": OLD}), tree(tmp_path / "inside", {"b.py": OLD})
    (inside / "c.py").symlink_to(outside / "a.py")
    (inside / "d").symlink_to(outside)
    assert told(run(inside, write=True), inside) == {"b.py": ""}
    assert told(run(inside / "c.py", write=True), inside) == {"c.py": "it is a link, and no link is followed"}
    assert not replaced.replace(inside / "c.py", replaced.digest(OLD), NEW)
    assert (outside / "a.py").read_bytes() == OLD


def test_what_no_person_wrote_is_left_out(tmp_path: Path) -> None:
    places = ["node_modules", ".git", "a/site-packages", ".ipynb_checkpoints", "env/lib", "mamba"]
    tree(tmp_path, {"a.py": OLD, "src/b.py": OLD, "env/pyvenv.cfg": b"", **{f"{place}/x.py": OLD for place in places}})
    (tmp_path / "mamba/conda-meta").mkdir()
    found = [source.below.as_posix() for source in sources.gather([tmp_path])]
    assert found == ["a.py", "src/b.py"]


def test_folders_may_be_nested_deeper_than_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("d")
    for _ in range(sys.getrecursionlimit() + 100):
        folder.mkdir()
        folder /= "d"
    deepest = folder.with_name("a.py")
    deepest.write_bytes(OLD)
    found = [one.path for one in sources.gather([Path("d")])]
    deepest.unlink()
    os.removedirs(deepest.parent)  # what pytest would do itself is nested as deeply
    assert found == [deepest]


def test_what_git_ignores_is_left_out_unless_it_is_named(tmp_path: Path) -> None:
    tree(tmp_path, {"a.py": OLD, "build/b.py": OLD, "c.py": OLD, "d.py": OLD, ".gitignore": b"build/\nc.py\nd.py\n"})
    for words in (["init", "-q"], ["add", "-f", "d.py"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    below = {one.below.as_posix() for one in sources.gather([tmp_path])}
    assert below == {"a.py", "d.py"}
    assert [one.below.as_posix() for one in sources.gather([tmp_path / "build"])] == ["b.py"]
    assert [one.path for one in sources.gather([tmp_path / "c.py"])] == [tmp_path / "c.py"]


def test_paths_below_each_other_are_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, {"a/b.py": OLD, "c.py": OLD})
    monkeypatch.chdir(tmp_path)
    paths = [Path("a/b.py"), Path("a"), Path(), Path("c.py"), Path("a/../c.py"), tmp_path]
    assert [str(one.path) for one in sources.gather(paths)] == ["a/b.py", "c.py"]
    assert [str(one.path) for one in sources.gather([Path("c.py"), Path("c.py")])] == ["c.py"]


@pytest.mark.parametrize("name", ["nothing", "notes.md"])
def test_a_path_that_says_nothing_to_us_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.md").write_text("import keras")
    with pytest.raises(Refusal):
        run(tmp_path / name)


@pytest.mark.parametrize("own", ["keras.py", "keras/__init__.py", "src/keras.py"])
def test_a_projects_own_keras_is_left_alone(tmp_path: Path, own: str) -> None:
    tree(tmp_path, {"scripts/a.py": b"import re, keras\n", "b.py": b"x = 'keras'\n", own: b""})
    report = run(tmp_path, write=True)
    (left,) = told(report, tmp_path).items()
    assert left[0] == "scripts/a.py"
    assert "a module of the project's own" in left[1]
    assert (tmp_path / "scripts/a.py").read_bytes() == b"import re, keras\n"


def test_a_module_of_that_name_in_a_package_is_no_hindrance(tmp_path: Path) -> None:
    package = {"package/__init__.py": b"", "package/keras.py": b"", "package/a.py": OLD}
    tree(tmp_path, {**package, "folder/keras/example.py": OLD})
    assert told(run(tmp_path, write=True), tmp_path) == {"folder/keras/example.py": "", "package/a.py": ""}


def test_rules_are_switched_off(tmp_path: Path) -> None:
    tree(tmp_path, {"requirements.txt": b"keras==2.2.4\nkeras-contrib\n"})
    report = run(tmp_path, write=True, off=("requirements/keras", "requirements/imports-keras"))
    assert report.result.files == ()
    assert (tmp_path / "requirements.txt").read_bytes() == b"keras==2.2.4\nkeras-contrib\n"


def test_setup_py_is_code_and_says_what_is_needed(tmp_path: Path) -> None:
    (one,) = run(tree(tmp_path, {"setup.py": OLD + b"needs = 0; requires = ['Keras==2.2.4']\n"})).result.files
    assert ([rewrite.rule for rewrite in one.rewrites], [note.rule for note in one.notes]) == (
        ["imports/keras"], ["requirements/keras"])


def test_results_come_in_order(tmp_path: Path) -> None:
    tree(tmp_path, {f"m{number:03}.py": OLD for number in range(100)})
    assert list(told(run(tmp_path), tmp_path)) == [f"m{number:03}.py" for number in range(100)]


def test_the_report_for_programs_has_every_place(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "source": ["import keras\n", "x = 1"]}
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}}))
    tree(tmp_path, {"b.py": NEW + b"keras.Old\n", "c.py": b"print 'keras'\n"})
    value = json.loads(to_json(run(tmp_path)))
    assert (value["command"], value["exit_code"], value["result"]["release"]) == ("migrate", 6, "2.9.0")
    book, noted, left = value["result"]["files"]
    assert book["rewrites"] == [{
        "where": {"line": 1, "column": 1, "cell": 1}, "rule": "imports/keras", "before": "import keras",
        "after": "from tensorflow import keras",
    }]
    assert noted["notes"] == [{
        "where": {"line": 2, "column": 1, "cell": 0}, "rule": "names/old", "kind": "review", "message": "Old is gone",
        "mend": "take New",
    }]
    assert (left["left"], left["mend"], "diff" in left) == ("it is Python 2", "2to3 -w", False)


def diffs(folder: Path) -> dict[str, str]:
    shown: list[Ported] = []
    job = Job(code, "2.9.0", frozenset(), compare=True)
    migrate.migrate([folder], job, tell=shown.append, seen=lambda _, __: None)
    return {Path(one.path).name: one.diff for one in shown}


def test_a_diff_has_the_bytes_of_the_file(tmp_path: Path) -> None:
    tree(tmp_path, {"a.py": b"x = '\xe9'\r\nimport keras\ny = 1", "b.py": OLD.strip()})
    shown = {name: one.encode("utf-8", "surrogateescape") for name, one in diffs(tmp_path).items()}
    at, end = str(tmp_path).encode(), b"\\ No newline at end of file\n"
    assert shown["a.py"] == (
        b"--- a/%s/a.py\n+++ b/%s/a.py\n@@ -1,3 +1,3 @@\n x = '\xe9'\r\n-%s+%s y = 1\n" % (at, at, OLD, NEW) + end
    )
    assert shown["b.py"] == b"--- a/%s/b.py\n+++ b/%s/b.py\n@@ -1 +1 @@\n-%s%s+%s%s" % (at, at, OLD, end, NEW, end)


@pytest.mark.parametrize("reader", [["patch", "-p1", "--quiet"], ["git", "apply"]], ids=["patch", "git"])
@pytest.mark.parametrize(
    "name", ["a.py", "a b.py", "a\tb.py", 'a"\\.py', "a\n--- a/other.py\n+++ b/other.py", "\x1b.py", "é.py"]
)
def test_a_diff_is_read_back_whatever_the_file_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes], name: str,
    reader: list[str],
) -> None:
    monkeypatch.chdir(tree(tmp_path, {"other.py": OLD, name: OLD + b"x = 1"}))
    with pytest.raises(SystemExit):
        main.main(["migrate", "."] if name == "a.py" else ["migrate", "--", f"{name.partition('/')[0]}"])
    subprocess.run(reader, input=capsysbinary.readouterr().out, check=True)
    assert (tmp_path / name).read_bytes() == NEW + b"x = 1"
    assert (tmp_path / "other.py").read_bytes() == (NEW if name == "a.py" else OLD)


def test_a_notebooks_diff_is_of_its_cells(tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "source": text} for text in ("x = 1", "import keras\nx = '\\x1b[2J'")]
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}}))
    (shown,) = diffs(tmp_path).values()
    assert shown.splitlines()[:5] == [
        f"--- a/{tmp_path}/a.ipynb cell 2\t", f"+++ b/{tmp_path}/a.ipynb cell 2\t", "@@ -1,2 +1,2 @@", "-import keras",
        "+from tensorflow import keras",
    ]


def test_what_a_terminal_is_shown_is_harmless_and_coloured() -> None:
    note = Note(Where(2, 1, 3), "names/old", Kind.REVIEW, "Old\x1b[2J is gone", "take New")
    one = Ported("a\x1b.ipynb", notes=(note,), diff="--- a/a\n+++ b/a\n-x = '\x1b[2J'\r\n+y\n")
    assert list(changes.lines(one, safe=True, color=True)) == [
        "\x1b[1m--- a/a\x1b[0m\n", "\x1b[1m+++ b/a\x1b[0m\n", "\x1b[31m-x = '\\x1b[2J'\x1b[0m\n", "\x1b[32m+y\x1b[0m\n",
        "a\\x1b.ipynb:cell 3:2:1: \x1b[33mreview\x1b[0m Old\\x1b[2J is gone [names/old]\n", "    mend: take New\n",
    ]
    assert "".join(changes.lines(one, safe=False, color=False)).startswith(one.diff)


def envkit(capsysbinary: pytest.CaptureFixture[bytes], *words: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main.main(["migrate", *words])
    return int(str(ended.value.code)), capsysbinary.readouterr().out.decode()


def test_the_verb_shows_a_diff_and_a_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tree(tmp_path, {"a.py": OLD, "b.py": b"x = 1\n"}))
    code_, out = envkit(capsysbinary, ".")
    assert code_ == 0
    assert out == (
        "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-import keras\n+from tensorflow import keras\n"
        "2 files looked at, for TensorFlow 2.9.0\n  1 place in 1 file would be rewritten; --write does it\n"
    )
    assert envkit(capsysbinary, "a.py", "--check")[0] == 1
    assert envkit(capsysbinary, "a.py", "--write")[1].endswith("1 place in 1 file rewritten\n")
    assert envkit(capsysbinary, ".", "--check") == (0, "2 files looked at, for TensorFlow 2.9.0: nothing to do\n")


@pytest.mark.parametrize("words", [["--write", "--check"], ["--to", "1.0"], ["--ignore", "no/such-rule"], ["nothing"]])
def test_the_verb_refuses_what_it_does_not_know(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], words: list[str]
) -> None:
    assert envkit(capsysbinary, str(tmp_path), *words) == (2, "")


def test_the_verb_tells_programs_in_one_document(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    tree(tmp_path, {"a.py": OLD, "requirements.txt": b"keras-vis\n"})
    _, out = envkit(capsysbinary, str(tmp_path), "--format", "json", "--ignore", "requirements/imports-keras")
    (one,) = json.loads(out)["result"]["files"]
    assert [rewrite["rule"] for rewrite in one["rewrites"]] != []


def test_a_writer_that_nobody_reads_ends_quietly(tmp_path: Path) -> None:
    tree(tmp_path, {f"m{number}.py": OLD for number in range(50)})
    argv = [sys.executable, "-m", "envkit", "migrate", str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


@pytest.mark.parametrize(("option", "code_", "content"), [("--write", 0, NEW), ("--check", 1, OLD)])
def test_what_was_asked_for_is_done_when_nobody_reads(tmp_path: Path, option: str, code_: int, content: bytes) -> None:
    tree(tmp_path, {f"m{number}.py": OLD for number in range(50)})
    argv = [sys.executable, "-m", "envkit", "migrate", str(tmp_path), option]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(60) == code_
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {content}


def test_an_interrupt_leaves_whole_files_and_no_process(tmp_path: Path) -> None:
    old = b"".join(b"from keras.layers.core import Dense as D%d\n" % number for number in range(40))
    tree(tmp_path, {f"m{number:03}.py": old for number in range(120)})
    argv = [sys.executable, "-m", "envkit", "migrate", str(tmp_path), "--write"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()  # more than fits into a pipe follows, so that it waits for us
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, b"envkit: interrupted; repeat the command\n")
    left = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(left) == 120
    assert {content.count(b"from tensorflow.keras.layers import Dense as") for content in left.values()} <= {0, 40}
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
