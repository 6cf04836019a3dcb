"""The smoke test of images: a good one passes, one that was broken on purpose fails with the right finding."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import docker.errors
import pytest

from tests.functional import foreign
from tests.functional.processes import wait_for_exit
from tests.functional.waiting import wait_until
from tests.guest.made_up import compiled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import docker

    from tests.functional.account import User
    from tests.functional.conftest import SharedEnvironment
    from tests.functional.workspaces import Envkit

TIMEOUT_S = 420
SITE = "/opt/tensorflow/lib/python3.9/site-packages"
STUBS = "/usr/local/cuda/lib64/stubs"
# What is done to the image, as root, and the checks that must notice: these fail, and no others.
PROTOBUF = f"""\
sed -i 's/^Version:.*/Version: 4.25.3/' {SITE}/protobuf-*.dist-info/METADATA && \
echo 'raise TypeError("Descriptors cannot be created directly.")' > {SITE}/google/protobuf/descriptor.py"""
NUMPY = f"""\
sed -i 's/^Version:.*/Version: 2.0.2/' {SITE}/numpy-*.dist-info/METADATA && \
echo 'raise ImportError("A module that was compiled using NumPy 1.x cannot be run in NumPy 2.0.2")' \
> {SITE}/numpy/__init__.py"""
STUB = f"""\
mkdir -p {STUBS} && mv /libcuda.so.1 {STUBS} && \
echo {STUBS} > /etc/ld.so.conf.d/z-cuda-stubs.conf && /sbin/ldconfig"""
BREAKS: dict[str, tuple[str, set[str]]] = {
    "protobuf 4": (PROTOBUF, {"tensorflow/import-failed"}),  # which TensorFlow 2.9.0 itself does not ask to be older
    "numpy 2": (NUMPY, {"tensorflow/import-failed"}),
    "a package that is missing": (f"rm -rf {SITE}/wrapt*", {"image/packages", "tensorflow/import-failed"}),
    "no TensorFlow": (f"rm -rf {SITE}/tensorflow {SITE}/tensorflow_cpu-*", {"tensorflow/missing"}),
    "no Jupyter": ("rm -f /opt/*/bin/jupyter* /usr/local/bin/jupyter*", {"image/jupyter"}),
    "a stub": (STUB, {"gpu/libcuda-stub"}),
}
WRONG_LABEL = "envkit:2.15.1-cpu-tried"


@pytest.fixture(scope="module")
def images(engine: docker.DockerClient, shared_env: SharedEnvironment, place: Path) -> Iterator[dict[str, str]]:
    """Yield images by what was done to them; `well` is the environment's own under a tag of ours."""
    own = engine.images.get(shared_env.container.attrs["Image"])
    made = {"well": "envkit:2.9.0-cpu-tried", "the wrong label": WRONG_LABEL}
    for ref in made.values():
        assert own.tag(ref)
    stub = compiled(place, "cuda.c", "libcuda.so.1").read_bytes()
    for number, (what, (script, _)) in enumerate(BREAKS.items()):
        dockerfile = f"FROM {made['well']}\nUSER 0\nCOPY libcuda.so.1 /\nRUN {script}\nUSER 1000:1000\n"
        files: dict[str, str | bytes] = {"Dockerfile": dockerfile, "libcuda.so.1": stub}
        made[what] = foreign.build(engine, f"envkit:2.9.0-cpu-broken{number}", files)
    yield made
    for ref in made.values():
        engine.images.remove(ref, force=True)


@pytest.fixture(scope="module")
def smoked(images: dict[str, str], run_envkit: Envkit, user: User) -> tuple[dict[str, dict[str, Any]], Path]:
    """Return what one run says of all of them, by image, and its JUnit file."""
    junit = user.home / "smoke.xml"
    done = run_envkit(
        ["smoke", *images.values(), "--jobs", "2", "--format", "json", "--junit", junit],
        timeout_s=TIMEOUT_S,
    )
    assert done.code == 1, str(done)
    told = json.loads(done.out)["result"]["results"]
    return {what: next(one for one in told if one["subject"] == ref) for what, ref in images.items()}, junit


def failing(tried: dict[str, Any]) -> set[str]:
    return {one["check"] for one in tried["findings"] if one["status"] == "failed"}


@pytest.mark.proves("`smoke` trains, saves and exports a model in an image, and says what fails", "real")
def test_a_good_image_does_what_a_developer_needs(smoked: tuple[dict[str, dict[str, Any]], Path]) -> None:
    tried = smoked[0]["well"]
    passed = {one["check"] for one in tried["findings"] if one["status"] == "passed"}
    assert (tried["exit_code"], failing(tried)) == (0, set())
    assert passed >= {
        "image/label",
        "image/packages",
        "image/jupyter",
        "tensorflow/computes",
        "keras/data",
        "keras/training",
        "keras/events",
        "keras/saved-model",
        "keras/hdf5",
        "keras/tflite",
    }


@pytest.mark.proves("an image that is broken fails with the finding that names it", "real")
@pytest.mark.parametrize("what", BREAKS)
def test_a_broken_image_fails_with_the_finding_that_names_it(
    what: str, smoked: tuple[dict[str, dict[str, Any]], Path]
) -> None:
    tried = smoked[0][what]
    assert failing(tried) == BREAKS[what][1]
    assert tried["exit_code"] == 1


