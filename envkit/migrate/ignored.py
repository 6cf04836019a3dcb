"""The comment that switches rules off on its line: `# envkit: ignore`, or `# envkit: ignore[rule, rule]`."""

from __future__ import annotations

import re

COMMENT = re.compile(r"#\s*envkit:\s*ignore(?:\[(?P<rules>[a-z0-9/,\s-]*)\])?")


def ignores(line: str, rule: str) -> bool:
    """Say whether a line switches a rule off for itself."""
    found = COMMENT.search(line)
    if found is None:
        return False
    return found["rules"] is None or rule in {one.strip() for one in found["rules"].split(",")}
