"""Render docs/reference/errors.md from the table of error codes."""

from __future__ import annotations

from envkit.error_codes import ERRORS
from scripts.docs import pages

HEAD = """\
# Error codes

All errors of envkit, by the stable code in its reports, grouped by [exit code](exit-codes.md). This page is generated
from `envkit/error_codes.py` by `scripts/docs/make_errors.py`.

With `--format json`, a failure has the fields `error.code`, `error.message`, `error.detail` and `error.hint`. The
message and the hint of a real error are more specific than this table. If the configuration file has problems,
`error.code` is `config-invalid`, and each item of `error.problems` has its own code.

With `exec`, `shell` and `ssh`, every error on the way to the workspace has exit code 125, because smaller numbers can
come from the program in the workspace. Wrong usage still has exit code 2.
"""


def page() -> str:
    """Render the page."""
    return HEAD + "".join(map(_section, sorted({entry.exit_code for entry in ERRORS.values()})))


def _section(exit_code: int) -> str:
    rows = sorted(
        (f"`{code}`", pages.cell(entry.cause), pages.cell(entry.hint))
        for code, entry in ERRORS.items()
        if entry.exit_code == exit_code
    )
    return f"\n## Exit code {exit_code:d}\n\n{pages.table(('code', 'cause', 'hint'), rows)}"
