"""What is in an image decides how a workspace lies over it, or why none can: before anything is built."""

from __future__ import annotations

from dataclasses import replace

import pytest

from envkit import catalog, naming
from envkit.model.engine_state import ImageContents, ImageInfo
from envkit.model.image import Layout
from envkit.model.release import Suite
from envkit.resolve import base_layout
from envkit.resolve.base_layout import UnsuitableImage

IMAGE = ImageInfo("sha256:i", {}, system="linux", machine="amd64")
FOCAL = ImageContents(
    "Ubuntu 20.04.6 LTS",
    "focal",
    "apt-get",
    "glibc",
    "2.31",
    "3.8.10",
    "/usr/bin/python3.8",
    "2.9.0",
)
BARE = ImageContents("Debian GNU/Linux 12 (bookworm)", "bookworm", "apt-get", "glibc", "2.36")


def on(codename: str, **changes: str) -> ImageContents:
    return replace(BARE, codename=codename, **changes)


def laid(inside: ImageContents, tensorflow: str = "2.9.0", managed: str = "") -> Layout | UnsuitableImage:
    system = base_layout.detect_system(inside)
    assert isinstance(system, Suite)
    return base_layout.choose_layout(inside, system, catalog.release(tensorflow), python_mirror=managed)


def test_what_an_image_says_is_read_line_by_line() -> None:
    said = (
        "title=Ubuntu 20.04.6 LTS\ncodename=focal\nmanager=apt-get\nlibc=glibc\nlibc_version=2.31\n"
        "python=3.8.10\npython_path=/usr/bin/python3.8\ntensorflow=2.9.0\n"
    )
    assert base_layout.parse(said) == FOCAL


@pytest.mark.parametrize(
    "line",
    [
        "codename=focal; rm -rf /",
        "codename=../../etc",
        "codename=Focal",
        "libc=glibc2",
        "libc_version=2.31-ubuntu",
        "python=3.8",
        "python=3.8.10\x1b[2J",
        "python=\u0663.8.10",
        "python_path=python3",
        "python_path=/usr/bin/py thon",
        'python_path=/x"y',
        "tensorflow=2.9.0+own",
        "title=" + "x" * 201,
        "title=a\x1bb",
        "kind=official",
        "=",
        "",
        "noise",
    ],
)
def test_a_line_of_another_shape_counts_as_not_said(line: str) -> None:
    assert base_layout.parse(line) == ImageContents()


def test_of_two_lines_of_a_name_the_first_counts_as_the_look_says_each_once() -> None:
    assert base_layout.parse("codename=focal\ncodename=noble\n").codename == "focal"


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (replace(IMAGE, machine="arm64"), "made for linux/arm64, and the engine runs linux/amd64"),
        (replace(IMAGE, system="windows"), "made for windows/amd64"),
        (replace(IMAGE, has_onbuild=True), "ONBUILD"),
        (replace(IMAGE, labels={naming.IMAGE: "0123"}), "a workspace that envkit built"),
    ],
)
def test_an_image_that_should_not_even_be_run_is_refused(image: ImageInfo, reason: str) -> None:
    found = base_layout.check_image(image, "amd64")
    assert found is not None
    assert reason in found.reason
    assert "base: debian" in found.hint


def test_an_ordinary_image_may_be_looked_into() -> None:
    assert base_layout.check_image(IMAGE, "amd64") is None


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        (None, "no shell"),
        (ImageContents(), "a system without a name, which has no package manager"),
        (ImageContents("Alpine Linux v3.20", "", "apk", "musl"), "Alpine Linux v3.20, whose C library is musl"),
        (ImageContents("Fedora Linux 40", "", "dnf", "glibc", "2.39"), "Fedora Linux 40, which installs with dnf"),
        (ImageContents("openSUSE Leap 15.6", "", "zypper", "glibc", "2.38"), "installs with zypper"),
        (replace(BARE, title="Ubuntu 18.04.6 LTS", codename="bionic", libc_version="2.27"), "its glibc is 2.27"),
        (replace(BARE, libc="", libc_version=""), "its glibc is unknown"),
        (on("rolling", title="Some Derivative"), "Some Derivative, which envkit does not know; it knows bullseye"),
        (replace(BARE, codename=""), "which envkit does not know"),
    ],
)
def test_a_system_no_workspace_can_stand_on_is_refused_with_the_hint(inside: ImageContents | None, reason: str) -> None:
    found = base_layout.detect_system(inside)
    assert isinstance(found, UnsuitableImage)
    assert reason in found.reason
    assert "base: debian" in found.hint


