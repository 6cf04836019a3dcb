"""A fake codemod for `migrate`, and helpers for tests that run it over files."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from envkit.commands import migrate
from envkit.commands.migrate.file_job import Job
from envkit.migrate.outcome import Kind, Location, Note, Outcome, Rewrite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.model.report import Report

OLD, NEW = b"import keras\n", b"from tensorflow import keras\n"


def fake_codemod(source: bytes) -> Outcome:
    """Rewrite `import keras`; certain words in a file trigger a crash, an error or a note."""
    if b"crash keras" in source:
        os.kill(os.getpid(), signal.SIGKILL)
    if b"bug keras" in source:
        raise ValueError("keras")
    if b"print 'keras'" in source:
        return Outcome(source, error="it is Python 2", hint="2to3 -w")
    notes = []
    if b"keras.Old" in source:
        notes = [Note(Location(2, 1), "names/old", Kind.REVIEW, "Old is gone", "take New")]
    if b"keras.Slow" in source:
        notes = [Note(Location(2, 1), "names/slow", Kind.BEHAVIOUR, "Slow is slower", "be patient")]
    content = re.sub(rb"(?m)^import keras$", NEW.strip(), source)
    rewrites = (
        (Rewrite(Location(1, 1), "imports/keras", "import keras", NEW.decode().strip()),) if content != source else ()
    )
    return Outcome(content, rewrites, tuple(notes))


def run(
    *paths: Path, write: bool = False, check: bool = False, disabled: tuple[str, ...] = ()
) -> Report[migrate.MigrateResult]:
    job = Job(fake_codemod, "2.9.0", frozenset(disabled), show_diff=True)
    return migrate.migrate(paths, job, write=write, check=check, on_file=lambda _: None, on_scan=lambda _, __: None)


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def skip_reasons(report: Report[migrate.MigrateResult], folder: Path) -> dict[str, str]:
    return {Path(result.path).relative_to(folder).as_posix(): result.skip_reason for result in report.result.files}
