"""Render dockerfiles/ anew: the Dockerfiles of the variants envkit builds, for people and linters to read.

    python scripts/make_dockerfiles.py
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from envkit import catalog, names
from envkit.model.plan import Base, ImagePlan
from envkit.render import image

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
    }


def _dockerfile(plan: ImagePlan) -> str:
    return next(one.text for one in image.render(plan) if one.path == "Dockerfile")


def main() -> None:
    """Write them."""
    for name, text in variants().items():
        (FOLDER / name).write_text(text, "utf-8")
        print(f"dockerfiles/{name}")


if __name__ == "__main__":
    main()
