"""The three ways that are compared: to leave files as they are, the usual line of sed, and `envkit migrate`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.clock import BenchmarkError
from benchmarks.migrate import units

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SUFFIXES = {".py", units.NOTEBOOK}
EXPECTED_CODES = {0, 6}  # 6: files are left that could not be read
COMMAND = (sys.executable, "-m", "envkit", "migrate")
ACTION_KINDS = {"review", "impossible", "unresolved"}


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What `envkit migrate` said of one file.

    Attributes:
        notes: Cell and line of each note that something will not run.
        skip_reason: Why it was left as it is, or nothing.
        rewrites: How many places it rewrote.
        all_notes: Every note, as it was told.
    """

    notes: frozenset[tuple[int, int]] = frozenset()
    skip_reason: str = ""
    rewrites: tuple[Mapping[str, Any], ...] = ()
    all_notes: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)


def files(corpus: Path) -> list[Path]:
    """Return every file of the checkouts that imports standalone Keras, relative to their folder."""
    paths = []
    for path in sorted(corpus.rglob("*")):
        if path.suffix in SUFFIXES and path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            unit = units.read(path, content) if b"keras" in content else None
            if unit is not None and unit.imports_keras:
                paths.append(path.relative_to(corpus))
    return paths


def sed(content: bytes) -> bytes:
    """Return what `s/import keras/from tensorflow import keras/g; s/from keras/from tensorflow.keras/g` makes."""
    return content.replace(b"import keras", b"from tensorflow import keras").replace(
        b"from keras", b"from tensorflow.keras"
    )


def copy(corpus: Path, folder: Path, paths: Iterable[Path] | None = None) -> Path:
    """Copy the checkouts, or some files of them, to a folder of their own."""
    if paths is None:
        shutil.copytree(corpus, folder, symlinks=True)
        return folder
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(corpus / path, folder / path)
    return folder


def migrate(folder: Path, *options: str) -> dict[Path, MigrationReport]:
    """Let `envkit migrate --write` loose on a folder, and return what it told of each file in it.

    Raises:
        Failed: It ended with a code that it should not end with.
    """
    argv = [*COMMAND, str(folder), "--write", "--format", "json", "--quiet", *options]
    completed = subprocess.run(argv, capture_output=True, check=False, timeout=600)
    if completed.returncode not in EXPECTED_CODES:
        raise BenchmarkError(
            f"envkit migrate ended with {completed.returncode}\n{completed.stderr.decode(errors='replace')[-2000:]}"
        )
    reports: dict[Path, MigrationReport] = defaultdict(MigrationReport)
    for file_report in json.loads(completed.stdout)["result"]["files"]:
        positions = [note["location"] for note in file_report["notes"] if note["kind"] in ACTION_KINDS]
        notes = frozenset((position["cell"], position["line"]) for position in positions)
        reports[Path(file_report["path"]).relative_to(folder)] = MigrationReport(
            notes, file_report["skip_reason"], tuple(file_report["rewrites"]), tuple(file_report["notes"])
        )
    return reports
