"""Output of `envkit migrate` for people and programs, also if the reader closes the pipe."""

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
from tests.support.fake_codemod import NEW, OLD, fake_codemod, run, write_files


def test_json_report_has_every_location(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "source": ["import keras\n", "x = 1"]}
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}}))
    write_files(tmp_path, {"b.py": NEW + b"keras.Old\n", "c.py": b"print 'keras'\n"})
    value = json.loads(to_json(run(tmp_path)))
    assert (value["command"], value["exit_code"], value["result"]["release"]) == ("migrate", 6, "2.9.0")
    notebook, with_notes, skipped = value["result"]["files"]
    assert notebook["rewrites"] == [
        {
            "location": {"line": 1, "column": 1, "cell": 1},
            "rule": "imports/keras",
            "before": "import keras",
            "after": "from tensorflow import keras",
        }
    ]
    assert with_notes["notes"] == [
        {
            "location": {"line": 2, "column": 1, "cell": 0},
            "rule": "names/old",
            "kind": "review",
            "message": "Old is gone",
            "hint": "take New",
        }
    ]
    assert (skipped["skip_reason"], skipped["hint"], "diff" in skipped) == ("it is Python 2", "2to3 -w", False)


def diffs(folder: Path, *, by_cell: bool = False) -> dict[str, str]:
    results: list[FileResult] = []
    job = Job(fake_codemod, "2.9.0", frozenset(), show_diff=True, diff_by_cell=by_cell)
    migrate.migrate([folder], job, on_file=results.append, on_scan=lambda _, __: None)
    return {Path(result.path).name: result.diff for result in results}


def test_diff_keeps_the_bytes_of_the_file(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.py": b"x = '\xe9'\r\nimport keras\ny = 1", "b.py": OLD.strip()})
    encoded = {name: diff.encode("utf-8", "surrogateescape") for name, diff in diffs(tmp_path).items()}
    folder, end = str(tmp_path).lstrip("/").encode(), b"\\ No newline at end of file\n"
    assert encoded["a.py"] == (
        b"--- a/%s/a.py\n+++ b/%s/a.py\n@@ -1,3 +1,3 @@\n x = '\xe9'\r\n-%s+%s y = 1\n" % (folder, folder, OLD, NEW)
        + end
    )
    assert encoded["b.py"] == b"--- a/%s/b.py\n+++ b/%s/b.py\n@@ -1 +1 @@\n-%s%s+%s%s" % (
        folder,
        folder,
        OLD,
        end,
        NEW,
        end,
    )


PATCH_COMMANDS = pytest.mark.parametrize(
    "reader", [["patch", "-p1", "--quiet"], ["git", "apply"]], ids=["patch", "git"]
)
FILE_NAMES = ("a.py", "a b.py", "a\tb.py", 'a"\\.py', "a\n--- a/other.py\n+++ b/other.py", "\x1b.py", "é.py")


@PATCH_COMMANDS
def test_diff_of_any_file_name_can_be_applied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes], reader: list[str]
) -> None:
    for number, name in enumerate(FILE_NAMES):
        folder = write_files(tmp_path / str(number), {"other.py": OLD, name: OLD + b"x = 1"})
        monkeypatch.chdir(folder)
        with pytest.raises(SystemExit):
            main.main(["migrate", "."] if name == "a.py" else ["migrate", "--", f"{name.partition('/')[0]}"])
        subprocess.run(reader, input=capsysbinary.readouterr().out, check=True)
        assert (folder / name).read_bytes() == NEW + b"x = 1", name
        assert (folder / "other.py").read_bytes() == (NEW if name == "a.py" else OLD), name


CELL = {"cell_type": "code", "source": ["# caf\xe9\n", "import keras\n", "keras.layers.core.Dense(3)"]}
NOTEBOOK = json.dumps({"cells": [CELL]}, indent=1)
FILES = {
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


@pytest.mark.proves("`patch` and `git apply` accept the diff that `migrate` writes to a pipe", "real")
@PATCH_COMMANDS
def test_applied_diff_equals_the_written_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes], reader: list[str]
) -> None:
    patched, written = write_files(tmp_path / "patched", FILES), write_files(tmp_path / "written", FILES)
    for folder, words in ((written, [".", "--write"]), (patched, ["."])):
        monkeypatch.chdir(folder)
        with pytest.raises(SystemExit):
            main.main(["migrate", *words])
        diff = capsysbinary.readouterr().out
    assert {(patched / name).read_bytes() == content for name, content in FILES.items()} == {True}
    subprocess.run(["git", "apply", "--check"], input=diff, check=True)
    subprocess.run(reader, input=diff, check=True)
    patched_contents = {name: (patched / name).read_bytes() for name in FILES}
    assert patched_contents == {name: (written / name).read_bytes() for name in FILES}
    unchanged = {name for name, content in FILES.items() if patched_contents[name] == content}
    assert unchanged == {"left.py", "same.ipynb"}
    assert not [*patched.rglob("*.orig")]  # patch applied every hunk without an offset


