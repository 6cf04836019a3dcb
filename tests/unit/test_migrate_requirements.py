"""Pins of Keras: taken out where TensorFlow brings its own, told where somebody has to decide."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from envkit.migrate import dispatch, requirements
from envkit.migrate.outcome import Kind, Outcome

LISTS = {
    "beside TensorFlow it goes": ("numpy\nkeras==2.2.4\ntensorflow==2.9.0\n", "numpy\ntensorflow==2.9.0\n"),
    "alone, TensorFlow takes its place": ("numpy\nKeras==2.3.1\n", "numpy\ntensorflow==2.9.0\n"),
    "without a version": ("keras\ntensorflow\n", "tensorflow\n"),
    "with one that may grow": ("keras>=2.0\ntensorflow\n", "tensorflow\n"),
    "what it was for stays": ("keras~=2.2  # for the demo\ntensorflow\n", "# for the demo\ntensorflow\n"),
    "twice": ("keras\nkeras-gpu\n", "tensorflow==2.9.0\n"),
    "the line ends stay": ("a\r\nkeras\r\ntensorflow\r\n", "a\r\ntensorflow\r\n"),
    "no newline at the end": ("tensorflow\nkeras", "tensorflow\n"),
    "in its own place, without one": ("a\nkeras", "a\ntensorflow==2.9.0"),
    "bytes that are no UTF-8": ("# caf\xe9\nkeras\ntensorflow\n", "# caf\xe9\ntensorflow\n"),
}


@pytest.mark.proves("a leftover pin of Keras is taken out or told", "real")
@pytest.mark.parametrize(("before", "after"), LISTS.values(), ids=LISTS)
def test_keras_leaves_a_list_of_requirements(before: str, after: str) -> None:
    outcome = migrate("requirements.txt", before)
    assert outcome.content == after.encode("latin-1")
    assert {one.rule for one in outcome.rewrites} == {"requirements/keras"}
    assert migrate("requirements.txt", after).rewrites == ()


STAY = {
    "what a line switches off": "keras  # envkit: ignore\nkeras-vis # envkit: ignore[requirements/imports-keras]\n",
    "the Keras of that release": "keras==2.9.0\n",
    "any of its fixes": "keras>=2.9,<2.10\ntensorflow==2.9.*\n",
    "other packages": "keras-tuner\ntf-keras-vis\nmykeras==1\n# keras==2.2.4\n-r keras.txt\n",
    "other repositories": "git+https://github.com/me/keras-mine.git\ngit+https://github.com/keras-team/keras-tuner\n",
    "options": "--find-links https://example.org/keras\n",
}


@pytest.mark.parametrize("text", STAY.values(), ids=STAY)
def test_what_serves_stays_and_is_not_told(text: str) -> None:
    outcome = migrate("requirements.txt", text)
    assert (outcome.content, outcome.rewrites, outcome.notes) == (text.encode(), (), ())


TOLD = {
    "with a condition": "keras==2.2.4; python_version < '3.8'\ntensorflow\n",
    "from an address": "keras @ https://example.org/keras.zip\ntensorflow\n",
    "from a repository": "git+https://github.com/keras-team/keras.git@2.2.4#egg=keras\ntensorflow\n",
    "from one that is edited": "-e git+ssh://git@github.com/keras-team/keras\ntensorflow\n",
    "with hashes": "keras==2.2.4 \\\n    --hash=sha256:0\ntensorflow\n",
    "where other files may have TensorFlow": "-r base.txt\nkeras==2.2.4\n",
}


@pytest.mark.parametrize("text", TOLD.values(), ids=TOLD)
def test_what_somebody_has_to_decide_is_told_and_stays(text: str) -> None:
    outcome = migrate("requirements/train.txt", text)
    assert outcome.content == text.encode()
    assert [(one.rule, one.kind) for one in outcome.notes] == [("requirements/keras", Kind.REQUIREMENT)]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("git+https://example.org/x#egg=keras", None),
        ("keras-contrib", "imports-keras"),
        ("keras_vis==0.4", "imports-keras"),
        ("keras-applications==1.0.8", "keras-applications"),
        ("keras-preprocessing==1.0.5", "keras-preprocessing"),
        ("keras-preprocessing>=1.0.5", None),
        ("tensorflow-gpu==1.13.1", "tensorflow"),
        ("tensorflow>=1.15", None),
        ("tensorflow", None),
    ],
)
def test_other_packages_are_told_where_they_matter(line: str, rule: str | None) -> None:
    outcome = migrate("requirements.txt", f"{line}\n")
    assert [one.rule for one in outcome.notes] == ([f"requirements/{rule}"] if rule else [])
    assert outcome.rewrites == ()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("requirements.txt", "keras" + " " * 200_000 + "x\\\n"),
        ("requirements.txt", "keras\\" + " " * 200_000 + "#\n"),
        ("environment.yml", "dependencies:\n - keras" + " " * 200_000 + "x\\\n"),
        ("environment.yml", "dependencies: [\n" * 20_000),
        ("requirements.txt", "git+a:" + "/a@" * 100_000 + "\n"),
    ],
    ids=["spaces", "spaces before a comment", "spaces in an environment", "brackets", "parts of an address"],
)
def test_a_line_of_any_length_comes_to_an_end(name: str, line: str) -> None:
    # Were each of the spaces looked at once for each other, this would take an hour.
    assert migrate(name, line) == Outcome(line.encode())


def test_what_comes_with_its_hash_stays_and_is_told() -> None:
    text = "keras==2.2.4 --hash=sha256:aa\ntensorflow==1.13.1 --hash=sha256:bb\n"
    outcome = migrate("requirements.txt", text)
    assert (outcome.content, [one.location.line for one in outcome.notes]) == (text.encode(), [1, 2])


def test_a_byte_order_mark_hides_nothing() -> None:
    outcome = migrate("requirements.txt", "\xef\xbb\xbfkeras==2.2.4\nnumpy\n")
    assert outcome.content == b"\xef\xbb\xbftensorflow==2.9.0\nnumpy\n"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_what_a_shell_of_windows_wrote_is_left_and_told(encoding: str) -> None:
    content = "\ufeffnumpy\nkeras==2.2.4\n".encode(encoding)
    path = PurePosixPath("requirements.txt")
    outcome = dispatch.migrate(path, content, Outcome, "2.9.0")
    assert (dispatch.mentions_keras(path, content), outcome.content, outcome.error) == (True, content, "it is UTF-16")


CONDA = """\
name: old
dependencies:
  - python=3.6
  - conda-forge::keras=2.2.4=py36_0
  - tensorflow=1.13
  - pip:
    - keras==2.2.4
