"""The comment that disables rules on its line: `# envkit: ignore`, or `# envkit: ignore[rule, rule]`."""

from __future__ import annotations

import re

COMMENT = re.compile(r"#\s*envkit:\s*ignore(?:\[(?P<rules>[a-z0-9/,\s-]*)\])?")


def is_suppressed(line: str, rule: str) -> bool:
    """Check whether a comment on the line disables the rule."""
    match = COMMENT.search(line)
    if match is None:
        return False
    return match["rules"] is None or rule in {rule_id.strip() for rule_id in match["rules"].split(",")}