def test_notebook_diff_by_cell(tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "source": text} for text in ("x = 1", "import keras\nx = '\\x1b[2J'")]
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}}))
    (diff,) = diffs(tmp_path, by_cell=True).values()
    assert diff.splitlines()[:5] == [
        f"--- a{tmp_path}/a.ipynb cell 2\t",
        f"+++ b{tmp_path}/a.ipynb cell 2\t",
        "@@ -1,2 +1,2 @@",
        "-import keras",
        "+from tensorflow import keras",
    ]


def test_diff_is_by_cell_only_on_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(write_files(tmp_path, {"a.ipynb": NOTEBOOK.encode()}))
    assert "+++ b/a.ipynb\n" in run_cli(capsysbinary, ".")[1]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "+++ b/a.ipynb cell 1" in run_cli(capsysbinary, ".")[1]


def test_terminal_output_is_sanitized_and_colored() -> None:
    note = Note(Location(2, 1, 3), "names/old", Kind.REVIEW, "Old\x1b[2J is gone", "take New")
    result = FileResult("a\x1b.ipynb", notes=(note,), diff="--- a/a\n+++ b/a\n-x = '\x1b[2J'\r\n+y\n")
    assert list(migrate_diff.format_lines(result, safe=True, color=True)) == [
        "\x1b[1m--- a/a\x1b[0m\n",
        "\x1b[1m+++ b/a\x1b[0m\n",
        "\x1b[31m-x = '\\x1b[2J'\x1b[0m\n",
        "\x1b[32m+y\x1b[0m\n",
        "a\\x1b.ipynb:cell 3:2:1: \x1b[33mreview\x1b[0m Old\\x1b[2J is gone [names/old]\n",
        "    hint: take New\n",
    ]
    assert "".join(migrate_diff.format_lines(result, safe=False, color=False)).startswith(result.diff)


def run_cli(capsysbinary: pytest.CaptureFixture[bytes], *words: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as caught:
        main.main(["migrate", *words])
    return int(str(caught.value.code)), capsysbinary.readouterr().out.decode()


def test_text_output_has_a_diff_and_a_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(write_files(tmp_path, {"a.py": OLD, "b.py": b"x = 1\n"}))
    exit_code, out = run_cli(capsysbinary, ".")
    assert exit_code == 0
    assert out == (
        "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-import keras\n+from tensorflow import keras\n"
        "2 files checked for TensorFlow 2.9.0\n  1 place in 1 file to rewrite; apply with --write\n"
    )
    assert run_cli(capsysbinary, "a.py", "--check")[0] == 1
    assert run_cli(capsysbinary, "a.py", "--write")[1].endswith("1 place in 1 file rewritten\n")
    assert run_cli(capsysbinary, ".", "--check") == (0, "2 files checked for TensorFlow 2.9.0: nothing to do\n")


def test_invalid_arguments_exit_with_2(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    for words in (["--write", "--check"], ["--to", "1.0"], ["--ignore", "no/such-rule"], ["nothing"]):
        assert run_cli(capsysbinary, str(tmp_path), *words) == (2, ""), words


def test_json_output_is_one_document(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    write_files(tmp_path, {"a.py": OLD, "requirements.txt": b"keras-vis\n"})
    _, out = run_cli(capsysbinary, str(tmp_path), "--format", "json", "--ignore", "requirements/imports-keras")
    (result,) = json.loads(out)["result"]["files"]
    assert [rewrite["rule"] for rewrite in result["rewrites"]] != []


def test_closed_pipe_causes_no_error(tmp_path: Path) -> None:
    write_files(tmp_path, {f"m{number}.py": OLD for number in range(50)})
    argv = [sys.executable, "-m", "envkit", "migrate", str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


@pytest.mark.parametrize("output_format", ["text", "json"])
@pytest.mark.parametrize(("option", "exit_code", "content"), [("--write", 0, NEW), ("--check", 1, OLD)])
def test_closed_pipe_does_not_stop_the_work(
    tmp_path: Path, option: str, exit_code: int, content: bytes, output_format: str
) -> None:
    write_files(tmp_path, {f"m{number}.py": OLD for number in range(50)})
    argv = [sys.executable, "-m", "envkit", "migrate", str(tmp_path), option, "--format", output_format]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(60) == exit_code
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {content}


def test_interrupt_leaves_complete_files_and_no_process(tmp_path: Path) -> None:
    old = b"".join(b"from keras.layers.core import Dense as D%d\n" % number for number in range(40))
    write_files(tmp_path, {f"m{number:03}.py": old for number in range(120)})
    argv = [sys.executable, "-m", "envkit", "migrate", str(tmp_path), "--write"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()  # the rest does not fit into the pipe, so the process blocks
        os.killpg(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (130, b"envkit: interrupted; repeat the command\n")
    contents = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(contents) == 120
    assert {content.count(b"from tensorflow.keras.layers import Dense as") for content in contents.values()} <= {0, 40}
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
