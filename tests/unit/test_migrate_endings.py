"""How a name ends that is put together when the program runs: told as far as it is written there."""

from __future__ import annotations

import libcst as cst
import pytest

from envkit.migrate import tf_api
from envkit.migrate.python import migrate
from envkit.migrate.python.string_suffix import known_suffix

RELEASE = tf_api.load("2.9.0")


@pytest.mark.parametrize(
    ("code", "end"),
    [
        ("'a'", "a"),
        ("path", ""),
        ("path + '.h5'", ".h5"),
        ("'a' + '.h5'", "a.h5"),
        ("path + '.' + str(epoch)", ".0"),
        ("str(epoch)", ""),
        ("path + '/' + str(name)", ""),
        ("'/w' + name", ""),
        ("'w-%d' % n", "0"),
        ("'w-%s' % n", ""),
        ("'%s.model' % n", ".model"),
        ("'%(a)05.2f' % n", "0"),
        ("'w-{}.model'.format(n)", ".model"),
        ("'{:.2f}'.format(n)", "0"),
        ("'{}'.format(n)", ""),
        ("form.format(n)", ""),
        ("f'{n}.model'", ".model"),
        ("f'{n}'", ""),
        ("f'{n:02d}'", "0"),
        ("f'{n:{m}}'", ""),
        ("f''", ""),
        ("os.path.join(a, 'w')", "w"),
        ("join(a, 'w')", ""),
        ("', '.join(a, 'w')", ""),
        ("os.path.join(*a)", ""),
        ("a - 'w'", ""),
        ("a(b)('w')", ""),
    ],
)
def test_the_end_of_a_text(code: str, end: str) -> None:
    assert known_suffix(cst.parse_expression(code)) == end


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("path + '.' + str(epoch)", True),
        ("path + 'h5'", False),
        ("path + '5'", False),
        ("path + '.keras'", False),
        ("'5'", True),
        ("os.path.join(folder, 'weights')", True),
        ("path, save_format='h5'", False),
        ("filepath=path", False),
    ],
)
def test_weights_without_an_ending_of_one_file_are_told(path: str, told: bool) -> None:
    source = f"import keras\nmodel.save_weights({path})\n".encode()
    assert [one.rule for one in migrate(source, RELEASE).notes] == ["behaviour/weights-checkpoint"] * told
