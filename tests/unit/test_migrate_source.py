"""What `migrate` does not rewrite stays as it was, byte for byte, and what it cannot read it says."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import TYPE_CHECKING

import libcst as cst
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from libcst.metadata import MetadataWrapper, ScopeProvider

from envkit.migrate import tf_api
from envkit.migrate.python import migrate
from envkit.migrate.python.positions import Positions
from envkit.migrate.python.scopes import scopes
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from libcst.metadata import Scope

RELEASE = tf_api.load("2.9.0")
BEFORE = sorted((ROOT / "tests/cases/migrate").glob("*/before.py"))
COMMON = b"import keras\nx = keras.layers.core.Dense(output_dim=3)\n"
MIGRATED = b"from tensorflow import keras\nx = keras.layers.Dense(units=3)\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (COMMON, MIGRATED),
        (COMMON.replace(b"\n", b"\r\n"), MIGRATED.replace(b"\n", b"\r\n")),
        (COMMON.rstrip(b"\n"), MIGRATED.rstrip(b"\n")),
        (b"\xef\xbb\xbf" + COMMON, b"\xef\xbb\xbf" + MIGRATED),
        (b"# -*- coding: latin-1 -*-\n# \xe9\n" + COMMON, b"# -*- coding: latin-1 -*-\n# \xe9\n" + MIGRATED),
        (b"#!/usr/bin/python\n\x0c\n" + COMMON + b"\x0cif x:\n\ty = 1  \n\n\n", None),
        (
            b"import keras\x0c\n\x0cx = keras.layers.core.Dense('\x0c',\x0c  output_dim=3)\x0c\n",
            b"from tensorflow import keras\x0c\n\x0cx = keras.layers.Dense('\x0c',\x0c  units=3)\x0c\n",
        ),
        (b"\n\n'''import keras'''  # keras.layers.core\n" + COMMON + b"s = 'keras.layers.core'\n", None),
        ("# 日本 Ω\nπ = 3\n".encode() + COMMON, None),
        (b"import os\r\n" + COMMON, b"import os\r\n" + MIGRATED),
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
                b"from tensorflow.keras import Model\nfrom tensorflow.keras.layers import (\n    Layer,  # own\n     # all\n"
                b"    InputSpec)\n"
            ),
        ),
        (b"from keras.layers \\\n    import core\n", b"from tensorflow.keras \\\n    import layers as core\n"),
        (
            b"import keras.layers\nimport keras.models\nimport keras.utils  # too\n",
            b"from tensorflow import keras\nfrom tensorflow import keras  # too\n",
        ),
    ],
)
def test_all_else_survives(before: bytes, after: bytes | None) -> None:
    expected = before.replace(COMMON, MIGRATED) if after is None else after
    assert migrate(before, RELEASE).content == expected


@pytest.mark.parametrize(
    "source",
    [
        b"import keras\nprint 'Python 2'\n",
        b"import keras\nx = (\n",
        b"# coding: ascii\nimport keras  # \xff\n",
        b"# coding: no-such\nimport keras\n",
        b"import keras\n\x00\n",
        b"import keras\nx = " + b"(" * 3000 + b"1" + b")" * 3000 + b"\n",
        b"import keras\nx = " + b"+".join([b"1"] * 9000) + b"\n",
        b"import keras\nx = a" + b".b()" * 400 + b"\n",
    ],
)
def test_what_cannot_be_read_is_said_and_left(source: bytes) -> None:
    outcome = migrate(source, RELEASE)
    assert (outcome.content, outcome.rewrites, outcome.notes) == (source, (), ())
    assert outcome.error
    assert outcome.hint


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"print 'Python 2'\n",
        b"\xff\xfe",
        b"import tensorflow as tf\ntf.Session()\n",
    ],
)
def test_what_does_not_say_keras_is_not_even_parsed(source: bytes) -> None:
    outcome = migrate(source, RELEASE)
    assert outcome.content is source
    assert not outcome.error


@pytest.mark.parametrize(
    "source",
    [
        b"import numpy\nx.fit(nb_epoch=3)  # keras\n",
        b"from .keras import Dense\nDense(output_dim=3)\n",
        b"'''from keras import x'''\nprint(keras)\nfrom os import path as keras\n",
    ],
)
def test_what_imports_nothing_of_keras_is_not_read_by_libcst(monkeypatch: pytest.MonkeyPatch, source: bytes) -> None:
    monkeypatch.setattr(cst, "parse_module", None)
    outcome = migrate(source, RELEASE)
    assert (outcome.content, outcome.rewrites, outcome.notes, outcome.error) == (source, (), (), "")


@pytest.mark.parametrize(
    "source",
    [
        "import os, keras",
        "if x:\n  pass\nelse:\n  import keras",
        "try:\n  pass\nexcept E:\n  import keras",
        "try:\n  pass\nfinally:\n  import keras",
        "class C:\n  def f(self):\n    import keras",
        "match x:\n  case 1:\n    import keras",
        "with x:\n  for y in x:\n    pass\n  else:\n    import keras",
        "x = 1; import keras",
        "while x: import keras",
    ],
)
def test_an_import_is_found_wherever_it_stands(source: str) -> None:
    assert b"from tensorflow import keras" in migrate(source.encode(), RELEASE).content


def test_nothing_is_loaded_for_a_file_without_keras() -> None:
    script = (
        "import sys\nfrom envkit.migrate import python, tf_api\npython.migrate(b'x = 1', tf_api.load('2.9.0'))\n"
        "assert 'libcst' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        (b"", ["lint/checkpoint-period"]),
        (b"  # envkit: ignore", []),
        (b"  # envkit: ignore[lint/checkpoint-period]", []),
        (b"  # short of time  # envkit: ignore[a/b, lint/checkpoint-period]", []),
        (b"  # envkit: ignore[lint/hdf5]", ["lint/checkpoint-period"]),
    ],
)
def test_a_comment_on_the_line_switches_a_rule_off(comment: bytes, told: list[str]) -> None:
    call = b"ModelCheckpoint('w.h5', period=2)" + comment
    source = b"from tensorflow.keras.callbacks import ModelCheckpoint\n" + call + b"\n"
    assert [note.rule for note in migrate(source, RELEASE).notes] == told


def test_a_rule_can_be_switched_off_for_all() -> None:
    source = b"from keras.optimizers import Adam\nAdam(lr=1)\n"
    outcome = migrate(source, RELEASE, disabled_rules=frozenset({"arguments/optimizers"}))
    assert outcome.content == b"from tensorflow.keras.optimizers import Adam\nAdam(lr=1)\n"


def test_a_place_is_told_in_lines_and_columns() -> None:
    outcome = migrate(b"import keras\r\nif 1:\r\n\tx = keras.layers.Dance()\r\n", RELEASE)
    (note,) = outcome.notes
    assert (note.location.line, note.location.column, note.location.cell) == (3, 6, 0)


def test_a_rewrite_tells_what_stood_there_and_what_stands_there_now() -> None:
    outcome = migrate(COMMON, RELEASE)
    assert [(one.location.line, one.before, one.after) for one in outcome.rewrites] == [
        (1, "import keras", "from tensorflow import keras"),
        (2, "keras.layers.core.Dense", "keras.layers.Dense"),
        (2, "output_dim=3", "units=3"),
    ]


# What LibCST's own walk goes through in another order, or that the cases have none of.
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


@pytest.mark.parametrize(
    "text",
    [*(path.read_text() for path in BEFORE), SCOPES, SCOPES.replace("typing", "typed")],
    ids=[*(path.parent.name for path in BEFORE), "all of Python", "all of Python, without typing"],
)
def test_the_scopes_are_those_of_libcst(text: str) -> None:
    module = cst.parse_module(text)
    theirs = MetadataWrapper(module, unsafe_skip_copy=True).resolve(ScopeProvider)
    ours = scopes(module, uses_typing="typing" in text)
    same = {id(scope): ours[node] for node, scope in theirs.items() if node in ours and scope is not None}
    assert len({id(one) for one in same.values()}) == len(same)
    for node, scope in theirs.items():
        if node in ours:
            assert scope is not None
            assert ours[node] is same[id(scope)]
            assert learned(ours[node]) == learned(scope)
    names = Positions(module).nodes_by_class[cst.Name]
    assert [node for node in names if node in ours] == [node for node in names if node in theirs]


def learned(scope: Scope) -> tuple[object, ...]:
    """Return what is known of a scope: what it binds, and what is read in it and means what."""
    bound = {(one.name, getattr(one, "node", None)) for one in scope.assignments}
    read = {
        (one.node, frozenset((to.name, getattr(to, "node", None)) for to in one.referents)) for one in scope.accesses
    }
    return type(scope), bound, read


@settings(max_examples=40, deadline=None)
@given(
    chosen=st.lists(st.sampled_from(BEFORE), min_size=1, max_size=4),
    newline=st.sampled_from(["\n", "\r\n"]),
    indented=st.booleans(),
)
def test_together_they_parse_and_a_second_run_finds_nothing(chosen: list[Path], newline: str, indented: bool) -> None:
    text = "".join(path.read_text() for path in chosen)
    if indented:
        text = "if 1:\n" + "".join(f"    {line}\n" for line in text.splitlines())
    once = migrate(text.replace("\n", newline).encode(), RELEASE)
    assert not once.error
    ast.parse(once.content)
    assert once.content.count(b"\r\n") == (once.content.count(b"\n") if newline == "\r\n" else 0)
    again = migrate(once.content, RELEASE)
    assert (again.content, again.rewrites) == (once.content, ())
