"""Run the unit tests of public checkouts, unchanged and migrated, with the TensorFlow in envkit's image."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.clock import BenchmarkError
from envkit.backends.docker import tar as tar_

if TYPE_CHECKING:
    import docker
    from docker.models.containers import Container

PYTHON = "/opt/tensorflow/bin/python"
PYTHON_VERSION = "3.9"
CACHE = Path(__file__).resolve().parents[2] / ".cache/bench-migrate"
GUEST = Path(__file__).parent / "guest/find_missing.py"
COUNT = re.compile(r"(\d+) (passed|failed|errors?|skipped)")
LIMIT_S = 900


@dataclass(frozen=True, slots=True)
class Suite:
    """Test suite of one checkout.

    Attributes:
        checkout: Folder of the checkout.
        paths: Arguments for pytest.
        passes: Minimum number of passed tests after the migration.
        packages: Additional packages that the image does not have.
    """

    checkout: str
    paths: tuple[str, ...]
    passes: int
    packages: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the repository, `owner/name`."""
        return self.checkout.replace("+", "/")


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """Test counts by outcome, before and after the migration."""

    name: str
    before: dict[str, int]
    after: dict[str, int]
    passes: int

    @property
    def holds(self) -> bool:
        """Whether enough tests pass."""
        return self.after.get("passed", 0) >= self.passes


SUITES = (
    Suite("CyberZHG+keras-self-attention", ("tests",), 6),
    Suite("broadinstitute+keras-resnet", ("tests",), 6),
    Suite(
        "divamgupta+image-segmentation-keras",
        ("test/test_models.py", "test/unit"),
        14,
        (
            "opencv-python-headless==4.5.5.64",
            "tqdm",
            "imgaug==0.4.0",
            "imageio<2.28",
            "scikit-image<0.20",
            "six",
            "matplotlib<3.8",
            "shapely",
            "networkx",
            "pywavelets",
            "tifffile<2023",
            "scipy<1.11",
            "pillow",
            "zipp",
            "python-dateutil",
            "contourpy",
            "cycler",
            "kiwisolver",
            "fonttools",
            "pyparsing",
            "importlib-resources",
        ),
    ),
)


def run(engine: docker.DockerClient, image: str, before: Path, after: Path) -> list[SuiteResult]:
    """Run the suites of all available checkouts.

    Raises:
        BenchmarkError: If pytest could not be installed or printed no counts.
    """
    suites = [suite for suite in SUITES if (before / suite.checkout).is_dir()]
    return [
        SuiteResult(
            suite.name, _run_tests(engine, image, before, suite), _run_tests(engine, image, after, suite), suite.passes
        )
        for suite in suites
    ]


def run_guest(
    engine: docker.DockerClient, image: str, queries: dict[str, list[Any]], script: Path = GUEST
) -> dict[str, list[Any]]:
    """Run a script with the real TensorFlow, by default to find missing imports and names; return its JSON output."""
    argv = [PYTHON, "/tmp/script.py", "/tmp/queries.json"]  # noqa: S108 - in the container
    container = _create_container(engine, image, argv)
    try:
        contents = {"script.py": script.read_bytes(), "queries.json": json.dumps(queries).encode()}
        _put_files(container, "/tmp", contents)  # noqa: S108
        result: dict[str, list[Any]] = json.loads(_output(container).splitlines()[-1])
        return result
    finally:
        container.remove(force=True)


def _run_tests(engine: docker.DockerClient, image: str, tree: Path, suite: Suite) -> dict[str, int]:
    folders = [_fetch_packages("pytest", ("pytest>=8.4,<9",), with_dependencies=True)]
    if suite.packages:
        folders.append(_fetch_packages(suite.checkout, suite.packages, with_dependencies=False))
    argv = [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--continue-on-collection-errors", *suite.paths]
    path = ":".join(["/home/dev/tree", *(f"/home/dev/{folder.name}" for folder in folders)])
    container = _create_container(engine, image, argv, workdir="/home/dev/tree", PYTHONPATH=path, MPLBACKEND="agg")
    try:
        for folder, name in [(tree / suite.checkout, "tree"), *((folder, folder.name) for folder in folders)]:
            _put_tree(container, folder, name)
        output = _output(container)
    finally:
        container.remove(force=True)
    counts = {
        outcome.removesuffix("s") if outcome == "errors" else outcome: int(number)
        for number, outcome in COUNT.findall(output.strip().rpartition("\n")[2])
    }
    if not counts:
        raise BenchmarkError(f"the tests of {suite.name} printed no counts\n{output[-2000:]}")
    return counts


def _fetch_packages(name: str, requirements: tuple[str, ...], *, with_dependencies: bool) -> Path:
    """Download packages for the image's Python; an existing folder is reused."""
    folder = CACHE / name.replace("+", "-")
    if not folder.is_dir():
        argv = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--target",
            str(folder),
            "--only-binary=:all:",
            "--python-version",
            PYTHON_VERSION,
            *requirements,
        ]
        completed = subprocess.run(
            [*argv, *([] if with_dependencies else ["--no-deps"])], capture_output=True, text=True, check=False
        )
        if completed.returncode:
            raise BenchmarkError(f"pip could not download {' '.join(requirements)}\n{completed.stderr[-1000:]}")
    return folder


def _create_container(
    engine: docker.DockerClient, image: str, argv: list[str], workdir: str = "/", **env: str
) -> Container:
    return engine.containers.create(
        image,
        argv[1:],
        entrypoint=argv[0],
        network_mode="none",
        user="0",
        working_dir=workdir,
        environment={"TF_CPP_MIN_LOG_LEVEL": "3", "HOME": "/home/dev", **env},
    )


def _put_tree(container: Container, folder: Path, name: str) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.add(folder, arcname=name)
    container.put_archive("/home/dev", buffer.getvalue())


def _put_files(container: Container, folder: str, contents: dict[str, bytes]) -> None:
    container.put_archive(folder, tar_.pack_files(contents))


def _output(container: Container) -> str:
    container.start()
    status = container.wait(timeout=LIMIT_S)
    output: str = container.logs(stdout=True, stderr=False).decode(errors="replace")
    code = status["StatusCode"]
    if code > 1:  # 1: tests failed, which is counted
        raise BenchmarkError(
            f"the container exited with code {code}\n{container.logs().decode(errors='replace')[-2000:]}"
        )
    return output
