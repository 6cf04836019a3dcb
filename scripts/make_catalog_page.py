"""Write docs/catalog.md from the catalogue: `python scripts/make_catalog_page.py`."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import catalog

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envkit.model.facts import Bound, Release

PAGE = Path(__file__).parents[1] / "docs" / "catalog.md"

INTRO = """\
# The catalogue

What envkit knows of TensorFlow, made by `scripts/make_catalog_page.py` from `envkit/catalog.yaml`: edit that.
In `envkit.yaml`, `tensorflow: "2.9"` means the first release of that series; a later patch is named in full.
**Proven** releases are built and run by envkit's own tests. Every other one has the standing that its
[sources](#sources) give it.
"""

RELEASES = """
## Releases

Server and kernel: the Debian suite whose Python runs the Jupyter server, and the Python of the kernel. Native code:
the GPUs a release runs on without compiling, together with newer ones of the same major number; for anything
beyond, it compiles the last named at first use. Drivers newer than the oldest one work.
"""

BOUNDS = """
## What may be installed beside a release

Builds and every later `pip install` in the workspace are held to these bounds.
"""

IMAGES = """
## Official images

Without a GPU `tensorflow/tensorflow:<version>-jupyter`, with one `tensorflow/tensorflow:<version>-gpu-jupyter`.
These do not serve as they are:
"""

SOURCES = """
## Sources

*Measured* was run, *read* stands in the place named, *unconfirmed* could not be checked.
"""


def page() -> str:
    """The page's whole text."""
    return "".join([
        INTRO,
        RELEASES, _table(["TensorFlow", "Python", "server and kernel", "CUDA, cuDNN", "oldest driver",
                          "native code"], map(_release_row, catalog.releases())),
        BOUNDS, _table(["TensorFlow", "package", "bound", "reason"], _bound_rows(catalog.releases())),
        IMAGES, _table(["TensorFlow", "why, and the mend"], _broken_rows(catalog.releases())),
        SOURCES, _table(["source", "of"], _source_rows(catalog.releases())),
    ])


def _table(header: list[str], rows: Iterable[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _release_row(release: Release) -> list[str]:
    suite = catalog.suite(release.suite)
    return [
        f"{release.version} **proven**" if release.proven else release.version,
        f"{release.python_min} to {release.python_max}",
        f"{suite.name} {suite.python}, kernel {release.python}",
        f"{release.cuda}, {release.cudnn}",
        release.driver_min,
        f"{' '.join(release.compute_capabilities)} {release.ptx}",
    ]


def _bound_rows(releases: tuple[Release, ...]) -> Iterator[list[str]]:
    for bounds, group in groupby(releases, key=lambda one: one.bounds):
        versions = [one.version for one in group]
        for bound in bounds:
            yield [_span(versions), *_bound_cells(bound)]


def _bound_cells(bound: Bound) -> list[str]:
    return [bound.package, f"`{bound.specifier}`", bound.reason]


def _broken_rows(releases: tuple[Release, ...]) -> Iterator[list[str]]:
    for text in dict.fromkeys(one.known_broken for one in releases if one.known_broken):
        yield [", ".join(one.version for one in releases if one.known_broken == text), text]


def _source_rows(releases: tuple[Release, ...]) -> Iterator[list[str]]:
    for source in sorted({source for one in releases for source in one.sources}):
        versions = [one.version for one in releases if source in one.sources]
        yield [source, "all" if len(versions) == len(releases) else ", ".join(versions)]


def _span(versions: list[str]) -> str:
    return versions[0] if len(versions) == 1 else f"{versions[0]} to {versions[-1]}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
