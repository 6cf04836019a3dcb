"""The three compared methods: unchanged files, the usual sed command, and `envkit migrate`."""

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
EXPECTED_CODES = {0, 6}  # 6: unreadable files were skipped
COMMAND = (sys.executable, "-m", "envkit", "migrate")
ACTION_KINDS = {"review", "impossible", "unresolved"}


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """Report of `envkit migrate` for one file.

    Attributes:
        notes: Cell and line of each note about code that does not run.
        skip_reason: Reason why the file was skipped, or empty.
        rewrites: Rewrites as in the JSON report.
        all_notes: All notes as in the JSON report.
    """

    notes: frozenset[tuple[int, int]] = frozenset()
    skip_reason: str = ""
    rewrites: tuple[Mapping[str, Any], ...] = ()
    all_notes: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)


def files(corpus: Path) -> list[Path]:
    """Return all files that import standalone Keras, relative to the corpus."""
    paths = []
    for path in sorted(corpus.rglob("*")):
        if path.suffix in SUFFIXES and path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            unit = units.read(path, content) if b"keras" in content else None
            if unit is not None and unit.imports_keras:
                paths.append(path.relative_to(corpus))
    return paths


def sed(content: bytes) -> bytes:
    """Apply `s/import keras/from tensorflow import keras/g; s/from keras/from tensorflow.keras/g`."""
    return content.replace(b"import keras", b"from tensorflow import keras").replace(
        b"from keras", b"from tensorflow.keras"
    )


def copy(corpus: Path, folder: Path, paths: Iterable[Path] | None = None) -> Path:
    """Copy the checkouts, or some of their files, to a new folder."""
    if paths is None:
        shutil.copytree(corpus, folder, symlinks=True)
        return folder
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(corpus / path, folder / path)
    return folder


def migrate(folder: Path, *options: str) -> dict[Path, MigrationReport]:
    """Run `envkit migrate --write` on a folder and return the report of each file.

    Raises:
        BenchmarkError: If the exit code is unexpected.
    """
    argv = [*COMMAND, str(folder), "--write", "--format", "json", "--quiet", *options]
    completed = subprocess.run(argv, capture_output=True, check=False, timeout=600)
    if completed.returncode not in EXPECTED_CODES:
        raise BenchmarkError(
            f"envkit migrate exited with code {completed.returncode}\n"
            f"{completed.stderr.decode(errors='replace')[-2000:]}"
        )
    reports: dict[Path, MigrationReport] = defaultdict(MigrationReport)
    for file_report in json.loads(completed.stdout)["result"]["files"]:
        positions = [note["location"] for note in file_report["notes"] if note["kind"] in ACTION_KINDS]
        notes = frozenset((position["cell"], position["line"]) for position in positions)
        reports[Path(file_report["path"]).relative_to(folder)] = MigrationReport(
            notes, file_report["skip_reason"], tuple(file_report["rewrites"]), tuple(file_report["notes"])
        )
    return reports
