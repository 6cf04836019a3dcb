"""A public key file gives exactly one key, without options, strong enough; anything else gives none."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from envkit import ssh_keys


def line(key: ed25519.Ed25519PublicKey | rsa.RSAPublicKey | ec.EllipticCurvePublicKey, comment: str = "") -> str:
    text = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return f"{text} {comment}" if comment else text


def rsa_of(bits: int) -> rsa.RSAPublicKey:
    """A public key that nobody has the other half of: looking for two primes takes long."""
    return rsa.RSAPublicNumbers(65537, 2 ** (bits - 1) + 1).public_key()


ED25519 = line(ed25519.Ed25519PrivateKey.generate().public_key(), "ada@example")


@pytest.mark.parametrize(
    "text",
    [
        ED25519,
        ED25519 + "\n",
        line(ec.generate_private_key(ec.SECP256R1()).public_key()),
        line(rsa_of(3072), "ada"),
    ],
    ids=["Ed25519", "with a newline", "ECDSA", "RSA of 3072 bits"],
)
def test_a_plain_key_is_taken_as_it_is(text: str) -> None:
    assert ssh_keys.parse(text) == text.rstrip("\n")


@pytest.mark.proves("weak keys, and keys with options, are refused", "real")
@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{ED25519}\n{ED25519}", "exactly one"),
        (f'command="sh" {ED25519}', "without options"),
        (f'environment="LD_PRELOAD=/x" {ED25519}', "without options"),
        (ED25519.replace("ssh-ed25519", "ssh-dss"), "known type"),
        (ED25519.replace("ssh-ed25519", "ssh-rsa"), "another type"),
        ("ssh-ed25519 " + base64.b64encode(b"\0\0\0\xffshort").decode(), "damaged"),
        ("ssh-ed25519 ====", "exactly one"),
        (line(rsa_of(2048)), "2048 bits is too weak"),
        ("", "exactly one"),
        (ED25519 + "\x07", "exactly one"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "exactly one"),
    ],
    ids=[
        "two keys",
        "a forced command",
        "an environment",
        "an unknown type",
        "a type that is not the key's",
        "cut off",
        "no key",
        "weak RSA",
        "empty",
        "a control character",
        "a private key",
    ],
)
def test_anything_else_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        ssh_keys.parse(text)
