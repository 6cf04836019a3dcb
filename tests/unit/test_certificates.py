"""Certificates are extracted from PEM bundles of any origin."""

from __future__ import annotations

from envkit.pem import certificates

FIRST, SECOND = (f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n" for body in ("QUJD\nREVG", "R0hJ"))
KEY = "-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n"


def test_certificates_are_extracted_without_duplicates() -> None:
    for text in (
        FIRST + SECOND,
        f"# ours\n{FIRST}{KEY}{SECOND}",
        (FIRST + SECOND).replace("\n", "\r\n"),
        FIRST + SECOND + FIRST,
        FIRST + SECOND.rstrip("\n"),
    ):
        assert certificates(text) == (FIRST, SECOND), text


def test_text_without_certificates() -> None:
    for text in ("", KEY, FIRST.replace("-----END CERTIFICATE-----", ""), FIRST.replace("QUJD", "\x1b[2J")):
        assert certificates(text) == (), text
