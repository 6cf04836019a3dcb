"""Known suffixes of strings that are built at run time, and the notes that depend on them."""

from __future__ import annotations

import libcst as cst

from envkit.migrate import tf_api
from envkit.migrate.python import migrate
from envkit.migrate.python.string_suffix import known_suffix

API = tf_api.load("2.9.0")


def test_known_suffix_of_an_expression() -> None:
    suffixes = {
        "'a'": "a",
        "path": "",
        "path + '.h5'": ".h5",
        "'a' + '.h5'": "a.h5",
        "path + '.' + str(epoch)": ".0",
        "str(epoch)": "",
        "path + '/' + str(name)": "",
        "'/w' + name": "",
        "'w-%d' % n": "0",
        "'w-%s' % n": "",
        "'%s.model' % n": ".model",
        "'%(a)05.2f' % n": "0",
        "'w-{}.model'.format(n)": ".model",
        "'{:.2f}'.format(n)": "0",
        "'{}'.format(n)": "",
        "form.format(n)": "",
        "f'{n}.model'": ".model",
        "f'{n}'": "",
        "f'{n:02d}'": "0",
        "f'{n:{m}}'": "",
        "f''": "",
        "os.path.join(a, 'w')": "w",
        "join(a, 'w')": "",
        "', '.join(a, 'w')": "",
        "os.path.join(*a)": "",
        "a - 'w'": "",
        "a(b)('w')": "",
    }
    for code, suffix in suffixes.items():
        assert known_suffix(cst.parse_expression(code)) == suffix, code


def test_weights_without_a_file_extension_have_a_note() -> None:
    noted_arguments = {
        "path + '.' + str(epoch)": True,
        "path + 'h5'": False,
        "path + '5'": False,
        "path + '.keras'": False,
        "'5'": True,
        "os.path.join(folder, 'weights')": True,
        "path, save_format='h5'": False,
        "filepath=path": False,
    }
    for arguments, is_noted in noted_arguments.items():
        source = f"import keras\nmodel.save_weights({arguments})\n".encode()
        rules = [note.rule for note in migrate(source, API).notes]
        assert rules == ["behaviour/weights-checkpoint"] * is_noted, arguments


def test_blank_lines_at_the_end_stay() -> None:
    for ending in ("\n   \n", "\n\n  ", "\r\n \t\r\n"):
        newline = ending[:2] if ending.startswith("\r\n") else ending[0]
        outcome = migrate(f"import keras{newline}x = 1{newline}{ending}".encode(), API)
        assert outcome.content.decode() == f"from tensorflow import keras{newline}x = 1{newline}{ending}"
