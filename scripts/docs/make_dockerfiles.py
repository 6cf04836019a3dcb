"""Render dockerfiles/: the Dockerfile of each variant that envkit builds, for people and linters.

python scripts/docs/make_dockerfiles.py
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from envkit import catalog, naming
from envkit.model.engine_state import ImageContents
from envkit.model.image import Base, ImagePlan, Layout
from envkit.render import build_context
from envkit.resolve import base_layout

if TYPE_CHECKING:
    from envkit.model.release import Release

# Contents of the official image of 2.9.0 and of a plain Debian 11.
OFFICIAL = ImageContents(
    "Ubuntu 20.04 LTS",
    "focal",
    "apt-get",
    "glibc",
    "2.31",
    python="3.8.10",
    python_path="/usr/bin/python3.8",
    tensorflow="2.9.0",
)
IMAGE = ImageContents("Debian GNU/Linux 11 (bullseye)", "bullseye", "apt-get", "glibc", "2.31")
FOLDER = Path(__file__).parents[2] / "dockerfiles"


def variants() -> dict[str, str]:
    """Render each variant's Dockerfile; return the texts by file name."""
    release = catalog.release(catalog.DEFAULT_RELEASE)
    base = Base("debian", naming.base_ref(release.suite), "", "")
    plain = ImagePlan(base, catalog.suite(release.suite), release)
    with_packages = ImagePlan(
        base,
        catalog.suite(release.suite),
        release,
        apt=("graphviz",),
        python=("pandas==1.4.*",),
        ca="-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n",
    )
    stem = f"debian-{release.version}"
    return {
        f"{stem}-cpu.Dockerfile": _dockerfile(plain),
        f"{stem}-cpu-with-packages.Dockerfile": _dockerfile(with_packages),
        f"{stem}-gpu.Dockerfile": _dockerfile(replace(plain, gpu=True)),
        f"official-{release.version}-cpu.Dockerfile": _dockerfile(_plan_over(release, OFFICIAL, "official", "default")),
        f"image-{release.version}-cpu.Dockerfile": _dockerfile(_plan_over(release, IMAGE, "image", "")),
    }


def _plan_over(
    release: Release, contents: ImageContents, kind: Literal["official", "image"], managed: str
) -> ImagePlan:
    """Build the plan for a base image with these contents."""
    system = catalog.system(contents.codename)
    assert system is not None  # noqa: S101 - the catalog has it
    layout = base_layout.choose_layout(contents, system, release, python_mirror=managed)
    assert isinstance(layout, Layout)  # noqa: S101 - the image is suitable
    ref = catalog.official_image(release, gpu=False) if kind == "official" else "registry.example.com/team/image:1"
    return ImagePlan(Base(kind, ref, "", "engine"), system, release, layout=layout)


def _dockerfile(plan: ImagePlan) -> str:
    return next(file.text for file in build_context.render(plan) if file.path == "Dockerfile")


def main() -> None:
    """Write the Dockerfiles of all variants."""
    for name, text in variants().items():
        (FOLDER / name).write_text(text, "utf-8")
        print(f"dockerfiles/{name}")


if __name__ == "__main__":
    main()
