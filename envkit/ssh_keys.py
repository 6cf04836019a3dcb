"""Validate public SSH keys: one line, no options, no weak key. Pure."""

from __future__ import annotations

import base64
import binascii
import re

LINE = re.compile(
    r"(?P<type>ssh-ed25519|sk-ssh-ed25519@openssh\.com|ecdsa-sha2-nistp(?:256|384|521)|ssh-rsa)"
    r" (?P<blob>[A-Za-z0-9+/]+={0,2})(?P<comment> [ -~]{0,100})?",
    re.ASCII,
)
RSA_BITS_MIN = 3072


def parse(text: str) -> str:
    """Return the single key line of a public key file, without trailing blanks.

    OpenSSH also accepts options (`command=`, `environment=`) and further lines. Either could grant more than one
    key, so both are rejected.

    Raises:
        ValueError: The text is not exactly one valid and strong public key.
    """
    line = text.strip("\r\n ")
    match = LINE.fullmatch(line)
    if match is None:
        raise ValueError("it is not exactly one public key of a known type without options")
    try:
        blob = base64.b64decode(match["blob"], validate=True)
        fields = _split_fields(blob)
    except (binascii.Error, IndexError) as error:
        raise ValueError("its data is damaged") from error
    if not fields or fields[0] != match["type"].encode():
        raise ValueError("its data does not match its type")
    if match["type"] == "ssh-rsa":
        bits = int.from_bytes(fields[2], "big").bit_length() if len(fields) > 2 else 0
        if bits < RSA_BITS_MIN:
            raise ValueError(f"an RSA key of {bits} bits is too weak, the minimum is {RSA_BITS_MIN}; use Ed25519")
    return line


def _split_fields(blob: bytes) -> list[bytes]:
    """Split the SSH wire format: each field is a 32-bit big-endian length and that many bytes."""
    fields, offset = [], 0
    while offset < len(blob):
        length = int.from_bytes(blob[offset : offset + 4], "big")
        if offset + 4 + length > len(blob):
            raise IndexError(offset)
        fields.append(blob[offset + 4 : offset + 4 + length])
        offset += 4 + length
    return fields
