"""A bundle of certificates is read the same whoever wrote it."""

from __future__ import annotations

import pytest

from envkit.pem import certificates

ONE, OTHER = (f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n" for body in ("QUJD\nREVG", "R0hJ"))
KEY = "-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    "text",
    [
        ONE + OTHER,
        f"# ours\n{ONE}{KEY}{OTHER}",
        (ONE + OTHER).replace("\n", "\r\n"),
        ONE + OTHER + ONE,
        ONE + OTHER.rstrip("\n"),
    ],
)
def test_certificates_are_taken_out_of_a_bundle_each_once(text: str) -> None:
    assert certificates(text) == (ONE, OTHER)


@pytest.mark.parametrize(
    "text",
    [
        "",
        KEY,
        ONE.replace("-----END CERTIFICATE-----", ""),
        ONE.replace("QUJD", "\x1b[2J"),
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert certificates(text) == ()
