"""A public key file must contain exactly one strong key without options."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from envkit import ssh_keys


def line(key: ed25519.Ed25519PublicKey | rsa.RSAPublicKey | ec.EllipticCurvePublicKey, comment: str = "") -> str:
    text = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return f"{text} {comment}" if comment else text


def rsa_key(bits: int) -> rsa.RSAPublicKey:
    """Return a public key without a private key, because finding two primes takes long."""
    return rsa.RSAPublicNumbers(65537, 2 ** (bits - 1) + 1).public_key()


def rejection_reason(text: str) -> str:
    try:
        ssh_keys.parse(text)
    except ValueError as error:
        return str(error)
    return ""


ED25519 = line(ed25519.Ed25519PrivateKey.generate().public_key(), "ada@example")


def test_a_plain_key_is_accepted_unchanged() -> None:
    for text in (
        ED25519,
        ED25519 + "\n",
        line(ec.generate_private_key(ec.SECP256R1()).public_key()),
        line(rsa_key(3072), "ada"),
    ):
        assert ssh_keys.parse(text) == text.rstrip("\n"), text


@pytest.mark.proves("weak keys and keys with options are refused", "real")
def test_anything_else_is_rejected_with_the_reason() -> None:
    for case, text, reason in [
        ("two keys", f"{ED25519}\n{ED25519}", "exactly one"),
        ("a forced command", f'command="sh" {ED25519}', "without options"),
        ("an environment", f'environment="LD_PRELOAD=/x" {ED25519}', "without options"),
        ("an unknown type", ED25519.replace("ssh-ed25519", "ssh-dss"), "known type"),
        ("a type that is not the key's", ED25519.replace("ssh-ed25519", "ssh-rsa"), "does not match its type"),
        ("truncated", "ssh-ed25519 " + base64.b64encode(b"\0\0\0\xffshort").decode(), "damaged"),
        ("no key", "ssh-ed25519 ====", "exactly one"),
        ("weak RSA", line(rsa_key(2048)), "2048 bits is too weak"),
        ("empty", "", "exactly one"),
        ("a control character", ED25519 + "\x07", "exactly one"),
        ("a private key", "-----BEGIN OPENSSH PRIVATE KEY-----", "exactly one"),
    ]:
        assert reason in rejection_reason(text), case
