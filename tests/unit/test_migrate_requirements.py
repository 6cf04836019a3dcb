"""Pins of Keras: removed if TensorFlow includes Keras, reported if the user must decide."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from envkit.migrate import dispatch, requirements
from envkit.migrate.outcome import Kind, Outcome

REWRITTEN = {
    "next to TensorFlow": ("numpy\nkeras==2.2.4\ntensorflow==2.9.0\n", "numpy\ntensorflow==2.9.0\n"),
    "replaced by TensorFlow": ("numpy\nKeras==2.3.1\n", "numpy\ntensorflow==2.9.0\n"),
    "without a version": ("keras\ntensorflow\n", "tensorflow\n"),
    "open upper bound": ("keras>=2.0\ntensorflow\n", "tensorflow\n"),
    "comment is kept": ("keras~=2.2  # for the demo\ntensorflow\n", "# for the demo\ntensorflow\n"),
    "twice": ("keras\nkeras-gpu\n", "tensorflow==2.9.0\n"),
    "line endings are kept": ("a\r\nkeras\r\ntensorflow\r\n", "a\r\ntensorflow\r\n"),
    "no final newline": ("tensorflow\nkeras", "tensorflow\n"),
    "replaced without a final newline": ("a\nkeras", "a\ntensorflow==2.9.0"),
    "invalid UTF-8": ("# caf\xe9\nkeras\ntensorflow\n", "# caf\xe9\ntensorflow\n"),
}


@pytest.mark.proves("a remaining pin of Keras is removed or reported", "real")
def test_keras_is_removed_from_requirements() -> None:
    for case, (before, after) in REWRITTEN.items():
        outcome = migrate("requirements.txt", before)
        assert outcome.content == after.encode("latin-1"), case
        assert {rewrite.rule for rewrite in outcome.rewrites} == {"requirements/keras"}, case
        assert migrate("requirements.txt", after).rewrites == (), case


UNCHANGED = {
    "suppressed": "keras  # envkit: ignore\nkeras-vis # envkit: ignore[requirements/imports-keras]\n",
    "Keras of the release": "keras==2.9.0\n",
    "patch releases": "keras>=2.9,<2.10\ntensorflow==2.9.*\n",
    "other packages": "keras-tuner\ntf-keras-vis\nmykeras==1\n# keras==2.2.4\n-r keras.txt\n",
    "other repositories": "git+https://github.com/me/keras-mine.git\ngit+https://github.com/keras-team/keras-tuner\n",
    "options": "--find-links https://example.org/keras\n",
}


def test_valid_requirements_are_unchanged_without_notes() -> None:
    for case, text in UNCHANGED.items():
        outcome = migrate("requirements.txt", text)
        assert (outcome.content, outcome.rewrites, outcome.notes) == (text.encode(), (), ()), case


REPORTED = {
    "marker": "keras==2.2.4; python_version < '3.8'\ntensorflow\n",
    "URL": "keras @ https://example.org/keras.zip\ntensorflow\n",
    "repository": "git+https://github.com/keras-team/keras.git@2.2.4#egg=keras\ntensorflow\n",
    "editable": "-e git+ssh://git@github.com/keras-team/keras\ntensorflow\n",
    "hashes": "keras==2.2.4 \\\n    --hash=sha256:0\ntensorflow\n",
    "TensorFlow may be in another file": "-r base.txt\nkeras==2.2.4\n",
}


def test_ambiguous_requirements_are_only_reported() -> None:
    for case, text in REPORTED.items():
        outcome = migrate("requirements/train.txt", text)
        assert outcome.content == text.encode(), case
        assert [(note.rule, note.kind) for note in outcome.notes] == [("requirements/keras", Kind.REQUIREMENT)], case


def test_other_relevant_packages_are_reported() -> None:
    for line, rule in (
        ("git+https://example.org/x#egg=keras", None),
        ("keras-contrib", "imports-keras"),
        ("keras_vis==0.4", "imports-keras"),
        ("keras-applications==1.0.8", "keras-applications"),
        ("keras-preprocessing==1.0.5", "keras-preprocessing"),
        ("keras-preprocessing>=1.0.5", None),
        ("tensorflow-gpu==1.13.1", "tensorflow"),
        ("tensorflow>=1.15", None),
        ("tensorflow", None),
    ):
        outcome = migrate("requirements.txt", f"{line}\n")
        assert [note.rule for note in outcome.notes] == ([f"requirements/{rule}"] if rule else []), line
        assert outcome.rewrites == (), line


def test_long_lines_take_linear_time() -> None:
    # With quadratic time, this would take an hour.
    for case, name, line in (
        ("spaces", "requirements.txt", "keras" + " " * 200_000 + "x\\\n"),
        ("spaces before a comment", "requirements.txt", "keras\\" + " " * 200_000 + "#\n"),
        ("spaces in an environment", "environment.yml", "dependencies:\n - keras" + " " * 200_000 + "x\\\n"),
        ("brackets", "environment.yml", "dependencies: [\n" * 20_000),
        ("parts of a URL", "requirements.txt", "git+a:" + "/a@" * 100_000 + "\n"),
    ):
        assert migrate(name, line) == Outcome(line.encode()), case


def test_requirements_with_hashes_are_only_reported() -> None:
    text = "keras==2.2.4 --hash=sha256:aa\ntensorflow==1.13.1 --hash=sha256:bb\n"
    outcome = migrate("requirements.txt", text)
    assert (outcome.content, [note.location.line for note in outcome.notes]) == (text.encode(), [1, 2])


def test_byte_order_mark_is_kept() -> None:
    outcome = migrate("requirements.txt", "\xef\xbb\xbfkeras==2.2.4\nnumpy\n")
    assert outcome.content == b"\xef\xbb\xbftensorflow==2.9.0\nnumpy\n"


def test_utf_16_file_is_reported() -> None:
    path = PurePosixPath("requirements.txt")
    for encoding in ("utf-16-le", "utf-16-be"):
        content = "\ufeffnumpy\nkeras==2.2.4\n".encode(encoding)
        outcome = dispatch.migrate(path, content, Outcome, "2.9.0")
        assert dispatch.mentions_keras(path, content), encoding
        assert (outcome.content, outcome.error) == (content, "the file is UTF-16"), encoding


CONDA = """\
name: old
dependencies:
  - python=3.6
  - conda-forge::keras=2.2.4=py36_0
  - tensorflow=1.13
  - pip:
    - keras==2.2.4
