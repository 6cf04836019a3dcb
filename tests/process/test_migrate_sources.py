"""Which files `envkit migrate` looks at, and which it leaves alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkit.commands.migrate import discovery
from envkit.errors import PreconditionError
from envkit.fs import replace
from tests.process.migrating import NEW, OLD, run, told, tree

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_files_without_the_word_reach_no_worker(tmp_path: Path) -> None:
    report = run(tree(tmp_path, {"a.py": b"bug Keras", "b.py": b"x", "requirements.txt": b"numpy\n"}))
    assert (report.result.file_count, report.result.files) == (3, ())


def test_no_link_is_followed(tmp_path: Path) -> None:
    outside, inside = tree(tmp_path / "outside", {"a.py": OLD}), tree(tmp_path / "inside", {"b.py": OLD})
    (inside / "c.py").symlink_to(outside / "a.py")
    (inside / "d").symlink_to(outside)
    assert told(run(inside, write=True), inside) == {"b.py": ""}
    assert told(run(inside / "c.py", write=True), inside) == {"c.py": "it is a link, and no link is followed"}
    assert not replace.replace_if_unchanged(inside / "c.py", replace.digest(OLD), NEW)
    assert (outside / "a.py").read_bytes() == OLD


def test_what_no_person_wrote_is_left_out(tmp_path: Path) -> None:
    places = ["node_modules", ".git", "a/site-packages", ".ipynb_checkpoints", "env/lib", "mamba"]
    tree(tmp_path, {"a.py": OLD, "src/b.py": OLD, "env/pyvenv.cfg": b"", **{f"{place}/x.py": OLD for place in places}})
    (tmp_path / "mamba/conda-meta").mkdir()
    found = [source.relative_path.as_posix() for source in discovery.find_sources([tmp_path])]
    assert found == ["a.py", "src/b.py"]


def test_folders_may_be_nested_deeper_than_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("d")
    for _ in range(sys.getrecursionlimit() + 100):
        folder.mkdir()
        folder /= "d"
    deepest = folder.with_name("a.py")
    deepest.write_bytes(OLD)
    found = [one.path for one in discovery.find_sources([Path("d")])]
    deepest.unlink()
    os.removedirs(deepest.parent)  # what pytest would do itself is nested as deeply
    assert found == [deepest]


def test_what_git_ignores_is_left_out_unless_it_is_named(tmp_path: Path) -> None:
    tree(tmp_path, {"a.py": OLD, "build/b.py": OLD, "c.py": OLD, "d.py": OLD, ".gitignore": b"build/\nc.py\nd.py\n"})
    for words in (["init", "-q"], ["add", "-f", "d.py"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    below = {one.relative_path.as_posix() for one in discovery.find_sources([tmp_path])}
    assert below == {"a.py", "d.py"}
    assert [one.relative_path.as_posix() for one in discovery.find_sources([tmp_path / "build"])] == ["b.py"]
    assert [one.path for one in discovery.find_sources([tmp_path / "c.py"])] == [tmp_path / "c.py"]


def test_paths_below_each_other_are_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, {"a/b.py": OLD, "c.py": OLD})
    monkeypatch.chdir(tmp_path)
    paths = [Path("a/b.py"), Path("a"), Path(), Path("c.py"), Path("a/../c.py"), tmp_path]
    assert [str(one.path) for one in discovery.find_sources(paths)] == ["a/b.py", "c.py"]
    assert [str(one.path) for one in discovery.find_sources([Path("c.py"), Path("c.py")])] == ["c.py"]


@pytest.mark.parametrize("name", ["nothing", "notes.md"])
def test_a_path_that_says_nothing_to_us_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.md").write_text("import keras")
    with pytest.raises(PreconditionError):
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
