"""Which files `envkit migrate` checks and which it skips."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkit import process
from envkit.commands.migrate import discovery
from envkit.errors import PreconditionError
from envkit.fs import replace
from tests.support.fake_codemod import NEW, OLD, run, skip_reasons, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_files_without_keras_reach_no_worker(tmp_path: Path) -> None:
    report = run(write_files(tmp_path, {"a.py": b"bug Keras", "b.py": b"x", "requirements.txt": b"numpy\n"}))
    assert (report.result.file_count, report.result.files) == (3, ())


def test_symbolic_links_are_not_followed(tmp_path: Path) -> None:
    outside, inside = write_files(tmp_path / "outside", {"a.py": OLD}), write_files(tmp_path / "inside", {"b.py": OLD})
    (inside / "c.py").symlink_to(outside / "a.py")
    (inside / "d").symlink_to(outside)
    assert skip_reasons(run(inside, write=True), inside) == {"b.py": ""}
    reasons = skip_reasons(run(inside / "c.py", write=True), inside)
    assert reasons == {"c.py": "the file is a symbolic link; links are not followed"}
    assert not replace.replace_if_unchanged(inside / "c.py", replace.digest(OLD), NEW)
    assert (outside / "a.py").read_bytes() == OLD


def test_generated_and_third_party_files_are_skipped(tmp_path: Path) -> None:
    folders = ["node_modules", ".git", "a/site-packages", ".ipynb_checkpoints", "env/lib", "mamba"]
    skipped = {f"{folder}/x.py": OLD for folder in folders}
    write_files(tmp_path, {"a.py": OLD, "src/b.py": OLD, "env/pyvenv.cfg": b"", **skipped})
    (tmp_path / "mamba/conda-meta").mkdir()
    assert relative_paths(tmp_path) == ["a.py", "src/b.py"]


def relative_paths(path: Path) -> list[str]:
    return [file.relative_path.as_posix() for file in discovery.find_files([path])]


def test_nesting_may_exceed_the_recursion_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("d")
    for _ in range(sys.getrecursionlimit() + 100):
        folder.mkdir()
        folder /= "d"
    deepest = folder.with_name("a.py")
    deepest.write_bytes(OLD)
    paths = [file.path for file in discovery.find_files([Path("d")])]
    deepest.unlink()
    os.removedirs(deepest.parent)  # pytest's own removal is recursive
    assert paths == [deepest]


def test_files_ignored_by_git_are_skipped_unless_given(tmp_path: Path) -> None:
    write_files(
        tmp_path, {"a.py": OLD, "build/b.py": OLD, "c.py": OLD, "d.py": OLD, ".gitignore": b"build/\nc.py\nd.py\n"}
    )
    for words in (["init", "-q"], ["add", "-f", "d.py"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    assert relative_paths(tmp_path) == ["a.py", "d.py"]
    assert relative_paths(tmp_path / "build") == ["b.py"]
    assert [file.path for file in discovery.find_files([tmp_path / "c.py"])] == [tmp_path / "c.py"]


def test_overlapping_paths_are_checked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path, {"a/b.py": OLD, "c.py": OLD})
    monkeypatch.chdir(tmp_path)
    paths = [Path("a/b.py"), Path("a"), Path(), Path("c.py"), Path("a/../c.py"), tmp_path]
    assert [str(file.path) for file in discovery.find_files(paths)] == ["a/b.py", "c.py"]
    assert [str(file.path) for file in discovery.find_files([Path("c.py"), Path("c.py")])] == ["c.py"]


def test_missing_path_and_unsupported_type_are_errors(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("import keras")
    for name, code in (("nothing", "path-not-found"), ("notes.md", "file-type-unsupported")):
        with pytest.raises(PreconditionError) as caught:
            run(tmp_path / name)
        assert caught.value.code == code


def test_project_with_its_own_keras_module_is_skipped(tmp_path: Path) -> None:
    for number, module in enumerate(("keras.py", "keras/__init__.py", "src/keras.py")):
        project = tmp_path / str(number)
        write_files(project, {"scripts/a.py": b"import re, keras\n", "b.py": b"x = 'keras'\n", module: b""})
        reasons = skip_reasons(run(project, write=True), project)
        assert reasons == {"scripts/a.py": f"`keras` is a module of this project: {module}"}
        assert (project / "scripts/a.py").read_bytes() == b"import re, keras\n"


def test_keras_module_inside_a_package_does_not_matter(tmp_path: Path) -> None:
    package = {"package/__init__.py": b"", "package/keras.py": b"", "package/a.py": OLD}
    write_files(tmp_path, {**package, "folder/keras/example.py": OLD})
    assert skip_reasons(run(tmp_path, write=True), tmp_path) == {"folder/keras/example.py": "", "package/a.py": ""}


def test_unreadable_folder_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path, {"a/x.py": OLD, "b.py": OLD})
    scan = os.scandir

    def deny(folder: Path) -> Iterator[os.DirEntry[str]]:
        if folder.name == "a":
            raise PermissionError(13, "Permission denied", str(folder))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", deny)
    assert skip_reasons(run(tmp_path), tmp_path) == {"a": "cannot access the file: Permission denied", "b.py": ""}


GIT_FAILURES: dict[str, Exception | process.CompletedProcess] = {
    "git is not installed": FileNotFoundError(),
    "git does not start: Permission denied": PermissionError(13, "Permission denied"),
    "git did not answer within 60 s": process.TimeoutExpired("git", 60),
    "fatal: detected dubious ownership": process.CompletedProcess(128, "", "fatal: detected dubious ownership\n"),
}


@pytest.mark.parametrize("problem", GIT_FAILURES)
def test_nothing_is_written_if_git_cannot_answer(problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path, {"a.py": OLD, "build/b.py": OLD, ".gitignore": b"build/\n"})
    subprocess.run(["git", "-C", str(tmp_path), "init", "-q"], check=True)
    monkeypatch.setattr(process, "run", lambda *_, **__: fail_with(GIT_FAILURES[problem]))
    with pytest.raises(PreconditionError) as caught:
        run(tmp_path, write=True)
    assert (caught.value.code, caught.value.detail) == ("git-ignored-files-unknown", problem)
    assert (tmp_path / "a.py").read_bytes() == (tmp_path / "build/b.py").read_bytes() == OLD
    assert problem in run(tmp_path).result.warning


def fail_with(failure: Exception | process.CompletedProcess) -> process.CompletedProcess:
    if isinstance(failure, Exception):
        raise failure
    return failure


def test_named_file_is_written_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path, {"a.py": OLD})
    subprocess.run(["git", "-C", str(tmp_path), "init", "-q"], check=True)
    monkeypatch.setattr(process, "run", lambda *_, **__: fail_with(FileNotFoundError()))
    run(tmp_path / "a.py", write=True)
    assert (tmp_path / "a.py").read_bytes() != OLD


def test_folder_outside_a_repository_needs_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path, {"a.py": OLD})
    monkeypatch.setattr(process, "run", lambda *_, **__: fail_with(FileNotFoundError()))
    run(tmp_path, write=True)
    assert (tmp_path / "a.py").read_bytes() != OLD


def test_star_import_of_keras_names_from_the_project_is_reported(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "utils.py": b"from keras.layers import *\n",
            "train.py": b"from utils import *\nmodel.fit(nb_epoch=1)\n",
            "package/sub.py": b"from .base import *\n",
            "package/base.py": b"import keras\n",
            "other.py": b"from numpy import *\nfrom plain import *\n",
            "plain.py": b"x = 1\n",
            "quiet.py": b"from utils import *  # envkit: ignore\n",
        },
    )
    notes = {Path(file.path).name: [note.rule for note in file.notes] for file in run(tmp_path).result.files}
    assert (notes["train.py"], notes["sub.py"]) == (["imports/project-star"], ["imports/project-star"])
    assert not {"other.py", "plain.py", "quiet.py"} & notes.keys()
