"""Unchanged text stays the same, byte for byte, and unreadable files have an error."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import libcst as cst
from hypothesis import given, settings
from hypothesis import strategies as st
from libcst.metadata import MetadataWrapper, ScopeProvider

from envkit.errors import ExitCode
from envkit.migrate import tf_api
from envkit.migrate.python import migrate
from envkit.migrate.python.positions import Positions
from envkit.migrate.python.scopes import scopes
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from libcst.metadata import Scope

API = tf_api.load("2.9.0")
CASE_FILES = sorted((ROOT / "tests/cases/migrate").glob("*/before.py"))
SOURCE = b"import keras\nx = keras.layers.core.Dense(output_dim=3)\n"
MIGRATED = b"from tensorflow import keras\nx = keras.layers.Dense(units=3)\n"


def test_text_around_rewrites_is_kept() -> None:
    cases = (
        (SOURCE, MIGRATED),
        (SOURCE.replace(b"\n", b"\r\n"), MIGRATED.replace(b"\n", b"\r\n")),
        (SOURCE.rstrip(b"\n"), MIGRATED.rstrip(b"\n")),
        (b"\xef\xbb\xbf" + SOURCE, b"\xef\xbb\xbf" + MIGRATED),
        (b"# -*- coding: latin-1 -*-\n# \xe9\n" + SOURCE, b"# -*- coding: latin-1 -*-\n# \xe9\n" + MIGRATED),
        (b"#!/usr/bin/python\n\x0c\n" + SOURCE + b"\x0cif x:\n\ty = 1  \n\n\n", None),
        (
            b"import keras\x0c\n\x0cx = keras.layers.core.Dense('\x0c',\x0c  output_dim=3)\x0c\n",
            b"from tensorflow import keras\x0c\n\x0cx = keras.layers.Dense('\x0c',\x0c  units=3)\x0c\n",
        ),
        (b"\n\n'''import keras'''  # keras.layers.core\n" + SOURCE + b"s = 'keras.layers.core'\n", None),
        ("# 日本 Ω\nπ = 3\n".encode() + SOURCE, None),
        (b"import os\r\n" + SOURCE, b"import os\r\n" + MIGRATED),
        (b"if 1:\n  import json, keras\n  x = 1\n", b"if 1:\n  import json\n  from tensorflow import keras\n  x = 1\n"),
        (b"if 1:\r\n\timport json, keras\r\n", b"if 1:\r\n\timport json\r\n\tfrom tensorflow import keras\r\n"),
        (b"if 1: import json, keras\n", b"if 1: import json; from tensorflow import keras\n"),
        (b"import os; import keras.layers as L; os\n", b"import os; from tensorflow.keras import layers as L; os\n"),
        (
            b"from keras.models import Model, Input  # noqa\r\n",
            b"from tensorflow.keras import Input\r\nfrom tensorflow.keras.models import Model  # noqa\r\n",
        ),
        (
            b"from keras.engine import (\n    Layer,  # own\n    Model, # all\n    InputSpec)\n",
            (
                b"from tensorflow.keras import Model\nfrom tensorflow.keras.layers import (\n    Layer,  # own\n"
                b"     # all\n    InputSpec)\n"
            ),
        ),
        (b"from keras.layers \\\n    import core\n", b"from tensorflow.keras \\\n    import layers as core\n"),
        (
            b"import keras.layers\nimport keras.models\nimport keras.utils  # too\n",
            b"from tensorflow import keras\nfrom tensorflow import keras  # too\n",
        ),
    )
    for before, after in cases:
        expected = before.replace(SOURCE, MIGRATED) if after is None else after
        assert migrate(before, API).content == expected, before


def test_unreadable_source_is_an_error() -> None:
    sources = (
        b"import keras\nprint 'Python 2'\n",
        b"import keras\nx = (\n",
        b"# coding: ascii\nimport keras  # \xff\n",
        b"# coding: no-such\nimport keras\n",
        b"import keras\n\x00\n",
        b"import keras\nx = " + b"(" * 3000 + b"1" + b")" * 3000 + b"\n",
        b"import keras\nx = " + b"+".join([b"1"] * 9000) + b"\n",
        b"import keras\nx = a" + b".b()" * 400 + b"\n",
    )
    for source in sources:
        outcome = migrate(source, API)
        assert (outcome.content, outcome.rewrites, outcome.notes) == (source, (), ()), source[:80]
        assert outcome.error, source[:80]
        assert outcome.hint, source[:80]


def test_source_without_the_word_keras_is_not_parsed() -> None:
    for source in (b"", b"print 'Python 2'\n", b"\xff\xfe", b"import tensorflow as tf\ntf.Session()\n"):
        outcome = migrate(source, API)
        assert outcome.content is source
        assert not outcome.error, source


def test_libcst_parses_only_files_that_import_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cst, "parse_module", None)
    sources = (
        b"import numpy\nx.fit(nb_epoch=3)  # keras\n",
        b"from .keras import Dense\nDense(output_dim=3)\n",
        b"'''from keras import x'''\nprint(keras)\nfrom os import path as keras\n",
    )
    for source in sources:
        outcome = migrate(source, API)
        assert (outcome.content, outcome.rewrites, outcome.notes, outcome.error) == (source, (), (), ""), source


def test_imports_are_found_in_every_block() -> None:
    sources = (
        "import os, keras",
        "if x:\n  pass\nelse:\n  import keras",
        "try:\n  pass\nexcept E:\n  import keras",
        "try:\n  pass\nfinally:\n  import keras",
        "class C:\n  def f(self):\n    import keras",
        "match x:\n  case 1:\n    import keras",
        "with x:\n  for y in x:\n    pass\n  else:\n    import keras",
        "x = 1; import keras",
        "while x: import keras",
    )
    for source in sources:
        assert b"from tensorflow import keras" in migrate(source.encode(), API).content, source


def test_libcst_is_not_imported_for_files_without_keras() -> None:
    script = (
        "import sys\nfrom envkit.migrate import python, tf_api\npython.migrate(b'x = 1', tf_api.load('2.9.0'))\n"
        "assert 'libcst' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_missing_libcst_is_a_precondition_error(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_bytes(SOURCE)
    (tmp_path / "other.py").write_text("x = 1\n")
    (tmp_path / "requirements.txt").write_text("keras==2.2\n")
    script = (
        "import sys\nsys.modules['libcst'] = None  # makes the import fail\n"
        "from envkit.cli.main import main\nsys.exit(main())"
    )

    def run(name: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-c", script, "migrate", str(tmp_path / name), "--format", "json"]
        return subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, check=False)

    result = run("model.py")
    assert result.returncode == ExitCode.USAGE, result.stderr
    error = json.loads(result.stdout)["error"]
    assert error["code"] == "libcst-missing"
    assert "pip install 'tf-envkit[migrate]'" in error["hint"]
    for name in ("other.py", "requirements.txt"):  # neither contains Python that uses Keras
        assert run(name).returncode == ExitCode.OK, name


def test_a_comment_disables_rules_on_its_line() -> None:
    rules_by_comment = {
        b"": ["lint/checkpoint-period"],
        b"  # envkit: ignore": [],
        b"  # envkit: ignore[lint/checkpoint-period]": [],
        b"  # short of time  # envkit: ignore[a/b, lint/checkpoint-period]": [],
        b"  # envkit: ignore[lint/hdf5]": ["lint/checkpoint-period"],
    }
    for comment, rules in rules_by_comment.items():
        call = b"ModelCheckpoint('w.h5', period=2)" + comment
        source = b"from tensorflow.keras.callbacks import ModelCheckpoint\n" + call + b"\n"
        assert [note.rule for note in migrate(source, API).notes] == rules, comment


def test_a_disabled_rule_rewrites_nothing() -> None:
    source = b"from keras.optimizers import Adam\nAdam(lr=1)\n"
    outcome = migrate(source, API, disabled_rules=frozenset({"arguments/optimizers"}))
    assert outcome.content == b"from tensorflow.keras.optimizers import Adam\nAdam(lr=1)\n"


def test_locations_are_lines_and_columns() -> None:
    outcome = migrate(b"import keras\r\nif 1:\r\n\tx = keras.layers.Dance()\r\n", API)
    (note,) = outcome.notes
    assert (note.location.line, note.location.column, note.location.cell) == (3, 6, 0)


def test_rewrites_hold_the_code_before_and_after() -> None:
    outcome = migrate(SOURCE, API)
    assert [(rewrite.location.line, rewrite.before, rewrite.after) for rewrite in outcome.rewrites] == [
        (1, "import keras", "from tensorflow import keras"),
        (2, "keras.layers.core.Dense", "keras.layers.Dense"),
        (2, "output_dim=3", "units=3"),
    ]


# Syntax that LibCST's own walk visits in another order, or that is missing from the cases.
SCOPES = """
from typing import Optional, cast
import keras.layers as kl
def f(a, /, b: "kl.Dense" = kl.Dense(1), *c, d=a if b else c, **e) -> Optional["kl.Dense"]:
    global g
    x, (y, *z) = a, b
    for h, [i, j.k] in [(l, m) for l in x for m in l if l]:
        h += (n := i)
    try:
        return {p: q for p, q in x}, {r for r in x}, lambda s, t=x: s + t
    except (KeyError, y) as u:
        del u
    with a as v, b as (w, aa):
        bb: int = cast("kl.Dense", v)[w:aa:v]
