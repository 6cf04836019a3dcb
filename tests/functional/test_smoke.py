"""The smoke test of images: a good image passes, and a broken one fails with the right finding."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import docker.errors
import pytest

from tests.support import foreign_images
from tests.support.envkit_process import wait_for_exit
from tests.support.fake_driver import compiled
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import docker

    from tests.functional.conftest import SharedEnvironment
    from tests.support.account import User
    from tests.support.workspaces import Envkit

TIMEOUT_S = 420
SITE = "/opt/tensorflow/lib/python3.9/site-packages"
STUBS = "/usr/local/cuda/lib64/stubs"
# Scripts that root runs in the image to break it, and the checks that must fail; all others must not.
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
    "protobuf 4": (PROTOBUF, {"tensorflow/import-failed"}),  # TensorFlow 2.9.0 declares no upper bound
    "numpy 2": (NUMPY, {"tensorflow/import-failed"}),
    "a missing package": (f"rm -rf {SITE}/wrapt*", {"image/packages", "tensorflow/import-failed"}),
    "no TensorFlow": (f"rm -rf {SITE}/tensorflow {SITE}/tensorflow_cpu-*", {"tensorflow/missing", "image/packages"}),
    "no Jupyter": ("rm -f /opt/*/bin/jupyter* /usr/local/bin/jupyter*", {"image/jupyter"}),
    "no Keras": (f"rm -rf {SITE}/keras {SITE}/keras-*", {"image/packages", "keras/data"}),
    "a broken server": ("rm -rf /opt/jupyter/lib/python3*/site-packages/jupyter_core", {"image/jupyter"}),
    "no SSH server": ("rm -f /usr/sbin/sshd", {"image/ssh"}),
    "no zlib": ("rm -f /lib/x86_64-linux-gnu/libz.so*", {"image/python"}),
    "a libcuda stub": (STUB, {"gpu/libcuda-stub"}),
}
WRONG_LABEL = "envkit:2.15.1-cpu-tested"


@pytest.fixture(scope="module")
def images(engine: docker.DockerClient, shared_env: SharedEnvironment, run_folder: Path) -> Iterator[dict[str, str]]:
    """Yield images by fault; `good` is the image of the shared environment under another tag."""
    environment_image = engine.images.get(shared_env.container.attrs["Image"])
    refs = {"good": "envkit:2.9.0-cpu-tested", "wrong label": WRONG_LABEL}
    for ref in refs.values():
        assert environment_image.tag(ref)
    stub = compiled(run_folder, "cuda.c", "libcuda.so.1").read_bytes()
    for number, (fault, (script, _)) in enumerate(BREAKS.items()):
        dockerfile = f"FROM {refs['good']}\nUSER 0\nCOPY libcuda.so.1 /\nRUN {script}\nUSER 1000:1000\n"
        files: dict[str, str | bytes] = {"Dockerfile": dockerfile, "libcuda.so.1": stub}
        refs[fault] = foreign_images.build(engine, f"envkit:2.9.0-cpu-broken{number}", files)
    yield refs
    for ref in refs.values():
        engine.images.remove(ref, force=True)


@pytest.fixture(scope="module")
def smoke_run(images: dict[str, str], run_envkit: Envkit, user: User) -> tuple[dict[str, dict[str, Any]], Path]:
    """Return the results of one run on all images, by fault, and its JUnit file."""
    junit = user.home / "smoke.xml"
    smoke = run_envkit(
        ["smoke", *images.values(), "--jobs", "2", "--format", "json", "--junit", junit],
        timeout_s=TIMEOUT_S,
    )
    assert smoke.code == 1, str(smoke)
    results = {result["subject"]: result for result in json.loads(smoke.out)["result"]["results"]}
    return {fault: results[ref] for fault, ref in images.items()}, junit


def failed_checks(result: dict[str, Any]) -> set[str]:
    return {finding["check"] for finding in result["findings"] if finding["status"] == "failed"}


@pytest.mark.proves("`smoke` trains, saves and exports a model in an image, and reports what fails", "real")
def test_good_image_passes_every_check(smoke_run: tuple[dict[str, dict[str, Any]], Path]) -> None:
    result = smoke_run[0]["good"]
    passed = {finding["check"] for finding in result["findings"] if finding["status"] == "passed"}
    assert (result["exit_code"], failed_checks(result)) == (0, set())
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


@pytest.mark.proves("a broken image fails with the finding that names the fault", "real")
def test_broken_image_fails_with_the_matching_finding(smoke_run: tuple[dict[str, dict[str, Any]], Path]) -> None:
    for fault, (_, expected) in BREAKS.items():
        result = smoke_run[0][fault]
        assert (failed_checks(result), result["exit_code"]) == (expected, 1), fault


def test_wrong_label_is_reported(smoke_run: tuple[dict[str, dict[str, Any]], Path]) -> None:
    result = smoke_run[0]["wrong label"]
    (label,) = [finding for finding in result["findings"] if finding["check"] == "image/label"]
    assert failed_checks(result) == {"image/label"}
    assert label["detail"] == "the tag names TensorFlow 2.15.1, but the image has 2.9.0"


def test_junit_file_has_one_suite_per_image(
    smoke_run: tuple[dict[str, dict[str, Any]], Path], images: dict[str, str]
) -> None:
    suites = ElementTree.parse(smoke_run[1]).getroot()  # noqa: S314
    assert [suite.get("name") for suite in suites] == [f"envkit smoke {ref}" for ref in images.values()]
    broken = next(suite for suite in suites if suite.get("name") == f"envkit smoke {WRONG_LABEL}")
    assert broken.get("failures") == "1"


@pytest.mark.usefixtures("shared_env")
def test_missing_image_and_missing_python_are_findings(run_envkit: Envkit) -> None:
    for ref, code, check in (("envkit-no-such:1", 3, "image/runs"), ("envkit-base:bookworm", 1, "image/python")):
        smoke = run_envkit(["smoke", ref, "--format", "json"], timeout_s=TIMEOUT_S)
        (result,) = json.loads(smoke.out)["result"]["results"]
        assert (smoke.code, check in failed_checks(result), "Traceback" in smoke.err) == (code, True, False), str(smoke)


def test_missing_expected_gpu_has_its_own_exit_code(images: dict[str, str], run_envkit: Envkit) -> None:
    smoke = run_envkit(["smoke", images["no TensorFlow"], "--expect", "gpu"], timeout_s=TIMEOUT_S)
    assert smoke.code == 5, str(smoke)


# Programs that replace Python, as a hostile image could have them, and a part of the verdict.
HOSTILE: dict[str, tuple[str, str]] = {
    "hangs": ("#!/bin/sh\ntrap '' TERM\nsleep 600 & wait\n", "was stopped"),
    "floods": ("#!/bin/sh\nexec cat /dev/zero\n", "was stopped"),
    "dies": ("#!/bin/sh\nexit 3\n", "failed"),
}


@pytest.mark.parametrize("behaviour", HOSTILE)
def test_hostile_image_fails_in_time_and_leaves_nothing(
    behaviour: str, engine: docker.DockerClient, images: dict[str, str], run_envkit: Envkit, user: User
) -> None:
    program, outcome = HOSTILE[behaviour]
    ref = build_with_python(engine, images["good"], "envkit-tested:hostile", program)
    try:
        smoke = run_envkit(["smoke", ref, "--timeout", "1", "--format", "json"], timeout_s=TIMEOUT_S)
        (result,) = json.loads(smoke.out)["result"]["results"]
        assert (smoke.code, failed_checks(result)) == (1, {"tensorflow/silent"}), str(smoke)
        assert outcome in result["verdict"]
    finally:
        engine.images.remove(ref, force=True)
    assert smoke_containers(engine, user) == []


def build_with_python(engine: docker.DockerClient, base: str, ref: str, program: str) -> str:
    """Build an image with another program in place of Python."""
    dockerfile = f"FROM {base}\nUSER 0\nCOPY python /usr/local/sbin/python\nENV PATH=/usr/local/sbin:$PATH\n"
    return foreign_images.build(engine, ref, {"Dockerfile": dockerfile, "python": program})


def smoke_containers(engine: docker.DockerClient, user: User) -> list[str]:
    name = f"envkit-{user.uid}-smoke"
    return [
        str(container.name)
        for container in engine.containers.list(all=True, filters={"name": name}, ignore_removed=True)
    ]


@pytest.fixture
def hanging_image(engine: docker.DockerClient, images: dict[str, str]) -> Iterator[str]:
    """Yield an image whose Python never exits."""
    ref = build_with_python(engine, images["good"], "envkit-tested:hangs", HOSTILE["hangs"][0])
    yield ref
    engine.images.remove(ref, force=True)


def test_interrupt_ends_all_tests_and_their_containers(
    hanging_image: str, engine: docker.DockerClient, run_envkit: Envkit, user: User
) -> None:
    with run_envkit.start(["smoke", hanging_image, hanging_image, "--jobs", "2", "--quiet"]) as process:
        wait_until(lambda: len(smoke_containers(engine, user)) == 2, "both tests run")
        process.send_signal(signal.SIGINT)
        result = wait_for_exit(process)
    assert result.code == 130, str(result)
    assert smoke_containers(engine, user) == []


def test_containers_of_a_killed_run_are_removed_by_the_next(
    hanging_image: str, engine: docker.DockerClient, run_envkit: Envkit, user: User
) -> None:
    with run_envkit.start(["smoke", hanging_image, "--quiet"]) as process:
        wait_until(lambda: smoke_containers(engine, user), "the test runs")
        process.kill()
    smoke = run_envkit(["smoke", "envkit-no-such:1"], timeout_s=TIMEOUT_S)
    assert (smoke.code, smoke_containers(engine, user)) == (3, [])
