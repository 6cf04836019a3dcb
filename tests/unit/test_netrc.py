"""Of a netrc file, a build gets what is for its package index, and nothing of the rest."""

from __future__ import annotations

import netrc as readers
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkit import netrc

FILE = """\
# machine packages.example.com login commented password out
machine other.example.com login bob password of-bob
macdef init
machine packages.example.com login in-a-macro password no

machine Packages.Example.Com
\tlogin ada
\taccount team
\tpassword "of ada"
machine packages.example.com login eve
default login anyone password of-anyone
"""


def test_only_the_entries_with_a_password_for_the_host_are_taken() -> None:
    expected = 'machine packages.example.com login ada password "of ada" account team\n'
    assert netrc.for_host(FILE, "packages.example.com") == expected


def test_the_default_is_taken_where_nothing_else_is_for_the_host() -> None:
    assert netrc.for_host(FILE, "new.example.com") == "machine new.example.com login anyone password of-anyone\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "machine",
        "machine h",
        "machine h login",
        "machine h login ada",
        "machine h password",
        "default",
        "macdef x",
        "# machine h login a password b",
        "\0\n" * 9,
        "machine hh login a password b",
        "machine h.h login a password b",
    ],
)
def test_a_file_without_a_password_for_the_host_gives_nothing(text: str) -> None:
    assert netrc.for_host(text, "h") == ""


def test_every_password_is_known_as_it_is_written_and_as_it_is_meant() -> None:
    assert set(netrc.passwords(FILE)) == {"of-bob", "of ada", '"of ada"', "of-anyone"}
    assert netrc.passwords("") == ()


@pytest.mark.parametrize("text", ["", "machine h password", 'machine h login a password ""'])
def test_an_empty_password_hides_nothing(text: str) -> None:
    assert "" not in netrc.passwords(text)


PLAIN = st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\"'\\#")
WORDS = st.text(PLAIN, min_size=1, max_size=20)


@given(login=WORDS, password=WORDS)
def test_what_is_taken_says_to_its_readers_what_the_whole_file_says(login: str, password: str) -> None:
    whole = f"machine other login x password y\nmachine host\n  login {login}\n  password {password}\n"
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(netrc.for_host(whole, "host"))
        file.flush()
        found = readers.netrc(file.name)
    assert set(found.hosts) == {"host"}
    assert found.authenticators("host") == (login, "", password)


def test_a_login_goes_by_the_name_that_pythons_reader_takes_as_well() -> None:
    assert netrc.for_host("machine h user ada password p", "h") == "machine h login ada password p\n"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r'"of \"ada\""', 'of "ada"'),
        (r'"a\\b"', r"a\b"),
        (r"a\b", "ab"),
        (r'"ends in \""', 'ends in "'),
    ],
)
def test_a_password_is_hidden_as_its_readers_understand_it(written: str, meant: str) -> None:
    assert {written, meant} <= set(netrc.passwords(f"machine h login ada password {written}\n"))
