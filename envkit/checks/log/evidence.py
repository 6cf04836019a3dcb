"""Show a line of a log as evidence: one short line around the match, without secrets and control characters."""

from __future__ import annotations

import re

from envkit.sanitize import single_line

WIDTH = 240  # characters
LEAD = 60  # characters before the match
REDACTED = "[redacted]"
_KEY = (
    r"(?:[\w.-]{0,40}(?:token|passw(?:or)?d|passwd|pwd|secret|api[-_]?key|access[-_]?key|credential|signature|cookie"
    r"|session)\w{0,20})"
)
# Secrets that can be recognized by their form, wherever they are; then values after a name that suggests a secret.
_SECRETS = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*", REDACTED),
        (r"(?<=://)[^/\s@'\"]{1,200}@", f"{REDACTED}@"),
        (r"\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?", REDACTED),
        (
            (
                r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|hf_|sk-|pypi-|dckr_pat_|nvapi-|npm_|AKIA|ASIA|AIza|ya29\.)"
                r"[\w.-]{10,}"
            ),
            REDACTED,
        ),
        (r"(?i)\b(bearer|basic|token|digest)[ \t]+(?=[\w+/=.~-]*[0-9=+/])[\w+/=.~-]{8,}", rf"\1 {REDACTED}"),
        (
            rf"(?i)\b({_KEY}['\"]?[ \t]*[:=][ \t]*)(?:'[^']{{1,500}}'|\"[^\"]{{1,500}}\"|[^\s,;&'\"<>)\]}}]+)",
            rf"\1{REDACTED}",
        ),
        (r"(?i)(--?[\w-]{0,40}(?:token|password|passwd|secret|key)[ =])\S+", rf"\1{REDACTED}"),
        (r"(?i)\b(authorization|cookie|set-cookie|x-[\w-]{1,40}-token)(['\"]?[ \t]*:[ \t]*).*", rf"\1\2{REDACTED}"),
        (r"(?i)(\"?auth\"?[ \t]*[:=][ \t]*['\"])[^'\"]{4,}", rf"\1{REDACTED}"),
        # Long random texts. A digest of an image is none.
        (
            r"(?<![\w:/.@-])(?=[\w+-]{0,200}[0-9])(?=[\w+-]{0,200}[a-zA-Z])[A-Za-z0-9+_-]{40,}={0,2}(?![\w/.:-])",
            REDACTED,
        ),
        (r"(?<![\w:@-])[0-9a-f]{40,}(?!\w)", REDACTED),
    )
)


def redact(text: str) -> str:
    """Replace secrets in a text: tokens, passwords, keys, credentials of URLs."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def show_line(line: str, start: int) -> str:
    """Return the part of a line around the index of a match, redacted and safe to print."""
    redacted = redact(line)
    if len(redacted) <= WIDTH:
        return single_line(redacted, WIDTH)
    # Redaction comes first, so that no cut hides the name of a secret.
    prefix = len(redact(line[:start]))
    begin = max(0, min(prefix - LEAD, len(redacted) - WIDTH))
    return single_line(("…" if begin else "") + redacted[begin:], WIDTH)
