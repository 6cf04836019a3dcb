"""Layout of a workspace on a foreign base image, and images that are unsuitable."""

from __future__ import annotations

from dataclasses import replace

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
BOOKWORM = ImageContents("Debian GNU/Linux 12 (bookworm)", "bookworm", "apt-get", "glibc", "2.36")


def contents(codename: str, **changes: str) -> ImageContents:
    return replace(BOOKWORM, codename=codename, **changes)


def layout(image: ImageContents, tensorflow: str = "2.9.0", mirror: str = "") -> Layout | UnsuitableImage:
    system = base_layout.detect_system(image)
    assert isinstance(system, Suite)
    return base_layout.choose_layout(image, system, catalog.release(tensorflow), python_mirror=mirror)


def test_the_output_of_the_inspection_is_parsed_by_line() -> None:
    output = (
        "title=Ubuntu 20.04.6 LTS\ncodename=focal\nmanager=apt-get\nlibc=glibc\nlibc_version=2.31\n"
        "python=3.8.10\npython_path=/usr/bin/python3.8\ntensorflow=2.9.0\n"
    )
    assert base_layout.parse(output) == FOCAL


def test_invalid_lines_are_ignored() -> None:
    for line in (
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
    ):
        assert base_layout.parse(line) == ImageContents(), line


def test_the_first_of_two_equal_names_counts() -> None:
    assert base_layout.parse("codename=focal\ncodename=noble\n").codename == "focal"


def test_an_image_that_must_not_run_is_refused() -> None:
    for image, reason in [
        (replace(IMAGE, machine="arm64"), "linux/arm64, but the engine runs linux/amd64"),
        (replace(IMAGE, system="windows"), "windows/amd64"),
        (replace(IMAGE, has_onbuild=True), "ONBUILD"),
        (replace(IMAGE, labels={naming.IMAGE: "0123"}), "workspace image"),
    ]:
        unsuitable = base_layout.check_image(image, "amd64")
        assert unsuitable is not None, reason
        assert reason in unsuitable.reason
        assert "base: debian" in unsuitable.hint


def test_other_images_may_run() -> None:
    assert base_layout.check_image(IMAGE, "amd64") is None


def test_an_unsupported_system_is_refused_with_a_hint() -> None:
    for image, reason in [
        (None, "no shell"),
        (ImageContents(), "unnamed system, which has no package manager"),
        (ImageContents("Alpine Linux v3.20", "", "apk", "musl"), "Alpine Linux v3.20 with the C library musl"),
        (ImageContents("Fedora Linux 40", "", "dnf", "glibc", "2.39"), "Fedora Linux 40, which installs with dnf"),
        (ImageContents("openSUSE Leap 15.6", "", "zypper", "glibc", "2.38"), "installs with zypper"),
        (replace(BOOKWORM, title="Ubuntu 18.04.6 LTS", codename="bionic", libc_version="2.27"), "its glibc is 2.27"),
        (replace(BOOKWORM, libc="", libc_version=""), "its glibc is unknown"),
        (contents("rolling", title="Some Derivative"), "Some Derivative, which envkit does not support"),
        (replace(BOOKWORM, codename=""), "which envkit does not support; supported: bullseye"),
    ]:
        unsuitable = base_layout.detect_system(image)
        assert isinstance(unsuitable, UnsuitableImage), reason
        assert reason in unsuitable.reason
        assert "base: debian" in unsuitable.hint, reason