"""


def test_keras_leaves_the_lists_of_an_environment() -> None:
    outcome = migrate("environment.yml", CONDA)
    kept = [line for line in CONDA.splitlines(keepends=True) if "keras" not in line]
    assert outcome.content.decode() == "".join([*kept, "    - keras==2.2.4\n"])  # the only item of its list
    told = [(one.rule, one.location.line) for one in outcome.notes]
    assert told == [("requirements/tensorflow", 5), ("requirements/keras", 7)]


def test_lists_in_brackets_are_told_and_stay() -> None:
    text = "dependencies: [keras, 'keras-vis',  # keras\n  conda-forge::keras=2.2, {pip: x}]\n"
    outcome = migrate("environment.yml", text)
    assert outcome.content == text.encode()
    assert [(one.rule, one.location.line, one.location.column) for one in outcome.notes] == [
        ("requirements/keras", 1, 16),
        ("requirements/imports-keras", 1, 24),
        ("requirements/keras", 2, 3),
    ]


def test_a_list_in_brackets_for_pip_is_told() -> None:
    text = "dependencies:\n  - python\n  - pip: [keras==2.2.4, numpy]\nname: [keras]\n"
    assert [one.location.line for one in migrate("environment.yml", text).notes] == [3]


DECLARED = {
    "setup.py": ("import setuptools\nsetup(name='keras', keywords=['keras'], install_requires=['keras>=2.0'])\n", 2),
    "pkg/setup.py": ("NEEDED = [\n    'numpy',\n    'Keras==2.2.4',\n]\n", 3),
    "setup.cfg": ("[metadata]\nname = keras\n\n[options]\ninstall_requires =\n    numpy\n    keras==2.2.4\n", 7),
    "tox.ini": ("[testenv]\ndeps =\n    old: keras==2.2.4\n", 3),
    "pyproject.toml": ('[project]\nkeywords = ["keras"]\ndependencies = [\n  "numpy",\n  "keras==2.2.4",\n]\n', 5),
    "Pipfile": ('[packages]\nkeras = "==2.2.4"\n', 2),
}


@pytest.mark.parametrize(("name", "text", "line"), [(name, *rest) for name, rest in DECLARED.items()], ids=DECLARED)
def test_what_a_project_declares_is_told(name: str, text: str, line: int) -> None:
    outcome = migrate(name, text)
    assert outcome.content == text.encode()
    assert [(one.rule, one.location.line) for one in outcome.notes] == [("requirements/keras", line)]


def test_poetry_is_read() -> None:
    text = '[tool.poetry]\nname = "keras"\n\n[tool.poetry.dependencies]\nkeras = "^2.2"\n'
    assert [one.location.line for one in migrate("pyproject.toml", text).notes] == [5]


COMMANDS = {
    "Dockerfile": "FROM a\n# pip install keras==2.0\nRUN pip install \\\n    numpy \\\n    keras==2.2.4 && rm keras\n",
    ".travis.yml": 'install:\n- pip install a\n- pip install -q\\\n  numpy\n- conda install "keras>=2" theano\n',
    ".github/workflows/test.yml": "jobs:\n  a:\n    steps:\n\n      - run: pip3 install keras\n",
    "Dockerfile.git": "\n\n\n\nRUN pip install numpy git+https://github.com/keras-team/keras.git\n",
    "scripts/setup.sh": "\n\n\ncd keras\npip2.7 install Keras==1.2.2; python -m keras\n",
}


@pytest.mark.parametrize(("name", "text"), COMMANDS.items())
def test_commands_that_install_it_are_told(name: str, text: str) -> None:
    assert [(one.rule, one.location.line) for one in migrate(name, text).notes] == [("requirements/keras", 5)]


@pytest.mark.parametrize(
    "name", ["notes.txt", "envkit.yaml", "docs/keras.md", "train.py", "config.yaml", "data/freqs.txt", "env_tags.yml"]
)
def test_other_files_are_none_of_its_business(name: str) -> None:
    outcome = migrate(name, "keras==2.2.4\npip install keras\n- keras\n")
    assert (outcome.rewrites, outcome.notes) == ((), ())


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements3.txt", "dev-requirements.in", "a/requirements_gpu.txt", "reqs/a.txt"]
)
def test_files_of_requirements_are_known_by_their_names(name: str) -> None:
    assert migrate(name, "keras\ntensorflow\n").content == b"tensorflow\n"


@pytest.mark.parametrize(("release", "served"), [("2.9.0", "2.9.0"), ("2.15.0", "2.15.0"), ("2.16.1", "3.3.3")])
def test_the_keras_that_a_release_brings_is_known(release: str, served: str) -> None:
    path = PurePosixPath("requirements.txt")
    assert requirements.migrate(path, f"keras=={served}\n".encode(), release).rewrites == ()
    assert requirements.migrate(path, b"keras==2.2.4\n", release).content == f"tensorflow=={release}\n".encode()


def migrate(name: str, text: str) -> Outcome:
    return requirements.migrate(PurePosixPath(name), text.encode("latin-1"), "2.9.0")


NAMED = [
    ("requirements.txt", "tensorflow==1.14\n", "tensorflow"),
    ("requirements.txt", "TensorFlow-GPU==1.3\n", "tensorflow"),
    ("requirements.txt", "tf_nightly==1.3\n", "tensorflow"),
    ("requirements.txt", "hyperas==0.4\n", "imports-keras"),
    ("requirements.txt", "segmentation_models\n", "imports-keras"),
    ("environment.yml", "dependencies:\n - tensorflow=1.14\n", "tensorflow"),
    ("setup.py", "setup(install_requires=['tensorflow==1.14'])\n", "tensorflow"),
    ("Dockerfile", "RUN pip install tensorflow==1.14\n", "tensorflow"),
    ("pyproject.toml", "[project]\ndependencies = ['tensorflow==1.14']\n", "tensorflow"),
]


@pytest.mark.parametrize(("name", "text", "rule"), NAMED)
def test_what_is_told_stays_so_when_keras_is_gone(name: str, text: str, rule: str) -> None:
    path = PurePosixPath(name)
    assert dispatch.mentions_keras(path, text.encode())
    assert [one.rule for one in migrate(name, text).notes] == [f"requirements/{rule}"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "numpy\n"),
        ("a.py", "import tensorflow\n"),
        ("Dockerfile", "RUN pip install numpy\n"),
        ("requirements.txt", "\ufefftensorflow".encode("utf-16-le").decode("latin-1")),
        ("notes.txt", "tensorflow"),
    ],
)
def test_what_says_nothing_of_keras_or_tensorflow_is_not_read(name: str, text: str) -> None:
    assert not dispatch.mentions_keras(PurePosixPath(name), text.encode("latin-1"))
