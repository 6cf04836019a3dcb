"""Notebooks: only changed source strings differ in the file, and names are shared across cells."""

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


def fake_codemod(source: bytes) -> Outcome:
    """Rewrite lines `import keras` and names `Old`, and report both."""
    text = source.decode()
    compile(text, "cells", "exec", dont_inherit=True)
    rewrites, notes = [], []
    for number, line in enumerate(text.split("\n"), 1):
        if line.rstrip("\r") == "import keras":
            rewrites.append(Rewrite(Location(number, 1), "imports/keras", line, NEW))
        if "Old" in line:
            column = line.index("Old") + 1
            notes.append(Note(Location(number, column), "names/old", Kind.REVIEW, "old", "take the new one"))
    new_text = IMPORT.sub(NEW, text).replace("Old", "New").replace("import re, keras\n", f"import re\n{NEW}\n")
    return Outcome(new_text.encode() if new_text != text else source, tuple(rewrites), tuple(notes))


def code_cell(*lines: str, **fields: Any) -> dict[str, Any]:
    cell = {"cell_type": "code", "execution_count": 3, "metadata": {"id": "aé"}, "outputs": [], "source": [*lines]}
    return cell | fields


def book(*cells: dict[str, Any]) -> dict[str, Any]:
    output = {"output_type": "stream", "name": "stdout", "text": ["import keras\n", "\u001b[0m é 😀"]}
    first = {"cell_type": "markdown", "metadata": {}, "source": ["# import keras\n", "Old"]}
    last = code_cell("print(1)", outputs=[output])
    return {"cells": [first, *cells, last], "metadata": {"z": 1, "a": 2.50}, "nbformat": 4, "nbformat_minor": 2}


def dump(value: Any, **options: Any) -> bytes:
    return json.dumps(value, **{"indent": 1, "ensure_ascii": False, **options}).encode()


JSON_STYLES: dict[str, dict[str, Any]] = {
    "Jupyter": {},
    "Colab, indent 2": {"indent": 2},
    "indent 4": {"indent": 4},
    "one line": {"indent": None},
    "no spaces": {"indent": None, "separators": (",", ":")},
    "ASCII": {"ensure_ascii": True},
    "tabs": {"indent": "\t"},
}


def test_only_the_source_changes() -> None:
    before = book(code_cell("import keras\n", "x = 'é😀'\n", "y = keras.Old"))
    after = book(code_cell(f"{NEW}\n", "x = 'é😀'\n", "y = keras.New"))
    for name, style in JSON_STYLES.items():
        assert notebook.migrate(dump(before, **style), fake_codemod).content == dump(after, **style), name


def test_added_line_becomes_an_element() -> None:
    before = book(code_cell("import re, keras\n", "keras.Model"), code_cell("import re, keras\n"))
    after = book(code_cell("import re\n", f"{NEW}\n", "keras.Model"), code_cell("import re\n", f"{NEW}\n"))
    for name, style in JSON_STYLES.items():
        assert notebook.migrate(dump(before, **style), fake_codemod).content == dump(after, **style), name


def test_removed_line_removes_its_element() -> None:
    before = book(code_cell("import keras\n", "x = 1\n", "from keras import layers\n", "y = 2"))
    after = book(code_cell("x = 1\n", "from tensorflow.keras import layers\n", "y = 2"))
    short_before = book(code_cell("import keras\n", "from keras import layers"))
    short_after = book(code_cell("from tensorflow.keras import layers"))
    for name, style in JSON_STYLES.items():
        assert notebook.migrate(dump(before, **style), merge_imports).content == dump(after, **style), name
        assert notebook.migrate(dump(short_before, **style), merge_imports).content == dump(short_after, **style), name


def merge_imports(source: bytes) -> Outcome:
    return Outcome(source.replace(b"import keras\n", b"").replace(b"from keras", b"from tensorflow.keras"))


def test_source_with_one_string_stays_one_string() -> None:
    before = book({**code_cell(), "source": "import keras\nx = '\t\"é'\nkeras.Old\n"})
    after = book({**code_cell(), "source": f"{NEW}\nx = '\t\"é'\nkeras.New\n"})
    assert notebook.migrate(dump(before), fake_codemod).content == dump(after)


def test_elements_that_are_not_lines_are_edited_in_place() -> None:
    before = book(code_cell("import re, ker", "as\nkeras.O", "ld\n", "", "x = 1"))
    migrated = json.loads(notebook.migrate(dump(before), fake_codemod).content)
    assert "".join(migrated["cells"][1]["source"]) == f"import re\n{NEW}\nkeras.New\nx = 1"


