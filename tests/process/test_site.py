"""The documentation site builds without a warning and loads nothing from other hosts."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LOADED = re.compile(r'<(?:script|img|iframe)[^>]* src="https?:|<link[^>]* rel="stylesheet"[^>]* href="https?:')


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    argv = [str(ROOT / "scripts/docs/build_site.sh"), str(tmp_path / "site")]
    build = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=300)
    assert build.returncode == 0, build.stderr
    html_pages = sorted((tmp_path / "site").rglob("*.html"))
    markdown_pages = list((ROOT / "docs").rglob("*.md"))
    assert len(html_pages) == len(markdown_pages) + 1  # and 404.html
    assert [page.name for page in html_pages if LOADED.search(page.read_text("utf-8"))] == []
