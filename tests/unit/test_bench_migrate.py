"""The checker of `make bench-migrate`: faults, valid code, and missed bars."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.migrate import __main__ as command
from benchmarks.migrate import golden, results, tally, units, unwanted_edits, variants
from benchmarks.migrate.api_index import api_index
from benchmarks.migrate.tally import Tally
from benchmarks.migrate.variants import MigrationReport
from benchmarks.migrate.verdict import Verdict, judge

if TYPE_CHECKING:
    import pytest

FILE = Path("a.py")


def verdict(text: str) -> Verdict:
    return judge(text, api_index())


VALID_TEXTS = (
    "from tensorflow.keras.layers import Dense, Conv2D\nConv2D(8, (3, 3), padding='same', input_shape=(8, 8, 1))\n",
    "from tensorflow import keras\nkeras.layers.Dense(3, name='a')\nkeras.backend.image_data_format()\n",
    "import keras.backend as K\nK.epsilon()\n",  # TensorFlow 2.9 includes a package of that name
    "import keras_contrib\nkeras_contrib.layers.Anything(border_mode='same')\n",
    "from keras import layers\ndef f(layers):\n    return layers.Anything\n",  # an argument, not the module
    "from keras import layers\nlayers = local()\nlayers.Anything\n",
    "import tensorflow as tf\nm = tf.keras.Model(inputs=a, outputs=b)\n",
    "from tensorflow.keras.layers import *\nDense(3)\nmax(1, 2)\n",
    "from tensorflow.python.client import device_lib\ndevice_lib.list_local_devices()\n",  # private: not checked
)


def test_valid_code_is_clean() -> None:
    for text in VALID_TEXTS:
        assert verdict(text).is_clean, verdict(text).faults


def test_each_kind_of_fault_is_found() -> None:
    for text, kind, name in (
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
    ):
        assert [(fault.kind, fault.name) for fault in verdict(text).faults] == [(kind, name)], text


def test_imports_of_unparseable_text_are_checked() -> None:
    result = verdict(
        "print 'a'\nfrom keras.layers import (Dense,\n    Nothing)\nfrom tensorflow import keras.backend as K\n"
    )
    assert not result.parses
    assert result.name_count == 3
    assert sum(fault.kind == "import" for fault in result.faults) == 2


def test_literal_convolution_needs_literal_numbers() -> None:
    text = "from keras.layers import Conv2D\nConv2D(8, 3, 3)\nConv2D(8, rows, columns)\nConv2D(8, (3, 3), 2)\n"
    assert [fault.literal for fault in verdict(text).faults if fault.kind == "convolution"] == [True, False]


def test_unwanted_edits_are_counted() -> None:
    for before, after, count in (
        ("import keras  # old keras\n", "from tensorflow import keras  # old keras\n", 0),
        ("K.image_dim_ordering() == 'th'\n", "K.image_data_format() == 'channels_first'\n", 0),
        ("import keras_bert\n", "from tensorflow import keras_bert\n", 1),
        ("import keras  # from keras\n", "import keras  # from tensorflow.keras\n", 2),  # one removed, one added
        ("'import keras'\n", "'from tensorflow import keras'\n", 2),
        ("import keras\r\n", "from tensorflow import keras\n", 1),
        ("import keras", "from tensorflow import keras\n", 1),
    ):
        assert len(unwanted_edits.find(FILE, before.encode(), after.encode())) == count, (before, after)


def notebook(source: str, output: str, indent: int = 1) -> bytes:
    cell = {"cell_type": "code", "source": [source], "outputs": [output]}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4}, indent=indent).encode()


def test_outputs_and_json_style_of_a_notebook_must_not_change() -> None:
    before = notebook("import keras", "from keras")
    for after, count in (
        (notebook("from tensorflow import keras", "from keras"), 0),
        (notebook("from tensorflow import keras", "from tensorflow.keras"), 1),
        (notebook("from tensorflow import keras", "from keras", indent=2), 1),
    ):
        assert len(unwanted_edits.find(Path("a.ipynb"), before, after)) == count, after


def test_magics_are_not_python_and_keep_line_numbers() -> None:
    sources = [
        "%matplotlib inline\n!pip install keras \\\n  --upgrade\nx = !ls\nimport keras\nkeras?\n",
        "%%bash\nls\n",
    ]
    data = {"cells": [{"cell_type": "code", "source": source} for source in sources]}
    unit = units.read(Path("a.ipynb"), json.dumps(data).encode())
    assert unit is not None
    assert verdict(unit.text).parses
    assert unit.imports_keras
    assert unit.positions[unit.lines.index("import keras")] == (1, 5)


def test_imports_of_standalone_keras_are_found_by_text() -> None:
    for text, imports_keras in (
        ("import keras\n", True),
        ("import re, keras\n", True),
        ("    from keras.layers import Dense\n", True),
        ("import keras.backend as K; print K\n", True),
        ("import keras_bert\n", False),
        ("from .keras import a\n", False),
        ("from tensorflow import keras\n", False),
        ("# import keras\n", False),
    ):
        unit = units.read(FILE, text.encode())
        assert unit is not None
        assert unit.imports_keras is imports_keras, text


BEFORE = b"import keras\nfrom keras.layers import Nothing\nkeras.layers.Dense(3)\n"
AFTER = b"from tensorflow import keras\n\nfrom tensorflow.keras.layers import Nothing\nkeras.layers.Dense(3)\n"


def test_unresolved_name_needs_a_note_on_its_line() -> None:
    for report, count in (
        (MigrationReport(notes=frozenset({(0, 2)})), 0),  # the original line
        (MigrationReport(notes=frozenset({(0, 3)})), 1),
        (MigrationReport(), 1),
        (MigrationReport(skip_reason="it is not Python 3"), 0),
    ):
        assert tally.tally([FILE], {FILE: BEFORE}, {FILE: AFTER}, {FILE: report}).unreported == count, report


def test_file_without_a_report_has_no_notes() -> None:
    assert tally.tally([FILE], {FILE: BEFORE}, {FILE: AFTER}, {}).unreported == 1


def test_files_and_names_are_counted() -> None:
    paths = [Path("a.py"), Path("b.py"), Path("c.py")]
    texts = [b"import keras\n", b"import keras.backend as K\n", b"import keras\nprint 1\n"]
    before = dict(zip(paths, texts, strict=True))
    count = tally.tally(paths, before, {path: variants.sed(content) for path, content in before.items()})
    assert (count.files, count.parse, count.broken, count.names, count.resolved_names) == (3, 1, 1, 3, 2)
    assert (count.resolve, count.clean) == (1, 1)


def test_sed_applies_the_usual_rules() -> None:
    assert variants.sed(b"import keras\nfrom keras.layers import A\nimport keras_b\n") == (
        b"from tensorflow import keras\nfrom tensorflow.keras.layers import A\nfrom tensorflow import keras_b\n"
    )


def rows(**ours: int) -> dict[str, bool]:
    tallies = {
        "untouched": Tally(files=10, parse=9, names=100),
        "envkit": replace(Tally(files=10, parse=9, names=100, resolved_names=98, resolve=10, clean=10), **ours),  # type: ignore[arg-type]
    }
    return {row.label: row.holds for row in results.rows(tallies, 3)}


def test_every_bar_can_hold() -> None:
    assert all(rows().values())


def test_each_missed_bar_is_reported() -> None:
    for name, value in {
        "parse": 8,
        "resolved_names": 96,
        "resolve": 9,
        "clean": 7,
        "convolutions": 1,
        "edits": 1,
        "unreported": 1,
        "unstable": 1,
        "disagreements": 1,
    }.items():
        assert list(rows(**{name: value}).values()).count(False) == 1, name


def test_missing_checkouts_skip_the_benchmark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    assert command.main(["--corpus", str(tmp_path / "none")]) == 0
    assert command.main(["--corpus", str(tmp_path)]) == 0
    assert capsys.readouterr().err.count("skipped") == 3


def test_imports_are_compared_with_a_manual_migration() -> None:
    before = "from keras.layers import Dense, core\nimport keras.backend as K\nimport numpy as np\n"
    manual = "from tensorflow.keras.layers import Dense\nimport tensorflow.keras.backend as K\nimport numpy as core\n"
    assert list(golden.compare(before, manual)) == [
        ("Dense", "from tensorflow.keras.layers import Dense", "from tensorflow.keras.layers import Dense"),
        ("K", "from tensorflow.keras import backend as K", "import tensorflow.keras.backend as K"),
    ]
    assert list(golden.compare("from .keras import Dense\n", manual)) == []


def test_differences_from_a_manual_migration_are_reported() -> None:
    pair = golden.Pair("a/b 1", 2, 100, 97, ("a.py: `import x`, manual `import y`",))
    measured = results.BenchmarkResults(golden=(pair,), compared_on="2026-11-23")
    assert measured.missed_bars == [results.GOLDEN_LABEL]
    assert replace(measured, golden=(replace(pair, same=98),)).missed_bars == []
    assert "- a/b 1, a.py: `import x`, manual `import y`\n" in results.render_page(measured)
    assert results.from_data(json.loads(json.dumps(results.to_data(measured)))) == measured