@pytest.mark.parametrize(
    ("inside", "tensorflow", "managed", "kernel", "server", "lock"),
    [
        # the image brings the release
        (FOCAL, "2.9.0", "", ("3.8", "image"), ("3.8", "apt"), "3.8"),
        (FOCAL, "2.9.0", "default", ("3.8", "image"), ("3.12", "managed"), "3.11"),
        # it brings another one, or none, and its system's Python serves
        (FOCAL, "2.9.1", "", ("3.8", "apt"), ("3.8", "apt"), "3.8"),
        (on("bullseye"), "2.9.0", "", ("3.9", "apt"), ("3.9", "apt"), "3.9"),
        (on("jammy"), "2.9.0", "", ("3.10", "apt"), ("3.10", "apt"), "3.10"),
        (on("bookworm"), "2.15.1", "", ("3.11", "apt"), ("3.11", "apt"), "3.11"),
        (on("trixie"), "2.21.0", "", ("3.13", "apt"), ("3.13", "apt"), "3.11"),
        # an older Debian lends one
        (on("bookworm"), "2.9.0", "", ("3.9", "borrowed"), ("3.11", "apt"), "3.11"),
        # the image has one of its own
        (
            on("bookworm", python="3.10.14", python_path="/usr/local/bin/python3.10"),
            "2.9.0",
            "",
            ("3.10", "image"),
            ("3.11", "apt"),
            "3.11",
        ),
        (
            on("bullseye", python="3.12.4", python_path="/usr/local/bin/python3.12"),
            "2.9.0",
            "",
            ("3.9", "apt"),
            ("3.12", "image"),
            "3.11",
        ),
        # uv brings one
        (on("noble"), "2.9.0", "https://mirror.example.com/x", ("3.10", "managed"), ("3.12", "apt"), "3.11"),
    ],
)
def test_the_pythons_are_chosen(
    inside: ImageContents,
    tensorflow: str,
    managed: str,
    kernel: tuple[str, str],
    server: tuple[str, str],
    lock: str,
) -> None:
    found = laid(inside, tensorflow, managed)
    assert isinstance(found, Layout)
    assert (found.kernel.version, found.kernel.origin) == kernel
    assert (found.server.version, found.server.origin, found.lock) == (*server, lock)
    assert found.has_release == (inside.tensorflow == tensorflow)
    assert found.python_mirror == (managed if managed.startswith("https:") else "")


@pytest.mark.parametrize(
    ("inside", "tensorflow", "reason"),
    [
        (on("noble"), "2.9.0", "TensorFlow 2.9.0 needs Python 3.7 to 3.10, and it has 3.12"),
        (on("noble", python="3.13.1", python_path="/x/python3.13"), "2.9.0", "it has 3.13 and its system's 3.12"),
        (on("trixie"), "2.9.0", "it has 3.13"),
    ],
)
def test_without_a_python_that_serves_the_hint_is_named(inside: ImageContents, tensorflow: str, reason: str) -> None:
    found = laid(inside, tensorflow)
    assert isinstance(found, UnsuitableImage)
    assert reason in found.reason
    assert "build.python_mirror" in found.hint


@pytest.mark.parametrize(("inside", "told"), [(FOCAL, 1), (on("bullseye"), 2), (on("bookworm"), 1)])
def test_who_named_the_image_is_told_what_is_not_as_it_could_be(inside: ImageContents, told: int) -> None:
    found = laid(inside)
    assert isinstance(found, Layout)
    assert len(base_layout.notes(found)) == told


@pytest.mark.parametrize(
    ("tensorflow", "gpu", "says"),
    [
        ("2.9.0", False, ""),
        ("2.9.0", True, ""),
        ("2.7.0", True, ""),  # the rotated key: mended by the build
        ("2.18.0", False, ""),
        ("2.18.0", True, "2.18.0-gpu-jupyter does not serve: It holds cuDNN 8.9"),
        ("2.15.0", True, "Use 2.15.0.post1."),
        ("2.15.1", False, "No official image of this patch release was published"),
    ],
)
def test_an_official_image_that_does_not_serve_is_named_with_the_remedy(tensorflow: str, gpu: bool, says: str) -> None:
    found = base_layout.official_image_issue(catalog.release(tensorflow), gpu=gpu)
    assert says in found
    assert bool(found) == bool(says)


def test_every_system_of_the_catalogue_can_be_a_base() -> None:
    for name in catalog.systems():
        system = catalog.system(name)
        assert system is not None
        assert system.kex, name
        assert system.system in {"debian", "ubuntu"}
        assert system.archive == "" or system.archive.startswith("http://")
        assert (
            system.python in base_layout.LOCKED_PYTHONS
            or tuple(map(int, system.python.split("."))) >= base_layout.SERVER_PYTHON_MIN
        )
