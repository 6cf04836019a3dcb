"""Extract PEM certificates from text that may contain comments, keys and CRLF line ends. Pure."""

from __future__ import annotations

import re

CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----", re.ASCII)


def certificates(pem: str) -> tuple[str, ...]:
    """Return the certificates of a text in order, without duplicates; each ends with a newline."""
    blocks = CERTIFICATE.findall(pem.replace("\r\n", "\n"))
    return tuple(dict.fromkeys(f"{block}\n" for block in blocks))