def test_a_label_that_lies_is_told(smoked: tuple[dict[str, dict[str, Any]], Path]) -> None:
    tried = smoked[0]["the wrong label"]
    (label,) = [one for one in tried["findings"] if one["check"] == "image/label"]
    assert failing(tried) == {"image/label"}
    assert label["detail"] == "the tag names TensorFlow 2.15.1, but the image has 2.9.0"


def test_all_images_are_in_one_junit_file_a_suite_for_each(
    smoked: tuple[dict[str, dict[str, Any]], Path], images: dict[str, str]
) -> None:
    suites = ElementTree.parse(smoked[1]).getroot()  # noqa: S314
    assert [suite.get("name") for suite in suites] == [f"envkit smoke {ref}" for ref in images.values()]
    broken = next(suite for suite in suites if suite.get("name") == f"envkit smoke {WRONG_LABEL}")
    assert broken.get("failures") == "1"


@pytest.mark.parametrize(
    ("ref", "code", "says"),
    [
        ("envkit-no-such:1", 3, "is not here"),
        ("envkit-base:bookworm", 1, "image/python"),
    ],
)
def test_an_image_that_is_not_there_or_has_no_python_is_told(
    ref: str, code: int, says: str, run_envkit: Envkit, shared_env: SharedEnvironment
) -> None:
    done = run_envkit(["smoke", ref], timeout_s=TIMEOUT_S)
    assert (done.code, says in done.out, "Traceback" in done.err) == (code, True, False), str(done)


def test_a_gpu_that_was_expected_and_is_not_there_ends_with_its_own_code(
    images: dict[str, str], run_envkit: Envkit
) -> None:
    done = run_envkit(["smoke", images["no TensorFlow"], "--expect", "gpu"], timeout_s=TIMEOUT_S)
    assert done.code == 5, str(done)


# A program in the place of Python, with the looks answered as an image that nobody should trust would.
BAD: dict[str, tuple[str, str]] = {
    "hangs": ("#!/bin/sh\ntrap '' TERM\nsleep 600 & wait\n", "was stopped"),
    "floods": ("#!/bin/sh\nexec cat /dev/zero\n", "was stopped"),
    "dies": ("#!/bin/sh\nexit 3\n", "failed"),
}


@pytest.mark.parametrize("what", BAD)
def test_an_image_that_misbehaves_is_a_finding_within_its_time_and_leaves_nothing(
    what: str, engine: docker.DockerClient, images: dict[str, str], run_envkit: Envkit, user: User
) -> None:
    program, says = BAD[what]
    dockerfile = f"FROM {images['well']}\nUSER 0\nCOPY python /usr/local/sbin/python\nENV PATH=/usr/local/sbin:$PATH\n"
    files = {"Dockerfile": dockerfile, "python": program}
    ref = foreign.build(engine, "envkit-tried:bad", files)
    try:
        done = run_envkit(["smoke", ref, "--timeout", "1", "--format", "json"], timeout_s=TIMEOUT_S)
        told = json.loads(done.out)["result"]["results"][0]
        assert (done.code, failing(told)) == (1, {"tensorflow/silent"}), str(done)
        assert says in told["verdict"]
    finally:
        engine.images.remove(ref, force=True)
    assert of_ours(engine, user) == []


def of_ours(engine: docker.DockerClient, user: User) -> list[str]:
    found = engine.containers.list(all=True, filters={"name": f"envkit-{user.uid}-smoke"}, ignore_removed=True)
    return [str(one.name) for one in found]


@pytest.fixture
def hanging(engine: docker.DockerClient, images: dict[str, str]) -> Iterator[str]:
    """Yield an image whose Python never ends."""
    dockerfile = f"FROM {images['well']}\nUSER 0\nCOPY python /usr/local/sbin/python\nENV PATH=/usr/local/sbin:$PATH\n"
    ref = foreign.build(engine, "envkit-tried:hangs", {"Dockerfile": dockerfile, "python": BAD["hangs"][0]})
    yield ref
    engine.images.remove(ref, force=True)


def test_an_interrupt_waits_for_no_image_and_leaves_no_container(
    hanging: str, engine: docker.DockerClient, run_envkit: Envkit, user: User
) -> None:
    with run_envkit.start(["smoke", hanging, hanging, "--jobs", "2", "--quiet"]) as process:
        wait_until(lambda: len(of_ours(engine, user)) == 2, "both are tried")
        process.send_signal(signal.SIGINT)
        ran = wait_for_exit(process)
    assert ran.code == 130, str(ran)
    assert of_ours(engine, user) == []


def test_what_a_killed_test_left_is_taken_away_by_the_next(
    hanging: str, engine: docker.DockerClient, run_envkit: Envkit, user: User
) -> None:
    with run_envkit.start(["smoke", hanging, "--quiet"]) as process:
        wait_until(lambda: of_ours(engine, user), "it is tried")
        process.kill()
    done = run_envkit(["smoke", "envkit-no-such:1"], timeout_s=TIMEOUT_S)
    assert (done.code, of_ours(engine, user)) == (3, [])
