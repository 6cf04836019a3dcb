"""Write the generated pages of docs/reference/: `python -m scripts.docs`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from scripts.docs import (
    make_catalog,
    make_checks,
    make_cli,
    make_config,
    make_errors,
    make_exit_codes,
    make_gpu_failures,
    make_guarantees,
    make_log_faults,
    make_migrate_rules,
    pages,
)

if TYPE_CHECKING:
    from collections.abc import Callable

# File name in docs/reference/ -> function that renders the page.
PAGES: dict[str, Callable[[], str]] = {
    "catalog.md": make_catalog.page,
    "checks.md": make_checks.page,
    "cli.md": make_cli.page,
    "config.md": make_config.page,
    "errors.md": make_errors.page,
    "exit-codes.md": make_exit_codes.page,
    "gpu-failures.md": make_gpu_failures.page,
    "guarantees.md": make_guarantees.page,
    "log-faults.md": make_log_faults.page,
    "migrate-rules.md": make_migrate_rules.page,
}


def main() -> None:
    """Write all pages."""
    for name, page in PAGES.items():
        (pages.REFERENCE / name).write_text(page(), "utf-8")
        sys.stdout.write(f"docs/reference/{name}\n")


if __name__ == "__main__":
    main()
