"""Write docs/catalog.md from the catalogue: `python scripts/make_catalog_page.py`."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from envkit import catalog

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envkit.model.release import Floor, Release

Key = TypeVar("Key")

PAGE = Path(__file__).parents[1] / "docs" / "catalog.md"
ALL_RELEASES = catalog.releases()

INTRO = """\
# The catalogue

What envkit knows of TensorFlow, made by `scripts/make_catalog_page.py` from `envkit/catalog.yaml`: edit that.
In `envkit.yaml`, `tensorflow: "2.9"` means the first release of that series; a later patch is named in full.
**Proven** releases are built and run by envkit's own tests. Every other one is built in the same way and has the
standing that its [sources](#sources) give it; `up` says so.
"""

RELEASES = """
## Releases

Server, kernel: the Debian suite and Python of the Jupyter server, and those of the kernel. Native code: the
GPU architectures a release runs on at once, as it does on later ones of the same major number; for the next
major number the driver compiles the release's PTX at first use, which takes minutes. Drivers newer than the
oldest one work.
"""

BOUNDS = """
## What may be installed beside a release

Builds and every later `pip install` in the workspace are held to these bounds.
"""

IMAGES = """
## Official images

Without a GPU `tensorflow/tensorflow:<version>-jupyter`, with one
`tensorflow/tensorflow:<version>-gpu-jupyter`. These do not serve as they are:
"""

SERVED = """
## What serves a workspace

Versions without a published hole that reaches a workspace, as far as was read on {day}; `envkit audit` judges by
them and asks nobody. Where a server's Python is too old for the newest, *enough* does.
"""

OPENSSH = """
OpenSSH, by the version of its package, because distributions carry fixes back ({source}):
"""

SOURCES = """
## Sources

*Measured* was run, *read* stands in the place named, *unconfirmed* could not be checked.
"""


def page() -> str:
    """The page's whole text."""
    return "".join(
        [
            INTRO,
            RELEASES,
            _releases(),
            BOUNDS,
            _bounds(),
            IMAGES,
            _broken_images(),
            _server_packages(),
            SOURCES,
            _sources(),
        ]
    )


def _releases() -> str:
    groups = _group_releases((_facts(release), release) for release in ALL_RELEASES)
    header = ["TensorFlow", "Python", "server, kernel", "CUDA, cuDNN", "oldest driver", "native code, PTX"]
    return _table(header, ([", ".join(map(_name, group)), *facts] for facts, group in groups.items()))


def _facts(release: Release) -> tuple[str, ...]:
    return (
        f"{release.python_min} to {release.python_max}",
        f"{release.suite} {catalog.suite(release.suite).python}, {release.python_suite} {release.python}",
        f"{release.cuda}, {release.cudnn}",
        release.driver_min,
        f"{' '.join(release.compute_capabilities)}, {release.ptx}",
    )


def _name(release: Release) -> str:
    return f"{release.version} (proven)" if release.proven else release.version


def _bounds() -> str:
    groups = _group_releases((bound, release) for release in ALL_RELEASES for bound in release.bounds)
    return _table(
        ["package", "bound", "TensorFlow", "reason"],
        (
            [bound.package, f"`{bound.specifier}`", _version_ranges(groups[bound]), bound.reason]
            for bound in sorted(groups, key=lambda item: item.package)
        ),
    )


def _broken_images() -> str:
    groups = _group_releases((release.known_broken, release) for release in ALL_RELEASES if release.known_broken)
    rows = ([_version_ranges(group), reason] for reason, group in groups.items())
    return _table(["TensorFlow", "why, and the mend"], rows)


def _server_packages() -> str:
    day, source = catalog.floors_source()
    rows = (
        [
            floor.package,
            " or ".join(f"`{version}`" for version in floor.fixed_versions),
            floor.vulnerability,
            _mitigation(floor),
            floor.source,
        ]
        for floor in catalog.floors()
    )
    packages = _table(["package", "well", "what others let happen", "enough", "source"], rows)
    openssh_floors = catalog.openssh_floors()
    openssh = _table(["system", "openssh-server"], ([name, f"`{version}`"] for name, version in openssh_floors.items()))
    return SERVED.format(day=day) + packages + OPENSSH.format(source=source) + openssh


def _mitigation(floor: Floor) -> str:
    return (
        f"`{floor.mitigation.well}` below Python {floor.mitigation.below}: {floor.mitigation.shut}"
        if floor.mitigation
        else ""
    )


def _sources() -> str:
    groups = _group_releases((source, release) for release in ALL_RELEASES for source in release.sources)
    return _table(["source", "TensorFlow"], ([source, _version_ranges(groups[source])] for source in sorted(groups)))


def _group_releases(pairs: Iterable[tuple[Key, Release]]) -> dict[Key, list[Release]]:
    groups: dict[Key, list[Release]] = {}
    for key, release in pairs:
        groups.setdefault(key, []).append(release)
    return groups


def _version_ranges(group: list[Release]) -> str:
    """Releases as runs of the catalogue: `2.7.0 to 2.7.2, 2.9.0`."""
    if len(group) == len(ALL_RELEASES):
        return "all"
    runs = groupby(enumerate(ALL_RELEASES.index(release) for release in group), key=lambda pair: pair[1] - pair[0])
    ends = [[ALL_RELEASES[index].version for _, index in run] for _, run in runs]
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in ends)


def _table(header: list[str], rows: Iterable[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