def test_line_endings_of_file_and_code_are_kept() -> None:
    before = dump(book(code_cell("import keras\r\n", "keras.Old\r\n"))).replace(b"\n", b"\r\n")
    after = dump(book(code_cell(f"{NEW}\r\n", "keras.New\r\n"))).replace(b"\n", b"\r\n")
    assert notebook.migrate(before, fake_codemod).content == after


def test_escapes_in_a_literal_are_kept() -> None:
    before = dump(book(code_cell("import keras\n", "f('LT/é') # Old"))).replace(b"LT/\xc3\xa9", rb"\u003c\/\u00e9")
    content = notebook.migrate(before, fake_codemod).content
    assert content == before.replace(b"import keras\\n", f"{NEW}\\n".encode(), 2).replace(
        f"# {NEW}\\n".encode(), b"# import keras\\n"
    ).replace(b"# Old", b"# New")


def test_byte_order_mark_is_kept() -> None:
    before = dump(book(code_cell("import keras")))
    assert notebook.migrate(b"\xef\xbb\xbf" + before, fake_codemod).content.startswith(b'\xef\xbb\xbf{\n "cells"')


def test_locations_have_cell_and_line() -> None:
    cells = code_cell("import os\n", "import keras"), code_cell("%matplotlib inline\n", "\n", "a = keras.Old")
    outcome = notebook.migrate(dump(book(*cells)), fake_codemod)
    assert [rewrite.location for rewrite in outcome.rewrites] == [Location(2, 1, 2)]
    assert [note.location for note in outcome.notes] == [Location(3, 11, 3)]


def test_all_cells_are_one_module() -> None:
    texts: list[str] = []

    def record_source(source: bytes) -> Outcome:
        texts.append(source.decode())
        return Outcome(source)

    notebook.migrate(dump(book(code_cell("import keras"), code_cell("keras.Old"))), record_source)
    (text,) = texts
    assert text.index("import keras") < text.index("keras.Old") < text.index("print(1)")


def test_marker_is_unique_in_the_notebook() -> None:
    cell = code_cell("import keras\n", "x = 'envkit-0-cell-2'\n", "'envkit-1'\n", "keras.Old")
    migrated = json.loads(notebook.migrate(dump(book(cell)), fake_codemod).content)
    assert migrated["cells"][1]["source"] == [f"{NEW}\n", "x = 'envkit-0-cell-2'\n", "'envkit-1'\n", "keras.New"]


def test_notebooks_in_other_languages_are_unchanged() -> None:
    for language in ("R", "julia"):
        value = book(code_cell("import keras"))
        value["metadata"] = {"kernelspec": {"name": "ir", "language": language}}
        content = dump(value)
        assert notebook.migrate(content, fake_codemod) == Outcome(content), language


def test_invalid_notebook_is_unchanged_with_the_reason() -> None:
    for content, reason in (
        (b"{1: 2}", "key"),
        (b"", "Expecting value"),
        (b"\xff\xfe{}", "utf-8"),
        (b"[1]", "no cells"),
        (b"[" * 100_000, "too deeply"),
        (b'{"cells": [{"cell_type": "code", "source": [1]}]}', "cell 1 is not a string"),
        (rb'{"cells": [{"cell_type": "code", "source": "keras \ud800"}]}', "surrogates"),
        (b'{"cells": []} x', "after the value"),
    ):
        outcome = notebook.migrate(content, fake_codemod)
        assert outcome.content is content, reason
        assert reason in outcome.error


def test_unreadable_cell_is_named() -> None:
    content = dump(book(code_cell("import keras"), code_cell("print 'Python 2'")))
    outcome = notebook.migrate(content, reject_python_2)
    assert outcome.error == "cell 3: it is Python 2"
    migrated, before = json.loads(outcome.content), json.loads(content)
    assert "".join(migrated["cells"][1]["source"]) == NEW
    assert migrated["cells"][2:] == before["cells"][2:]


def test_name_that_only_an_unreadable_cell_uses_stays_imported() -> None:
    content = dump(book(code_cell("from keras.layers import Dense, Merge"), code_cell("print Merge, Dense")))
    outcome = notebook.migrate(content, lambda source: codemod.migrate(source, tf_api.load("2.9.0")))
    assert "from keras.layers import Merge" in outcome.content.decode()
    assert "cell 3: it is not valid Python 3: line 1" in outcome.error


def reject_python_2(source: bytes) -> Outcome:
    if b"keras" in source and b"print '" in source:
        return Outcome(source, error="it is Python 2", hint="2to3 -w")
    return fake_codemod(source)


def test_lost_markers_leave_the_notebook_unchanged() -> None:
    content = dump(book(code_cell("import keras")))
    outcome = notebook.migrate(content, lambda _: Outcome(b"import keras\n"))
    assert (outcome.content, bool(outcome.error)) == (content, True)