def test_the_pythons_of_kernel_and_server() -> None:
    own_python = contents("bookworm", python="3.10.14", python_path="/usr/local/bin/python3.10")
    newer_python = contents("bullseye", python="3.12.4", python_path="/usr/local/bin/python3.12")
    mirror = "https://mirror.example.com/x"
    for image, tensorflow, python_mirror, kernel, server, lock in [
        # the image contains the release
        (FOCAL, "2.9.0", "", ("3.8", "image"), ("3.8", "apt"), "3.8"),
        (FOCAL, "2.9.0", "default", ("3.8", "image"), ("3.12", "managed"), "3.11"),
        # it contains another release or none, and its system's Python is suitable
        (FOCAL, "2.9.1", "", ("3.8", "apt"), ("3.8", "apt"), "3.8"),
        (contents("bullseye"), "2.9.0", "", ("3.9", "apt"), ("3.9", "apt"), "3.9"),
        (contents("jammy"), "2.9.0", "", ("3.10", "apt"), ("3.10", "apt"), "3.10"),
        (contents("bookworm"), "2.15.1", "", ("3.11", "apt"), ("3.11", "apt"), "3.11"),
        (contents("trixie"), "2.21.0", "", ("3.13", "apt"), ("3.13", "apt"), "3.11"),
        # from an older Debian
        (contents("bookworm"), "2.9.0", "", ("3.9", "borrowed"), ("3.11", "apt"), "3.11"),
        # the image's own Python
        (own_python, "2.9.0", "", ("3.10", "image"), ("3.11", "apt"), "3.11"),
        (newer_python, "2.9.0", "", ("3.9", "apt"), ("3.12", "image"), "3.11"),
        # managed by uv
        (contents("noble"), "2.9.0", mirror, ("3.10", "managed"), ("3.12", "apt"), "3.11"),
    ]:
        chosen = layout(image, tensorflow, python_mirror)
        case = (image.codename, tensorflow, python_mirror)
        assert isinstance(chosen, Layout), case
        assert (chosen.kernel.version, chosen.kernel.origin) == kernel, case
        assert (chosen.server.version, chosen.server.origin, chosen.lock) == (*server, lock), case
        assert chosen.has_release == (image.tensorflow == tensorflow), case
        assert chosen.python_mirror == (mirror if python_mirror == mirror else ""), case


def test_without_a_suitable_python_the_hint_names_the_mirror() -> None:
    for image, reason in [
        (contents("noble"), "TensorFlow 2.9.0 needs Python 3.7 to 3.10, but it has 3.12"),
        (contents("noble", python="3.13.1", python_path="/x/python3.13"), "it has 3.13 and its system's 3.12"),
        (contents("trixie"), "it has 3.13"),
    ]:
        unsuitable = layout(image)
        assert isinstance(unsuitable, UnsuitableImage), reason
        assert reason in unsuitable.reason
        assert "build.python_mirror" in unsuitable.hint, reason


def test_limitations_of_an_image_have_notes() -> None:
    for image, count in [(FOCAL, 1), (contents("bullseye"), 2), (contents("bookworm"), 1)]:
        chosen = layout(image)
        assert isinstance(chosen, Layout)
        assert len(base_layout.notes(chosen)) == count, image.codename


def test_an_unusable_official_image_has_a_reason_and_a_hint() -> None:
    for tensorflow, gpu, reason in [
        ("2.9.0", False, ""),
        ("2.9.0", True, ""),
        ("2.7.0", True, ""),  # the build fixes the rotated key
        ("2.18.0", False, ""),
        ("2.18.0", True, "2.18.0-gpu-jupyter is unusable: It contains cuDNN 8.9"),
        ("2.15.0", True, "Use 2.15.0.post1."),
        ("2.15.1", False, "No official image of this patch release was published"),
    ]:
        issue = base_layout.official_image_issue(catalog.release(tensorflow), gpu=gpu)
        assert reason in issue, tensorflow
        assert bool(issue) == bool(reason), tensorflow


def test_every_system_of_the_catalog_can_be_a_base() -> None:
    for name in catalog.systems():
        system = catalog.system(name)
        assert system is not None, name
        assert system.kex, name
        assert system.system in {"debian", "ubuntu"}, name
        assert system.archive == "" or system.archive.startswith("http://"), name
        assert (
            system.python in base_layout.LOCKED_PYTHONS
            or tuple(map(int, system.python.split("."))) >= base_layout.SERVER_PYTHON_MIN
        ), name
