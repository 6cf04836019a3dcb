"""Plain scalars of a config have the types of YAML 1.2."""

from __future__ import annotations

from envkit.config.yaml_reader import resolve_scalar


def test_plain_scalars_follow_yaml_1_2() -> None:
    cases: tuple[tuple[str, object], ...] = (
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("no", "no"),
        ("y", "y"),
        ("null", None),
        ("~", None),
        ("", None),
        ("nULL", "nULL"),
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("0755", 755),
        ("0o17", 15),
        ("0x1f", 31),
        ("0b1", "0b1"),
        ("1_000", "1_000"),
        ("2.10", 2.1),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("2.9.0", "2.9.0"),
        (".", "."),
        ("-.inf", float("-inf")),
        ("22:22", "22:22"),
        ("2001-01-01", "2001-01-01"),
        ("=", "="),
        ("<<", "<<"),
    )
    for raw, expected in cases:
        assert resolve_scalar(raw) == expected, raw
        assert type(resolve_scalar(raw)) is type(expected), raw


def test_nan_is_a_number() -> None:
    assert resolve_scalar(".nan") != resolve_scalar(".nan")


def test_a_number_longer_than_a_machine_word_is_a_string() -> None:
    assert resolve_scalar("9" * 5000) == "9" * 5000
