"""Notebooks: what is not a changed source string stays byte for byte, and names reach across cells."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkit.migrate import notebook, tf_api
from envkit.migrate import python as codemod
from envkit.migrate.outcome import Kind, Location, Note, Outcome, Rewrite

IMPORT = re.compile(r"^import keras(?=\r?$)", re.MULTILINE)
NEW = "from tensorflow import keras"


def code(source: bytes) -> Outcome:
    """Stand for the codemod: `import keras` is rewritten where it is a line, and the names `Old` are; both are told."""
    text = source.decode()
    compile(text, "cells", "exec", dont_inherit=True)
    rewrites, notes = [], []
    for number, line in enumerate(text.split("\n"), 1):
        if line.rstrip("\r") == "import keras":
            rewrites.append(Rewrite(Location(number, 1), "imports/keras", line, NEW))
        if "Old" in line:
            column = line.index("Old") + 1
            notes.append(Note(Location(number, column), "names/old", Kind.REVIEW, "old", "take the new one"))
    made = IMPORT.sub(NEW, text).replace("Old", "New").replace("import re, keras\n", f"import re\n{NEW}\n")
    return Outcome(made.encode() if made != text else source, tuple(rewrites), tuple(notes))


def code_cell(*lines: str, **more: Any) -> dict[str, Any]:
    cell = {"cell_type": "code", "execution_count": 3, "metadata": {"id": "aé"}, "outputs": [], "source": [*lines]}
    return cell | more


def book(*cells: dict[str, Any]) -> dict[str, Any]:
    output = {"output_type": "stream", "name": "stdout", "text": ["import keras\n", "\u001b[0m é 😀"]}
    first = {"cell_type": "markdown", "metadata": {}, "source": ["# import keras\n", "Old"]}
    shown = code_cell("print(1)", outputs=[output])
    return {"cells": [first, *cells, shown], "metadata": {"z": 1, "a": 2.50}, "nbformat": 4, "nbformat_minor": 2}


def dumped(value: Any, **how: Any) -> bytes:
    return json.dumps(value, **{"indent": 1, "ensure_ascii": False, **how}).encode()


FORMS: dict[str, dict[str, Any]] = {
    "as Jupyter writes it": {},
    "indent 2, as Colab writes it": {"indent": 2},
    "indent 4": {"indent": 4},
    "on one line": {"indent": None},
    "without a space": {"indent": None, "separators": (",", ":")},
    "in ASCII": {"ensure_ascii": True},
    "tabs": {"indent": "\t"},
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_what_the_cells_say_is_the_only_thing_that_changes(form: dict[str, Any]) -> None:
    before = book(code_cell("import keras\n", "x = 'é😀'\n", "y = keras.Old"))
    after = book(code_cell(f"{NEW}\n", "x = 'é😀'\n", "y = keras.New"))
    assert notebook.migrate(dumped(before, **form), code).content == dumped(after, **form)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_line_that_becomes_two_is_two_elements(form: dict[str, Any]) -> None:
    before = book(code_cell("import re, keras\n", "keras.Model"), code_cell("import re, keras\n"))
    after = book(code_cell("import re\n", f"{NEW}\n", "keras.Model"), code_cell("import re\n", f"{NEW}\n"))
    assert notebook.migrate(dumped(before, **form), code).content == dumped(after, **form)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_two_lines_that_become_one_are_one_element(form: dict[str, Any]) -> None:
    before = book(code_cell("import keras\n", "x = 1\n", "from keras import layers\n", "y = 2"))
    after = book(code_cell("x = 1\n", "from tensorflow.keras import layers\n", "y = 2"))
    assert notebook.migrate(dumped(before, **form), merging).content == dumped(after, **form)
    before = book(code_cell("import keras\n", "from keras import layers"))
    after = book(code_cell("from tensorflow.keras import layers"))
    assert notebook.migrate(dumped(before, **form), merging).content == dumped(after, **form)


def merging(source: bytes) -> Outcome:
    return Outcome(source.replace(b"import keras\n", b"").replace(b"from keras", b"from tensorflow.keras"))


def test_a_source_that_is_one_string_stays_one() -> None:
    before = book({**code_cell(), "source": "import keras\nx = '\t\"é'\nkeras.Old\n"})
    after = book({**code_cell(), "source": f"{NEW}\nx = '\t\"é'\nkeras.New\n"})
    assert notebook.migrate(dumped(before), code).content == dumped(after)


def test_elements_that_are_no_lines_are_changed_where_they_stand() -> None:
    before = book(code_cell("import re, ker", "as\nkeras.O", "ld\n", "", "x = 1"))
    made = json.loads(notebook.migrate(dumped(before), code).content)
    assert "".join(made["cells"][1]["source"]) == f"import re\n{NEW}\nkeras.New\nx = 1"


def test_line_ends_of_the_file_and_of_the_code_stay() -> None:
    before = dumped(book(code_cell("import keras\r\n", "keras.Old\r\n"))).replace(b"\n", b"\r\n")
    after = dumped(book(code_cell(f"{NEW}\r\n", "keras.New\r\n"))).replace(b"\n", b"\r\n")
    assert notebook.migrate(before, code).content == after


def test_escapes_of_a_literal_stay_as_they_are() -> None:
    before = dumped(book(code_cell("import keras\n", "f('LT/é') # Old"))).replace(b"LT/\xc3\xa9", rb"\u003c\/\u00e9")
    made = notebook.migrate(before, code).content
    assert made == before.replace(b"import keras\\n", f"{NEW}\\n".encode(), 2).replace(
        f"# {NEW}\\n".encode(), b"# import keras\\n"
    ).replace(b"# Old", b"# New")


def test_a_byte_order_mark_stays() -> None:
    before = dumped(book(code_cell("import keras")))
    assert notebook.migrate(b"\xef\xbb\xbf" + before, code).content.startswith(b'\xef\xbb\xbf{\n "cells"')


def test_places_are_told_by_cell_and_line() -> None:
    cells = code_cell("import os\n", "import keras"), code_cell("%matplotlib inline\n", "\n", "a = keras.Old")
    outcome = notebook.migrate(dumped(book(*cells)), code)
    assert [one.location for one in outcome.rewrites] == [Location(2, 1, 2)]
    assert [one.location for one in outcome.notes] == [Location(3, 11, 3)]


def test_all_cells_are_one_module() -> None:
    seen: list[str] = []
    notebook.migrate(dumped(book(code_cell("import keras"), code_cell("keras.Old"))), lambda source: keep(seen, source))
    (text,) = seen
    assert text.index("import keras") < text.index("keras.Old") < text.index("print(1)")


def keep(seen: list[str], source: bytes) -> Outcome:
    seen.append(source.decode())
    return Outcome(source)


def test_a_marker_is_nowhere_in_the_notebook() -> None:
    cell = code_cell("import keras\n", "x = 'envkit-0-cell-2'\n", "'envkit-1'\n", "keras.Old")
    made = json.loads(notebook.migrate(dumped(book(cell)), code).content)
    assert made["cells"][1]["source"] == [f"{NEW}\n", "x = 'envkit-0-cell-2'\n", "'envkit-1'\n", "keras.New"]


@pytest.mark.parametrize("language", ["R", "julia"])
def test_other_languages_are_left_alone(language: str) -> None:
    value = book(code_cell("import keras"))
    value["metadata"] = {"kernelspec": {"name": "ir", "language": language}}
    content = dumped(value)
    assert notebook.migrate(content, code) == Outcome(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{1: 2}", "key"),
        (b"", "Expecting value"),
        (b"\xff\xfe{}", "utf-8"),
        (b"[1]", "it has no cells"),
        (b"[" * 100_000, "too deeply"),
        (b'{"cells": [{"cell_type": "code", "source": [1]}]}', "cell 1 is no text"),
        (rb'{"cells": [{"cell_type": "code", "source": "keras \ud800"}]}', "surrogates"),
        (b'{"cells": []} x', "follows"),
    ],
)
def test_what_is_no_notebook_is_left_with_the_reason(content: bytes, reason: str) -> None:
    outcome = notebook.migrate(content, code)
    assert outcome.content is content
    assert reason in outcome.error


def test_a_cell_that_cannot_be_read_is_named() -> None:
    content = dumped(book(code_cell("import keras"), code_cell("print 'Python 2'")))
    outcome = notebook.migrate(content, refusing)
    assert outcome.error == "cell 3: it is Python 2"
    assert outcome.content is content


def refusing(source: bytes) -> Outcome:
    if b"keras" in source and b"print '" in source:
        return Outcome(source, error="it is Python 2", hint="2to3 -w")
    return code(source)


def test_code_whose_markers_are_gone_leaves_the_notebook_alone() -> None:
    content = dumped(book(code_cell("import keras")))
    outcome = notebook.migrate(content, lambda _: Outcome(b"import keras\n"))
    assert (outcome.content, bool(outcome.error)) == (content, True)


def test_the_sheets_of_format_3_are_read() -> None:
    cell = {"cell_type": "code", "input": ["import keras\n", "keras.Old"], "language": "python", "prompt_number": 1}
    other = {"cell_type": "code", "input": "import keras", "language": "bash"}
    before = {"nbformat": 3, "worksheets": [{"cells": [cell, other]}]}
    after = {"nbformat": 3, "worksheets": [{"cells": [{**cell, "input": [f"{NEW}\n", "keras.New"]}, other]}]}
    assert notebook.migrate(dumped(before), code).content == dumped(after)


def test_packages_that_a_cell_installs_are_told() -> None:
    content = dumped(book(code_cell("import os\n", "!pip install -q keras==2.2.4 numpy")))
    (note,) = notebook.migrate(content, code, "2.9.0").notes
    assert (note.rule, note.location) == ("requirements/keras", Location(2, 17, 2))


def test_a_cell_for_another_process_is_left_alone_and_told() -> None:
    content = dumped(book(code_cell("%%writefile train.py\n", "import keras\n"), code_cell("%%bash\n", "cat keras\n")))
    outcome = notebook.migrate(content, code)
    assert outcome.content is content
    assert [(one.rule, one.location) for one in outcome.notes] == [("notebooks/other-cell", Location(2, 1, 2))]


texts = st.text(alphabet=st.sampled_from("ab '\"\\\n\r\t%!?#é😀/\u2028{}[],:"), max_size=30)
sources = texts | st.lists(texts, max_size=4)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(texts, below, max_size=3),
    max_leaves=8,
)
forms = st.sampled_from([*FORMS.values()])


@st.composite
def notebooks(draw: st.DrawFn, source: st.SearchStrategy[Any]) -> bytes:
    cells = [
        {"cell_type": draw(st.sampled_from(["code", "markdown"])), "source": draw(source), "metadata": draw(values)}
        for _ in range(draw(st.integers(0, 4)))
    ]
    return dumped({"cells": cells, "metadata": {"x": draw(values)}, "nbformat": 4}, **draw(forms))


@given(notebooks(sources))
def test_a_notebook_without_keras_stays_as_it_is(content: bytes) -> None:
    assert notebook.migrate(content, never).content is content


def never(source: bytes) -> Outcome:
    raise AssertionError(source)


def renamed(text: str) -> str:
    return text.replace("import keras", NEW).replace("Old", "New")


def everywhere(source: bytes) -> Outcome:
    return Outcome(renamed(source.decode()).encode())


@pytest.mark.proves("a migrated notebook differs in its source strings alone", "real")
@given(notebooks(st.lists(st.sampled_from(["import keras\n", "Old\n", "x = 'é\\n'\n", "%time Old\n", "!ls\n", "Old"]))))
def test_a_changed_notebook_differs_in_its_source_alone(content: bytes) -> None:
    made = notebook.migrate(content, everywhere)
    before, after = json.loads(content), json.loads(made.content)
    for cell, new in zip(before["cells"], after["cells"], strict=True):
        if cell["cell_type"] == "code" and made.content is not content:
            assert renamed("".join(cell["source"])) == "".join(new["source"])
            cell["source"] = new["source"]
    assert before == after
    # Whatever form the file has, it has it still.
    assert re.sub(rb'"[^"\\]*(?:\\.[^"\\]*)*"', b"", content) == re.sub(rb'"[^"\\]*(?:\\.[^"\\]*)*"', b"", made.content)


def old_and_new(imports: list[str], keyword: str) -> dict[str, Any]:
    timed = ["%%time\n", "files = !ls *.h5\n", f"%time d = Dense({keyword}=3)  # é\n", "Dense?\n", "!ls \\\n", "  -l"]
    defined = ["def f():\n", "    %cd ..\n", f"    return keras.layers.Dense({keyword}=4)\n", "%timeit -n 2 f()\n"]
    first = ["%matplotlib inline\n", "# -*- coding: latin-1 -*-\n", *imports]
    return book(code_cell(*first), code_cell(*timed), code_cell(*defined))


def test_the_codemod_itself_knows_names_across_cells_and_leaves_magics_alone() -> None:
    before = old_and_new(["import re, keras\n", "from keras.layers.core import Dense"], "output_dim")
    after = old_and_new(["import re\n", f"{NEW}\n", "from tensorflow.keras.layers import Dense"], "units")
    target = tf_api.load("2.9.0")
    outcome = notebook.migrate(dumped(before), lambda source: codemod.migrate(source, target))
    assert outcome.content == dumped(after)
    assert [one.location for one in outcome.rewrites if one.location.cell > 2] == [
        Location(3, 17, 3),
        Location(3, 31, 4),
    ]
