"""Certificates in PEM, taken out of a text that may hold comments, keys and other systems' line ends. Pure."""

from __future__ import annotations

import re

CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----", re.ASCII)


def certificates(pem: str) -> tuple[str, ...]:
    """Return the certificates of a text in their order, each once; the last line of each ends too."""
    blocks = CERTIFICATE.findall(pem.replace("\r\n", "\n"))
    return tuple(dict.fromkeys(f"{block}\n" for block in blocks))