class C(kl.Layer, metaclass=f):
    cc = f(dd=1, *ee, **ff)
    def cc(self): return f"{cc!r:{self}}" "x" and (yield self)
match x:
    case kl.Dense(gg, units=hh) | [hh, *gg] if gg: pass
    case {"a": ii, **jj}: ii
    case _ as kk: pass
"""


def test_scopes_equal_those_of_libcst() -> None:
    texts = {path.parent.name: path.read_text() for path in CASE_FILES}
    texts |= {"all syntax": SCOPES, "all syntax without typing": SCOPES.replace("typing", "typed")}
    for case, text in texts.items():
        assert_equal_scopes(text, case)


def assert_equal_scopes(text: str, case: str) -> None:
    module = cst.parse_module(text)
    expected_scopes = MetadataWrapper(module, unsafe_skip_copy=True).resolve(ScopeProvider)
    actual_scopes = scopes(module, uses_typing="typing" in text)
    counterparts = {
        id(scope): actual_scopes[node]
        for node, scope in expected_scopes.items()
        if node in actual_scopes and scope is not None
    }
    assert len({id(scope) for scope in counterparts.values()}) == len(counterparts), case
    for node, scope in expected_scopes.items():
        if node in actual_scopes:
            assert scope is not None, case
            assert actual_scopes[node] is counterparts[id(scope)], case
            assert describe_scope(actual_scopes[node]) == describe_scope(scope), case
    names = Positions(module).nodes_by_class[cst.Name]
    assert [node for node in names if node in actual_scopes] == [node for node in names if node in expected_scopes], (
        case
    )


def describe_scope(scope: Scope) -> tuple[object, ...]:
    """Return the type of a scope, its bindings, and its reads with the bindings that each refers to."""
    bindings = {(assignment.name, getattr(assignment, "node", None)) for assignment in scope.assignments}
    reads = {
        (
            access.node,
            frozenset((referent.name, getattr(referent, "node", None)) for referent in access.referents),
        )
        for access in scope.accesses
    }
    return type(scope), bindings, reads


@settings(max_examples=40, deadline=None)
@given(
    paths=st.lists(st.sampled_from(CASE_FILES), min_size=1, max_size=4),
    newline=st.sampled_from(["\n", "\r\n"]),
    indented=st.booleans(),
)
def test_combined_cases_parse_and_need_one_run(paths: list[Path], newline: str, indented: bool) -> None:
    text = "".join(path.read_text() for path in paths)
    if indented:
        text = "if 1:\n" + "".join(f"    {line}\n" for line in text.splitlines())
    first = migrate(text.replace("\n", newline).encode(), API)
    assert not first.error
    ast.parse(first.content)
    assert first.content.count(b"\r\n") == (first.content.count(b"\n") if newline == "\r\n" else 0)
    second = migrate(first.content, API)
    assert (second.content, second.rewrites) == (first.content, ())
