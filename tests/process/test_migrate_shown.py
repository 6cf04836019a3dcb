"""What `envkit migrate` shows people and tells programs, and what becomes of it when they stop to read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from envkit.cli import main
from envkit.cli.output import migrate_diff
from envkit.commands import migrate
from envkit.commands.migrate.file_job import FileResult, Job
from envkit.migrate.outcome import Kind, Location, Note
from envkit.report.json import to_json
from tests.process.migrating import NEW, OLD, code, run, tree


def test_the_report_for_programs_has_every_place(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "source": ["import keras\n", "x = 1"]}
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}}))
    tree(tmp_path, {"b.py": NEW + b"keras.Old\n", "c.py": b"print 'keras'\n"})
    value = json.loads(to_json(run(tmp_path)))
    assert (value["command"], value["exit_code"], value["result"]["release"]) == ("migrate", 6, "2.9.0")
    book, noted, left = value["result"]["files"]
    assert book["rewrites"] == [
        {
            "location": {"line": 1, "column": 1, "cell": 1},
            "rule": "imports/keras",
            "before": "import keras",
            "after": "from tensorflow import keras",
        }
    ]
    assert noted["notes"] == [
        {
            "location": {"line": 2, "column": 1, "cell": 0},
            "rule": "names/old",
            "kind": "review",
            "message": "Old is gone",
            "hint": "take New",
        }
    ]
    assert (left["skip_reason"], left["hint"], "diff" in left) == ("it is Python 2", "2to3 -w", False)


def diffs(folder: Path, *, by_cell: bool = False) -> dict[str, str]:
    shown: list[FileResult] = []
    job = Job(code, "2.9.0", frozenset(), show_diff=True, diff_by_cell=by_cell)
    migrate.migrate([folder], job, on_file=shown.append, on_scan=lambda _, __: None)
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
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
    name: str,
    reader: list[str],
) -> None:
    monkeypatch.chdir(tree(tmp_path, {"other.py": OLD, name: OLD + b"x = 1"}))
    with pytest.raises(SystemExit):
        main.main(["migrate", "."] if name == "a.py" else ["migrate", "--", f"{name.partition('/')[0]}"])
    subprocess.run(reader, input=capsysbinary.readouterr().out, check=True)
    assert (tmp_path / name).read_bytes() == NEW + b"x = 1"
    assert (tmp_path / "other.py").read_bytes() == (NEW if name == "a.py" else OLD)


CELL = {"cell_type": "code", "source": ["# caf\xe9\n", "import keras\n", "keras.layers.core.Dense(3)"]}
NOTEBOOK = json.dumps({"cells": [CELL]}, indent=1)
KINDS = {
    "a.py": OLD + b"x = 1\n",
    "crlf.py": b"x = 1\r\nimport keras\r\n\r\ny = 2",
    "no end.py": b"x = 1\n" + OLD.strip(),
    "latin.py": b"# coding: latin-1\nimport keras\nx = '\xe9'\n",
    "feed.py": b"x = 1\x0c\r\n" + OLD + b"y = '\x0b'\x0c",
    "sub/\xe9 b.py": OLD * 9,
    "requirements.txt": b"keras==2.2.4\r\ntensorflow==1.14\r\n",
    "nb.ipynb": NOTEBOOK.encode() + b"\n",
    "sub/\xfc nb.ipynb": NOTEBOOK.encode(),
    "crlf.ipynb": NOTEBOOK.replace("\n", "\r\n").encode(),
    "line.ipynb": json.dumps({"cells": [CELL]}).encode(),
    "mark.ipynb": f"\ufeff{NOTEBOOK}\n".encode(),
    "utf.ipynb": json.dumps({"cells": [CELL]}, ensure_ascii=False).encode(),
    "left.py": b"import keras\nprint 'x'\n",
    "same.ipynb": NOTEBOOK.replace("keras", "numpy").encode(),
}


@pytest.mark.proves("the diff of `migrate` in a pipe is one that `patch` and `git apply` take", "real")
@pytest.mark.parametrize("reader", [["patch", "-p1", "--quiet"], ["git", "apply"]], ids=["patch", "git"])
def test_a_whole_diff_is_read_back_as_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes], reader: list[str]
) -> None:
    patched, written = tree(tmp_path / "patched", KINDS), tree(tmp_path / "written", KINDS)
    for folder, words in ((written, [".", "--write"]), (patched, ["."])):
        monkeypatch.chdir(folder)
        with pytest.raises(SystemExit):
            main.main(["migrate", *words])
        shown = capsysbinary.readouterr().out
    assert {(patched / name).read_bytes() == content for name, content in KINDS.items()} == {True}
    subprocess.run(["git", "apply", "--check"], input=shown, check=True)
    subprocess.run(reader, input=shown, check=True)
    made = {name: (patched / name).read_bytes() for name in KINDS}
    assert made == {name: (written / name).read_bytes() for name in KINDS}
    assert {name for name, content in KINDS.items() if made[name] == content} == {"left.py", "same.ipynb"}
    assert not [*patched.rglob("*.orig")]  # patch found every place by its very line


def test_on_a_terminal_a_notebooks_diff_is_of_its_cells(tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "source": text} for text in ("x = 1", "import keras\nx = '\\x1b[2J'")]
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}}))
    (shown,) = diffs(tmp_path, by_cell=True).values()
    assert shown.splitlines()[:5] == [
        f"--- a/{tmp_path}/a.ipynb cell 2\t",
        f"+++ b/{tmp_path}/a.ipynb cell 2\t",
        "@@ -1,2 +1,2 @@",
        "-import keras",
        "+from tensorflow import keras",
    ]


def test_the_verb_shows_cells_on_a_terminal_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tree(tmp_path, {"a.ipynb": NOTEBOOK.encode()}))
    assert "+++ b/a.ipynb\n" in envkit(capsysbinary, ".")[1]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "+++ b/a.ipynb cell 1" in envkit(capsysbinary, ".")[1]


def test_what_a_terminal_is_shown_is_harmless_and_coloured() -> None:
    note = Note(Location(2, 1, 3), "names/old", Kind.REVIEW, "Old\x1b[2J is gone", "take New")
    one = FileResult("a\x1b.ipynb", notes=(note,), diff="--- a/a\n+++ b/a\n-x = '\x1b[2J'\r\n+y\n")
    assert list(migrate_diff.format_lines(one, safe=True, color=True)) == [
        "\x1b[1m--- a/a\x1b[0m\n",
        "\x1b[1m+++ b/a\x1b[0m\n",
        "\x1b[31m-x = '\\x1b[2J'\x1b[0m\n",
        "\x1b[32m+y\x1b[0m\n",
        "a\\x1b.ipynb:cell 3:2:1: \x1b[33mreview\x1b[0m Old\\x1b[2J is gone [names/old]\n",
        "    hint: take New\n",
    ]
    assert "".join(migrate_diff.format_lines(one, safe=False, color=False)).startswith(one.diff)


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


@pytest.mark.parametrize("format_", ["text", "json"])
@pytest.mark.parametrize(("option", "code_", "content"), [("--write", 0, NEW), ("--check", 1, OLD)])
def test_what_was_asked_for_is_done_when_nobody_reads(
    tmp_path: Path, option: str, code_: int, content: bytes, format_: str
) -> None:
    tree(tmp_path, {f"m{number}.py": OLD for number in range(50)})
    argv = [sys.executable, "-m", "envkit", "migrate", str(tmp_path), option, "--format", format_]
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
