"""Render dockerfiles/ anew: the Dockerfiles of the variants envkit builds, for people and linters to read.

    python scripts/make_dockerfiles.py
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from envkit import catalog, names
from envkit.model.found import Inside
from envkit.model.image import Base, ImagePlan, Layout
from envkit.render import image
from envkit.resolve import bases

if TYPE_CHECKING:
    from envkit.model.release import Release

# What is in the official image of 2.9.0, and in a bare Debian 11.
OFFICIAL = Inside(
    "Ubuntu 20.04 LTS", "focal", "apt-get", "glibc", "2.31", python="3.8.10", python_path="/usr/bin/python3.8",
    tensorflow="2.9.0",
)
IMAGE = Inside("Debian GNU/Linux 11 (bullseye)", "bullseye", "apt-get", "glibc", "2.31")
FOLDER = Path(__file__).parent.parent / "dockerfiles"


def variants() -> dict[str, str]:
    """Return the text of each rendered Dockerfile by its file's name."""
    release = catalog.release(catalog.DEFAULT_RELEASE)
    base = Base("debian", names.base_ref(release.suite), "", "")
    plain = ImagePlan(base, catalog.suite(release.suite), release)
    added = ImagePlan(
        base, catalog.suite(release.suite), release, apt=("graphviz",), python=("pandas==1.4.*",),
        ca="-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n",
    )
    stem = f"debian-{release.version}"
    return {
        f"{stem}-cpu.Dockerfile": _dockerfile(plain),
        f"{stem}-cpu-with-packages.Dockerfile": _dockerfile(added),
        f"{stem}-gpu.Dockerfile": _dockerfile(replace(plain, gpu=True)),
        f"official-{release.version}-cpu.Dockerfile": _dockerfile(_over(release, OFFICIAL, "official", "default")),
        f"image-{release.version}-cpu.Dockerfile": _dockerfile(_over(release, IMAGE, "image", "")),
    }


def _over(release: Release, inside: Inside, kind: Literal["official", "image"], managed: str) -> ImagePlan:
    """Return the plan over an image that holds this."""
    system = catalog.system(inside.codename)
    assert system is not None  # noqa: S101 - it is in the catalogue
    layout = bases.layout(inside, system, release, managed=managed)
    assert isinstance(layout, Layout)  # noqa: S101 - it serves
    ref = catalog.official(release, gpu=False) if kind == "official" else "registry.example.com/team/image:1"
    return ImagePlan(Base(kind, ref, "", "engine"), system, release, layout=layout)


def _dockerfile(plan: ImagePlan) -> str:
    return next(one.text for one in image.render(plan) if one.path == "Dockerfile")


def main() -> None:
    """Write them."""
    for name, text in variants().items():
        (FOLDER / name).write_text(text, "utf-8")
        print(f"dockerfiles/{name}")


if __name__ == "__main__":
    main()
