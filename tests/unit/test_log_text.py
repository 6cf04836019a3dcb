"""Hostile texts of `explain`: secrets, control characters, encodings, long lines, regular expressions."""

from __future__ import annotations

import codecs
import random
import re
from itertools import product

from envkit.checks.log.evidence import redact, show_line
from envkit.checks.log.literals import find_literals
from envkit.checks.log.text_lines import LINE_LENGTH, OVERLAP, detect_encoding, is_binary, split_lines
from tests.unit.test_log_rules import explain, find_reason

DISK_FULL = "No space left on device"


def test_secrets_are_redacted() -> None:
    secrets = (
        "http://h:8888/lab?token=S3CR3T0123456789abcdef",
        "fatal: https://ada:S3CR3T@git.example/x.git",
        "Authorization: Bearer S3CR3T.0abc",
        "authorization: Basic U0VDUkVUOlNFQ1JFVA==S3CR3T",
        "password=S3CR3T, user=ada",
        '"password": "S3CR3T word"',
        "HF_TOKEN='S3CR3T'",
        "export AWS_SECRET_ACCESS_KEY=S3CR3T/x+y",
        "Cookie: _xsrf=2|S3CR3T; username-h=S3CR3T",
        "docker login --password S3CR3T",
        "cloning with ghp_S3CR3T0123456789abcdef",
        "jwt eyJhbGciOiJS3CR3T.eyJzdWIiS3CR3T.S3CR3T",
        '"auth": "S3CR3TS3CR3T=="',
        "-----BEGIN OPENSSH PRIVATE KEY-----S3CR3T",
        "MY_API_KEY: S3CR3T",
        "the key is S3CR3T0123456789abcdefS3CR3T0123456789abcdef",
    )
    for line in secrets:
        assert "S3CR3T" not in redact(line), line


def test_ordinary_lines_are_not_redacted() -> None:
    lines = (
        "docker.io/library/debian@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "ImportError: cannot import name 'to_categorical' from 'keras.utils' (/usr/lib/keras/utils/__init__.py)",
        "ssh: connect to host 127.0.0.1 port 2222: Connection refused",
        "unexpected token in JSON at position 3",
    )
    for line in lines:
        assert redact(line) == line


def test_evidence_contains_no_secret_of_the_judged_line() -> None:
    line = f"{'x ' * 300}token=S3CR3T0123 write failed: {DISK_FULL} {'y ' * 300}password=S3CR3T"
    shown = find_reason(line).lines[0].text
    assert DISK_FULL in shown
    assert "S3CR3T" not in shown
    assert len(shown) <= 240


def test_control_characters_are_not_printed() -> None:
    reason = find_reason(f"\x1b[31m\x1b]0;title\x07write: {DISK_FULL}\x1b[2J\u202e\x08\r\n")
    assert reason.fault == "disk-full"
    assert all(character.isprintable() for character in reason.lines[0].text)


def test_colors_inside_a_message_do_not_hide_it() -> None:
    assert find_reason("\x1b[1mNo space\x1b[0m left \x1b[31mon device\x1b[0m").fault == "disk-full"


def test_text_of_powershell_is_decoded() -> None:
    marked, bare = codecs.BOM_UTF16_LE + DISK_FULL.encode("utf-16-le"), DISK_FULL.encode("utf-16-le")
    for data in (marked, bare):
        assert not is_binary(data)
        assert DISK_FULL in next(split_lines([data], detect_encoding(data)))[1]


def test_binary_data_is_no_text() -> None:
    assert is_binary(b"\x7fELF\x02\x01\x01\x00\x00No space left on device")
    assert not is_binary("Ausführung: ✓".encode())
    assert explain("\ufffd\x00\x01" * 1000).reason is None


def test_a_message_in_a_long_line_is_found_across_its_parts() -> None:
    for padding in (LINE_LENGTH - 10, LINE_LENGTH - OVERLAP, 5 * LINE_LENGTH - 3):
        for blocks in ([f"{'x' * padding} {DISK_FULL}".encode()], [b"x" * padding + b" ", DISK_FULL.encode()]):
            lines = list(split_lines(blocks, "utf-8"))
            assert any(DISK_FULL in text for _, text in lines), padding
            assert all(number == 1 and len(text) <= LINE_LENGTH for number, text in lines)


def test_a_character_may_be_split_between_blocks() -> None:
    data = "ü✓\nx".encode()
    assert list(split_lines([data[:1], data[1:3], data[3:]], "utf-8")) == [(1, "ü✓"), (2, "x")]


def test_hostile_repetitions_are_judged_in_bounded_steps() -> None:
    hostile = (
        "nvidia-container-cli: " * 3_000,
        '"' * 60_000,
        'exec: "' + "a" * 60_000,
        "://" * 20_000,
        "token=" * 9_000,
    )
    for text in hostile:
        explain(text)


def test_literals_are_contained_in_every_match() -> None:
    cases = {
        r"could not (?:select|find) \S+ driver": ("could not ",),
        r"abc|defg": ("abc", "defg"),
        r"(?:alpha|beta)[0-9]+": ("alpha", "beta"),
        r"a?bcd*efgh": ("efgh",),
        r"\[Errno 28\]": ("[Errno 28]",),
        r"[Nn]o space": ("o space",),
        r".*": (),
    }
    for pattern, literals in cases.items():
        assert find_literals(pattern) == literals, pattern


def test_literals_agree_with_the_regular_expression() -> None:
    generator = random.Random(7)  # noqa: S311
    pieces = ("abc", "d?", "(?:ef|gh)", "[ij]", "k+", "(?:lmn)?", r"\.", "opq|rst", "(?=u)u", "v{0,2}")
    for first, second, third in product(pieces, repeat=3):
        pattern = first + second + third
        text = "".join(generator.choices("abcdefghijklmnopqrstuv.", k=300))
        if re.search(pattern, text) and (literals := find_literals(pattern)):
            assert any(literal in text for literal in literals), pattern


def test_a_cut_line_is_shown_around_its_match() -> None:
    line = f"{'a ' * 400}MATCH{' b' * 400}"
    assert "MATCH" in show_line(line, line.index("MATCH"))
