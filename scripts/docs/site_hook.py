"""Hook of MkDocs: adapt pages that are written for the code host to the site."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from re import Match

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((\.\./[^)\s]+)\)")
_CODE = re.compile(r"`[^`\n]+`")


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Convert a page's Markdown before it is rendered."""
    folder = posixpath.dirname(page.file.src_uri)
    return unescape_pipes(unlink_sources(markdown, folder))


def unlink_sources(markdown: str, folder: str) -> str:
    """Replace links to files outside docs/, which the site does not contain, by their text.

    Args:
        markdown: Text of the page.
        folder: Folder of the page below docs/.
    """

    def replace(match: Match[str]) -> str:
        text, target = match.groups()
        return text if posixpath.normpath(posixpath.join(folder, target)).startswith("..") else match[0]

    return _LINK.sub(replace, markdown)


def unescape_pipes(markdown: str) -> str:
    r"""Replace `\|` in the code of table cells by `|`: code hosts need the escape, Python-Markdown prints it."""
    return "".join(
        _CODE.sub(lambda match: match[0].replace(r"\|", "|"), line) if line.startswith("|") else line
        for line in markdown.splitlines(keepends=True)
    )
