"""The build receives only the entries of a netrc file for its package index."""

from __future__ import annotations

import netrc as stdlib_netrc
import tempfile

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


def test_only_entries_with_a_password_for_the_host_are_used() -> None:
    expected = 'machine packages.example.com login ada password "of ada" account team\n'
    assert netrc.for_host(FILE, "packages.example.com") == expected


def test_the_default_is_used_for_other_hosts() -> None:
    assert netrc.for_host(FILE, "new.example.com") == "machine new.example.com login anyone password of-anyone\n"


def test_a_file_without_a_password_for_the_host() -> None:
    for text in (
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
    ):
        assert netrc.for_host(text, "h") == "", text


def test_passwords_are_returned_as_written_and_unescaped() -> None:
    assert set(netrc.passwords(FILE)) == {"of-bob", "of ada", '"of ada"', "of-anyone"}
    assert netrc.passwords("") == ()
    for written, unescaped in [
        (r'"of \"ada\""', 'of "ada"'),
        (r'"a\\b"', r"a\b"),
        (r"a\b", "ab"),
        (r'"ends in \""', 'ends in "'),
    ]:
        assert {written, unescaped} <= set(netrc.passwords(f"machine h login ada password {written}\n")), written


def test_an_empty_password_is_not_redacted() -> None:
    for text in ("", "machine h password", 'machine h login a password ""'):
        assert "" not in netrc.passwords(text), text


PLAIN = st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\"'\\#")
WORDS = st.text(PLAIN, min_size=1, max_size=20)


@given(login=WORDS, password=WORDS)
def test_the_standard_library_reads_the_same_login(login: str, password: str) -> None:
    text = f"machine other login x password y\nmachine host\n  login {login}\n  password {password}\n"
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(netrc.for_host(text, "host"))
        file.flush()
        parsed = stdlib_netrc.netrc(file.name)
    assert set(parsed.hosts) == {"host"}
    user, account, secret = parsed.authenticators("host") or ("", "", "")
    assert (user, account or "", secret) == (login, "", password)  # Python 3.10 has no account as None


def test_user_is_an_alias_of_login() -> None:
    assert netrc.for_host("machine h user ada password p", "h") == "machine h login ada password p\n"
