"""The checker of `make bench-migrate`: what it calls wrong, what it lets pass, and that a missed bar is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.migrate import __main__ as command
from benchmarks.migrate import golden, kept, results, tally, units, variants
from benchmarks.migrate.tally import Tally
from benchmarks.migrate.variants import MigrationReport
from benchmarks.migrate.verdict import Verdict, judge
from benchmarks.migrate.world import api_index

FILE = Path("a.py")


def verdict(text: str) -> Verdict:
    return judge(text, api_index())


@pytest.mark.parametrize(
    "text",
    [
        "from tensorflow.keras.layers import Dense, Conv2D\nConv2D(8, (3, 3), padding='same', input_shape=(8, 8, 1))\n",
        "from tensorflow import keras\nkeras.layers.Dense(3, name='a')\nkeras.backend.image_data_format()\n",
        "import keras.backend as K\nK.epsilon()\n",  # TensorFlow 2.9 brings a package of that name
        "import keras_contrib\nkeras_contrib.layers.Anything(border_mode='same')\n",
        "from keras import layers\ndef f(layers):\n    return layers.Anything\n",  # an argument, not the module
        "from keras import layers\nlayers = local()\nlayers.Anything\n",
        "import tensorflow as tf\nm = tf.keras.Model(inputs=a, outputs=b)\n",
        "from tensorflow.keras.layers import *\nDense(3)\nmax(1, 2)\n",
        "from tensorflow.python.client import device_lib\ndevice_lib.list_local_devices()\n",  # private: not judged
    ],
)
def test_what_works_is_clean(text: str) -> None:
    assert verdict(text).is_clean, verdict(text).faults


@pytest.mark.parametrize(
    ("text", "kind", "what"),
    [
        ("from keras.engine.topology import Layer\n", "import", "keras.engine.topology.Layer"),
        ("import tensorflow.keras_contrib\n", "import", "tensorflow.keras_contrib"),
        ("from keras import backend as K\nK.image_dim_ordering()\n", "name", "keras.backend.image_dim_ordering"),
        ("import tensorflow as tf\ndef f():\n    return [tf.no(x) for x in y]\n", "name", "tensorflow.no"),
        ("from keras.layers import *\nnp.zeros(3)\n", "name", "np"),
        ("from keras.layers import Dense\nDense(3, init='uniform')\n", "argument", "keras.layers.Dense(init=)"),
        ("from keras.models import Model\nModel(input=a)\n", "argument", "keras.models.Model(input=)"),
        ("import keras\nmodel.fit(x, y, nb_epoch=3)\n", "argument", ".fit(nb_epoch=)"),
        ("from keras.layers import Conv2D\nConv2D(8, 3, 3)\n", "convolution", "keras.layers.Conv2D"),
        ("import keras\nmodel.predict_classes(x)\n", "method", "predict_classes"),
    ],
)
def test_what_does_not_work_is_found(text: str, kind: str, what: str) -> None:
    assert [(fault.kind, fault.name) for fault in verdict(text).faults] == [(kind, what)]


def test_a_text_that_is_not_python_is_judged_by_its_imports() -> None:
    old = "print 'a'\nfrom keras.layers import (Dense,\n    Nothing)\nfrom tensorflow import keras.backend as K\n"
    seen = verdict(old)
    assert not seen.parses
    assert seen.name_count == 3
    assert sum(fault.kind == "import" for fault in seen.faults) == 2


def test_only_numbers_that_stand_there_make_a_literal_convolution() -> None:
    seen = verdict("from keras.layers import Conv2D\nConv2D(8, 3, 3)\nConv2D(8, rows, columns)\nConv2D(8, (3, 3), 2)\n")
    assert [fault.literal for fault in seen.faults if fault.kind == "convolution"] == [True, False]


@pytest.mark.parametrize(
    ("before", "after", "edits"),
    [
        ("import keras  # old keras\n", "from tensorflow import keras  # old keras\n", 0),
        ("K.image_dim_ordering() == 'th'\n", "K.image_data_format() == 'channels_first'\n", 0),
        ("import keras_bert\n", "from tensorflow import keras_bert\n", 1),
        ("import keras  # from keras\n", "import keras  # from tensorflow.keras\n", 2),  # one gone, one new
        ("'import keras'\n", "'from tensorflow import keras'\n", 2),
        ("import keras\r\n", "from tensorflow import keras\n", 1),
        ("import keras", "from tensorflow import keras\n", 1),
    ],
)
def test_edits_where_nothing_may_change_are_counted(before: str, after: str, edits: int) -> None:
    assert len(kept.unwanted_edits(FILE, before.encode(), after.encode())) == edits


def notebook(source: str, output: str, indent: int = 1) -> bytes:
    cell = {"cell_type": "code", "source": [source], "outputs": [output]}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4}, indent=indent).encode()


@pytest.mark.parametrize(
    ("after", "edits"),
    [
        (notebook("from tensorflow import keras", "from keras"), 0),
        (notebook("from tensorflow import keras", "from tensorflow.keras"), 1),
        (notebook("from tensorflow import keras", "from keras", indent=2), 1),
    ],
)
def test_outputs_and_form_of_a_notebook_have_to_stay(after: bytes, edits: int) -> None:
    assert len(kept.unwanted_edits(Path("a.ipynb"), notebook("import keras", "from keras"), after)) == edits


def test_magics_of_a_notebook_are_no_python_and_keep_their_lines() -> None:
    cells = ["%matplotlib inline\n!pip install keras \\\n  --upgrade\nx = !ls\nimport keras\nkeras?\n", "%%bash\nls\n"]
    data = {"cells": [{"cell_type": "code", "source": one} for one in cells]}
    unit = units.read(Path("a.ipynb"), json.dumps(data).encode())
    assert unit is not None
    assert verdict(unit.text).parses
    assert unit.imports_keras
    assert unit.positions[unit.lines.index("import keras")] == (1, 5)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("import keras\n", True),
        ("import re, keras\n", True),
        ("    from keras.layers import Dense\n", True),
        ("import keras.backend as K; print K\n", True),
        ("import keras_bert\n", False),
        ("from .keras import a\n", False),
        ("from tensorflow import keras\n", False),
        ("# import keras\n", False),
    ],
)
def test_files_that_import_standalone_keras_are_found_by_their_text(text: str, asked: bool) -> None:
    unit = units.read(FILE, text.encode())
    assert unit is not None
    assert unit.imports_keras is asked


BEFORE = b"import keras\nfrom keras.layers import Nothing\nkeras.layers.Dense(3)\n"
AFTER = b"from tensorflow import keras\n\nfrom tensorflow.keras.layers import Nothing\nkeras.layers.Dense(3)\n"


@pytest.mark.parametrize(
    ("told", "silent"),
    [
        (MigrationReport(notes=frozenset({(0, 2)})), 0),  # the line that it came from
        (MigrationReport(notes=frozenset({(0, 3)})), 1),
        (MigrationReport(), 1),
        (MigrationReport(skip_reason="it is not Python 3"), 0),
    ],
)
def test_an_unresolved_name_needs_a_note_on_its_line(told: MigrationReport, silent: int) -> None:
    assert tally.tally([FILE], {FILE: BEFORE}, {FILE: AFTER}, {FILE: told}).unreported == silent


def test_a_file_that_nothing_is_told_of_is_silent_too() -> None:
    assert tally.tally([FILE], {FILE: BEFORE}, {FILE: AFTER}, {}).unreported == 1


def test_files_and_names_are_counted() -> None:
    paths = [Path("a.py"), Path("b.py"), Path("c.py")]
    texts = [b"import keras\n", b"import keras.backend as K\n", b"import keras\nprint 1\n"]
    before = dict(zip(paths, texts, strict=True))
    count = tally.tally(paths, before, {path: variants.sed(content) for path, content in before.items()})
    assert (count.files, count.parse, count.broken, count.names, count.found) == (3, 1, 1, 3, 2)
    assert (count.resolve, count.clean) == (1, 1)


def test_sed_does_what_the_usual_line_does() -> None:
    assert variants.sed(b"import keras\nfrom keras.layers import A\nimport keras_b\n") == (
        b"from tensorflow import keras\nfrom tensorflow.keras.layers import A\nfrom tensorflow import keras_b\n"
    )


def rows(**ours: int) -> dict[str, bool]:
    tallies = {
        "untouched": Tally(files=10, parse=9, names=100),
        "envkit": replace(Tally(files=10, parse=9, names=100, found=98, resolve=10, clean=10), **ours),  # type: ignore[arg-type]
    }
    return {row.what: row.holds for row in results.rows(tallies, 3)}


def test_every_bar_can_hold() -> None:
    assert all(rows().values())


@pytest.mark.parametrize(
    "missed",
    [
        {"parse": 8},
        {"found": 96},
        {"resolve": 9},
        {"clean": 7},
        {"convolutions": 1},
        {"edits": 1},
        {"unreported": 1},
        {"unstable": 1},
        {"disagreements": 1},
    ],
)
def test_a_bar_that_is_missed_is_told(missed: dict[str, int]) -> None:
    assert list(rows(**missed).values()).count(False) == 1


def test_without_checkouts_it_says_so_and_is_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    assert command.main(["--corpus", str(tmp_path / "none")]) == 0
    assert command.main(["--corpus", str(tmp_path)]) == 0
    assert capsys.readouterr().err.count("skipped") == 3


def test_names_are_compared_with_those_that_people_import() -> None:
    before = "from keras.layers import Dense, core\nimport keras.backend as K\nimport numpy as np\n"
    theirs = "from tensorflow.keras.layers import Dense\nimport tensorflow.keras.backend as K\nimport numpy as core\n"
    assert list(golden.compare(before, theirs)) == [
        ("Dense", "from tensorflow.keras.layers import Dense", "from tensorflow.keras.layers import Dense"),
        ("K", "from tensorflow.keras import backend as K", "import tensorflow.keras.backend as K"),
    ]
    assert list(golden.compare("from .keras import Dense\n", theirs)) == []


def test_people_who_bind_other_things_are_told() -> None:
    pair = golden.Pair("a/b 1", 2, 100, 97, ("a.py: `import x`, by people `import y`",))
    found = results.BenchmarkResults(golden=(pair,), paired="2026-11-23")
    assert found.missed_bars == [results.GOLDEN_LABEL]
    assert replace(found, golden=(replace(pair, same=98),)).missed_bars == []
    assert "- a/b 1, a.py: `import x`, by people `import y`\n" in results.render_page(found)
    assert results.from_data(json.loads(json.dumps(results.to_data(found)))) == found
