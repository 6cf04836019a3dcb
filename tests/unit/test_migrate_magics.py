"""What IPython reads and Python does not, cell by cell."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkit.migrate.notebook import magics

HIDDEN = {
    "a line magic": ("%matplotlib inline\nx = 1\n", ["%matplotlib inline"]),
    "a shell command": ("!pip install keras==2.2\n", ["!pip install keras==2.2"]),
    "with quotes that nothing ends": ("!echo don't\nx = 1", ["!echo don't"]),
    "over two lines": ("!wget a \\\n  b\nx = 1", ["!wget a \\\n  b"]),
    "in a block": ("if True:\n    !ls\n    x = 1\n", ["!ls"]),
    "whose value is taken": ("files = !ls\nn, m = %who_ls\nd['a'] = !pwd", ["!ls", "%who_ls", "!pwd"]),
    "help behind": ("import os\nos.path?\nos??\nos.p*?\n", ["os.path?", "os??", "os.p*?"]),
    "help before": ("?os\n", ["?os"]),
    "help on a magic": ("%timeit?\n", ["%timeit?"]),
    "without its sign": ("cd ../data\npip install keras\nx = 1", ["cd ../data", "pip install keras"]),
    "a cell that is timed": ("%%time\nx = 1\n", ["%%time"]),
    "below empty lines": ("\n\n%%capture out\nx = 1\n", ["%%capture out"]),
    "with the line ends of Windows": ("%cd a\r\nx = 1\r\n", ["%cd a"]),
    "what is timed, which is Python": ("%time x = f(1)\n%timeit -n 3 -r2 f(2)", ["%time ", "%timeit -n 3 -r2 "]),
    "an import that is timed": ("%time import keras\n", ["%time import keras"]),
    "what is timed with the shell's words": ("%timeit f($x)\n", ["%timeit f($x)"]),
}


@pytest.mark.parametrize(("cell", "hidden"), HIDDEN.values(), ids=HIDDEN)
def test_what_is_not_python_is_hidden_and_comes_back(cell: str, hidden: list[str]) -> None:
    masked = magics.mask(cell, "m")
    ast.parse(masked.text)
    assert [one.text for one in masked.magics] == hidden
    assert masked.unmask(masked.text) == cell


PYTHON = [
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


@pytest.mark.parametrize("cell", PYTHON)
def test_python_is_not_hidden(cell: str) -> None:
    assert magics.mask(cell, "m") == magics.MaskedCell(cell, ())


@pytest.mark.parametrize("head", ["%%bash", "%%html", "%%writefile a.py", "%%javascript", "\n%%python3", "%%R -i x"])
def test_a_cell_in_another_language_is_known(head: str) -> None:
    assert magics.is_foreign(f"{head}\nimport keras\n")


@pytest.mark.parametrize("head", ["%%time", "%%timeit -n 1", "%%capture", "%time", "x = 1\n%%bash", "%matplotlib"])
def test_a_cell_of_python_is_known(head: str) -> None:
    assert not magics.is_foreign(f"{head}\nimport keras\n")


def test_a_stand_in_that_is_lost_or_doubled_is_noticed() -> None:
    masked = magics.mask("!a\n!b\n", "m")
    first, second = masked.text.splitlines()
    assert masked.has_placeholders(masked.text)
    assert not any(masked.has_placeholders(text) for text in (first, f"{second}\n{first}", masked.text + first))


def test_commands_are_found_where_they_stand() -> None:
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
def test_any_cell_comes_back_and_keeps_its_lines(pieces: list[str]) -> None:
    cell = "".join(pieces)
    masked = magics.mask(cell, "m")
    assert masked.unmask(masked.text) == cell
    assert len(magics.NEWLINE.findall(masked.text)) == len(magics.NEWLINE.findall(cell))
    assert masked.has_placeholders(masked.text)