def test_worksheets_of_format_3_are_migrated() -> None:
    cell = {"cell_type": "code", "input": ["import keras\n", "keras.Old"], "language": "python", "prompt_number": 1}
    other = {"cell_type": "code", "input": "import keras", "language": "bash"}
    before = {"nbformat": 3, "worksheets": [{"cells": [cell, other]}]}
    after = {"nbformat": 3, "worksheets": [{"cells": [{**cell, "input": [f"{NEW}\n", "keras.New"]}, other]}]}
    assert notebook.migrate(dump(before), fake_codemod).content == dump(after)


def test_packages_installed_by_a_cell_are_reported() -> None:
    content = dump(book(code_cell("import os\n", "!pip install -q keras==2.2.4 numpy")))
    (note,) = notebook.migrate(content, fake_codemod, "2.9.0").notes
    assert (note.rule, note.location) == ("requirements/keras", Location(2, 17, 2))


def test_cell_for_another_process_is_only_reported() -> None:
    content = dump(book(code_cell("%%writefile train.py\n", "import keras\n"), code_cell("%%bash\n", "cat keras\n")))
    outcome = notebook.migrate(content, fake_codemod)
    assert outcome.content is content
    assert [(note.rule, note.location) for note in outcome.notes] == [("notebooks/other-cell", Location(2, 1, 2))]


texts = st.text(alphabet=st.sampled_from("ab '\"\\\n\r\t%!?#é😀/\u2028{}[],:"), max_size=30)
sources = texts | st.lists(texts, max_size=4)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(texts, children, max_size=3),
    max_leaves=8,
)
json_styles = st.sampled_from([*JSON_STYLES.values()])


@st.composite
def notebooks(draw: st.DrawFn, source: st.SearchStrategy[Any]) -> bytes:
    cells = [
        {"cell_type": draw(st.sampled_from(["code", "markdown"])), "source": draw(source), "metadata": draw(values)}
        for _ in range(draw(st.integers(0, 4)))
    ]
    return dump({"cells": cells, "metadata": {"x": draw(values)}, "nbformat": 4}, **draw(json_styles))


@given(notebooks(sources))
def test_notebook_without_keras_is_unchanged(content: bytes) -> None:
    assert notebook.migrate(content, fail_if_called).content is content


def fail_if_called(source: bytes) -> Outcome:
    raise AssertionError(source)


def rename(text: str) -> str:
    return text.replace("import keras", NEW).replace("Old", "New")


def rename_everywhere(source: bytes) -> Outcome:
    return Outcome(rename(source.decode()).encode())


@pytest.mark.proves("a migrated notebook differs only in its source strings", "real")
@given(notebooks(st.lists(st.sampled_from(["import keras\n", "Old\n", "x = 'é\\n'\n", "%time Old\n", "!ls\n", "Old"]))))
def test_changed_notebook_differs_only_in_its_source(content: bytes) -> None:
    outcome = notebook.migrate(content, rename_everywhere)
    before, after = json.loads(content), json.loads(outcome.content)
    for cell, new_cell in zip(before["cells"], after["cells"], strict=True):
        if cell["cell_type"] == "code" and outcome.content is not content:
            assert rename("".join(cell["source"])) == "".join(new_cell["source"])
            cell["source"] = new_cell["source"]
    assert before == after
    # The JSON style of the file is kept.
    assert STRING.sub(b"", content) == STRING.sub(b"", outcome.content)


STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')


def magic_notebook(imports: list[str], keyword: str) -> dict[str, Any]:
    timed = ["%%time\n", "files = !ls *.h5\n", f"%time d = Dense({keyword}=3)  # é\n", "Dense?\n", "!ls \\\n", "  -l"]
    function = ["def f():\n", "    %cd ..\n", f"    return keras.layers.Dense({keyword}=4)\n", "%timeit -n 2 f()\n"]
    first = ["%matplotlib inline\n", "# -*- coding: latin-1 -*-\n", *imports]
    return book(code_cell(*first), code_cell(*timed), code_cell(*function))


def test_codemod_shares_names_across_cells_and_keeps_magics() -> None:
    before = magic_notebook(["import re, keras\n", "from keras.layers.core import Dense"], "output_dim")
    after = magic_notebook(["import re\n", f"{NEW}\n", "from tensorflow.keras.layers import Dense"], "units")
    target = tf_api.load("2.9.0")
    outcome = notebook.migrate(dump(before), lambda source: codemod.migrate(source, target))
    assert outcome.content == dump(after)
    assert [rewrite.location for rewrite in outcome.rewrites if rewrite.location.cell > 2] == [
        Location(3, 17, 3),
        Location(3, 31, 4),
    ]
