"""Masking of IPython syntax that is not Python."""

from __future__ import annotations

import ast

from hypothesis import given
from hypothesis import strategies as st

from envkit.migrate.notebook import magics

MAGIC_CELLS = {
    "line magic": ("%matplotlib inline\nx = 1\n", ["%matplotlib inline"]),
    "shell command": ("!pip install keras==2.2\n", ["!pip install keras==2.2"]),
    "unterminated quote": ("!echo don't\nx = 1", ["!echo don't"]),
    "two lines": ("!wget a \\\n  b\nx = 1", ["!wget a \\\n  b"]),
    "block": ("if True:\n    !ls\n    x = 1\n", ["!ls"]),
    "assignment": ("files = !ls\nn, m = %who_ls\nd['a'] = !pwd", ["!ls", "%who_ls", "!pwd"]),
    "help suffix": ("import os\nos.path?\nos??\nos.p*?\n", ["os.path?", "os??", "os.p*?"]),
    "help prefix": ("?os\n", ["?os"]),
    "help on a magic": ("%timeit?\n", ["%timeit?"]),
    "automagic": ("cd ../data\npip install keras\nx = 1", ["cd ../data", "pip install keras"]),
    "timed cell": ("%%time\nx = 1\n", ["%%time"]),
    "after empty lines": ("\n\n%%capture out\nx = 1\n", ["%%capture out"]),
    "Windows line endings": ("%cd a\r\nx = 1\r\n", ["%cd a"]),
    "timed Python": ("%time x = f(1)\n%timeit -n 3 -r2 f(2)", ["%time ", "%timeit -n 3 -r2 "]),
    "timed import": ("%time import keras\n", ["%time import keras"]),
    "timed code with shell variables": ("%timeit f($x)\n", ["%timeit f($x)"]),
}


def test_magics_are_masked_and_restored() -> None:
    for case, (cell, magic_texts) in MAGIC_CELLS.items():
        masked = magics.mask(cell, "m")
        ast.parse(masked.text)
        assert [magic.text for magic in masked.magics] == magic_texts, case
        assert masked.unmask(masked.text) == cell, case


PYTHON_CELLS = [
    "x = (5\n% 3)\n",
    "s = '''\n%matplotlib\n!ls\n'''\n",
    's = "a" \\\n% b\n',
    "x = a != b\n",
    "x %= 3\n",
    "f'{x!r}'\n",
    "# %magic\n",
    "s = 'what?'\n",
    "ls -l\n",
    "cd = 1\nrm in cd\nls\n",
    "x = '%s' % y\n",
    "a = b if c else d\n",
    "pip.main(['install'])\n",
    "cat = cp / mv\n",
    "@f\ndef g(): ...\n",
]


def test_python_is_not_masked() -> None:
    for cell in PYTHON_CELLS:
        assert magics.mask(cell, "m") == magics.MaskedCell(cell, ())


def test_cell_in_another_language_is_foreign() -> None:
    for first_line in ("%%bash", "%%html", "%%writefile a.py", "%%javascript", "\n%%python3", "%%R -i x"):
        assert magics.is_foreign(f"{first_line}\nimport keras\n"), first_line


def test_python_cell_is_not_foreign() -> None:
    for first_line in ("%%time", "%%timeit -n 1", "%%capture", "%time", "x = 1\n%%bash", "%matplotlib"):
        assert not magics.is_foreign(f"{first_line}\nimport keras\n"), first_line


def test_lost_or_repeated_placeholder_is_detected() -> None:
    masked = magics.mask("!a\n!b\n", "m")
    first, second = masked.text.splitlines()
    assert masked.has_placeholders(masked.text)
    assert not any(masked.has_placeholders(text) for text in (first, f"{second}\n{first}", masked.text + first))


def test_commands_have_their_location() -> None:
    assert list(magics.commands("x = 1\n  !pip install a\ny = %b\n")) == [(2, 3, "!pip install a"), (3, 5, "%b")]


lines = st.lists(
    st.sampled_from(
        [
            "%matplotlib inline\n",
            "!ls \\\n -l\n",
            "x = !ls\r\n",
            "os?\n",
            "'''",
            '"""',
            "'",
            "(",
            ")]",
            "x = 1\n",
            "# a\n",
            "\\\n",
            "%time f(x)\n",
            "cd a\n",
            "\\",
            "é😀\n",
            "\r",
            "  ",
            "%%time\n",
            "?",
            "!",
            "%",
        ]
    ),
    max_size=12,
)


@given(lines)
def test_any_cell_is_restored_and_keeps_its_line_count(pieces: list[str]) -> None:
    cell = "".join(pieces)
    masked = magics.mask(cell, "m")
    assert masked.unmask(masked.text) == cell
    assert len(magics.NEWLINE.findall(masked.text)) == len(magics.NEWLINE.findall(cell))
    assert masked.has_placeholders(masked.text)