"""


def test_keras_is_removed_from_a_conda_environment() -> None:
    outcome = migrate("environment.yml", CONDA)
    other_lines = [line for line in CONDA.splitlines(keepends=True) if "keras" not in line]
    assert outcome.content.decode() == "".join([*other_lines, "    - keras==2.2.4\n"])  # the only item of its list
    notes = [(note.rule, note.location.line) for note in outcome.notes]
    assert notes == [("requirements/tensorflow", 5), ("requirements/keras", 7)]


def test_flow_lists_are_only_reported() -> None:
    text = "dependencies: [keras, 'keras-vis',  # keras\n  conda-forge::keras=2.2, {pip: x}]\n"
    outcome = migrate("environment.yml", text)
    assert outcome.content == text.encode()
    assert [(note.rule, note.location.line, note.location.column) for note in outcome.notes] == [
        ("requirements/keras", 1, 16),
        ("requirements/imports-keras", 1, 24),
        ("requirements/keras", 2, 3),
    ]


def test_flow_list_for_pip_is_reported() -> None:
    text = "dependencies:\n  - python\n  - pip: [keras==2.2.4, numpy]\nname: [keras]\n"
    assert [note.location.line for note in migrate("environment.yml", text).notes] == [3]


DECLARED = {
    "setup.py": ("import setuptools\nsetup(name='keras', keywords=['keras'], install_requires=['keras>=2.0'])\n", 2),
    "pkg/setup.py": ("NEEDED = [\n    'numpy',\n    'Keras==2.2.4',\n]\n", 3),
    "setup.cfg": ("[metadata]\nname = keras\n\n[options]\ninstall_requires =\n    numpy\n    keras==2.2.4\n", 7),
    "tox.ini": ("[testenv]\ndeps =\n    old: keras==2.2.4\n", 3),
    "pyproject.toml": ('[project]\nkeywords = ["keras"]\ndependencies = [\n  "numpy",\n  "keras==2.2.4",\n]\n', 5),
    "Pipfile": ('[packages]\nkeras = "==2.2.4"\n', 2),
}


def test_requirements_in_project_metadata_are_reported() -> None:
    for name, (text, line) in DECLARED.items():
        outcome = migrate(name, text)
        assert outcome.content == text.encode(), name
        assert [(note.rule, note.location.line) for note in outcome.notes] == [("requirements/keras", line)], name


def test_poetry_dependencies_are_reported() -> None:
    text = '[tool.poetry]\nname = "keras"\n\n[tool.poetry.dependencies]\nkeras = "^2.2"\n'
    assert [note.location.line for note in migrate("pyproject.toml", text).notes] == [5]


COMMANDS = {
    "Dockerfile": "FROM a\n# pip install keras==2.0\nRUN pip install \\\n    numpy \\\n    keras==2.2.4 && rm keras\n",
    ".travis.yml": 'install:\n- pip install a\n- pip install -q\\\n  numpy\n- conda install "keras>=2" theano\n',
    ".github/workflows/test.yml": "jobs:\n  a:\n    steps:\n\n      - run: pip3 install keras\n",
    "Dockerfile.git": "\n\n\n\nRUN pip install numpy git+https://github.com/keras-team/keras.git\n",
    "scripts/setup.sh": "\n\n\ncd keras\npip2.7 install Keras==1.2.2; python -m keras\n",
}


def test_install_commands_are_reported() -> None:
    for name, text in COMMANDS.items():
        notes = [(note.rule, note.location.line) for note in migrate(name, text).notes]
        assert notes == [("requirements/keras", 5)], name


def test_other_files_are_ignored() -> None:
    for name in (
        "notes.txt",
        "envkit.yaml",
        "docs/keras.md",
        "train.py",
        "config.yaml",
        "data/freqs.txt",
        "env_tags.yml",
    ):
        outcome = migrate(name, "keras==2.2.4\npip install keras\n- keras\n")
        assert (outcome.rewrites, outcome.notes) == ((), ()), name


def test_requirements_files_are_recognized_by_name() -> None:
    for name in (
        "requirements.txt",
        "requirements3.txt",
        "dev-requirements.in",
        "a/requirements_gpu.txt",
        "reqs/a.txt",
    ):
        assert migrate(name, "keras\ntensorflow\n").content == b"tensorflow\n", name


def test_keras_included_in_a_release_is_accepted() -> None:
    path = PurePosixPath("requirements.txt")
    for release, keras in (("2.9.0", "2.9.0"), ("2.15.0", "2.15.0"), ("2.16.1", "3.3.3")):
        assert requirements.migrate(path, f"keras=={keras}\n".encode(), release).rewrites == (), release
        assert requirements.migrate(path, b"keras==2.2.4\n", release).content == f"tensorflow=={release}\n".encode()


def migrate(name: str, text: str) -> Outcome:
    return requirements.migrate(PurePosixPath(name), text.encode("latin-1"), "2.9.0")


WITHOUT_KERAS = [
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


def test_packages_are_reported_in_files_without_keras() -> None:
    for name, text, rule in WITHOUT_KERAS:
        assert dispatch.mentions_keras(PurePosixPath(name), text.encode()), text
        assert [note.rule for note in migrate(name, text).notes] == [f"requirements/{rule}"], text


def test_irrelevant_files_are_filtered_out() -> None:
    for name, text in (
        ("requirements.txt", "numpy\n"),
        ("a.py", "import tensorflow\n"),
        ("Dockerfile", "RUN pip install numpy\n"),
        ("requirements.txt", "\ufefftensorflow".encode("utf-16-le").decode("latin-1")),
        ("notes.txt", "tensorflow"),
    ):
        assert not dispatch.mentions_keras(PurePosixPath(name), text.encode("latin-1")), (name, text)


IMAGES = {
    ("Dockerfile", "FROM tensorflow/tensorflow:1.15.0-gpu-py3-jupyter\n"): 1,
    ("Dockerfile", "FROM --platform=linux/amd64 docker.io/tensorflow/tensorflow:2.3.1 AS base\n"): 1,
    ("gpu.dockerfile", "ARG TF=1.14.0\nFROM tensorflow/tensorflow:${TF}-gpu\n"): 2,
    ("Dockerfile", "FROM tensorflow/tensorflow:${TF:-1.15.2}\n"): 1,
    ("docker-compose.yml", "services:\n  a:\n    image: tensorflow/tensorflow:2.1.0\n"): 3,
    (".gitlab-ci.yml", "image: gcr.io/tensorflow/tensorflow:1.4.0\n"): 1,
    ("run.sh", "docker run -it tensorflow/tensorflow:1.15.5 bash\n"): 1,
    (".devcontainer/devcontainer.json", '{"image": "tensorflow/tensorflow:2.0.0"}\n'): 1,
}


def test_image_of_another_release_is_reported() -> None:
    for (name, text), line in IMAGES.items():
        (note,) = migrate(name, text).notes
        assert (note.rule, note.location.line) == ("requirements/tensorflow", line), name


def test_image_of_the_release_or_without_a_version_is_not_reported() -> None:
    for image in ("2.9.0", "2.9.0-gpu-jupyter", "latest", "latest-gpu", "nightly", "${GIVEN}", "devel"):
        assert migrate("Dockerfile", f"FROM tensorflow/tensorflow:{image}\n").notes == (), image
    for line in ("# FROM tensorflow/tensorflow:1.15.0", "FROM me/tensorflow/tensorflow-x:1.15.0", "FROM tensorflow:1"):
        assert migrate("Dockerfile", f"{line}\n").notes == (), line
