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
ALL = catalog.releases()

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
    return "".join([INTRO, RELEASES, _releases(), BOUNDS, _bounds(), IMAGES, _broken(), _served(), SOURCES, _sources()])


def _releases() -> str:
    groups = _grouped((_facts(one), one) for one in ALL)
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
    groups = _grouped((bound, one) for one in ALL for bound in one.bounds)
    return _table(["package", "bound", "TensorFlow", "reason"], (
        [bound.package, f"`{bound.specifier}`", _spans(groups[bound]), bound.reason]
        for bound in sorted(groups, key=lambda one: one.package)
    ))


def _broken() -> str:
    groups = _grouped((one.known_broken, one) for one in ALL if one.known_broken)
    rows = ([_spans(group), why] for why, group in groups.items())
    return _table(["TensorFlow", "why, and the mend"], rows)


def _served() -> str:
    day, source = catalog.floors_source()
    rows = (
        [one.package, " or ".join(f"`{well}`" for well in one.well), one.hole, _enough(one), one.source]
        for one in catalog.floors()
    )
    packages = _table(["package", "well", "what others let happen", "enough", "source"], rows)
    known = catalog.openssh_floors()
    openssh = _table(["system", "openssh-server"], ([name, f"`{one}`"] for name, one in known.items()))
    return SERVED.format(day=day) + packages + OPENSSH.format(source=source) + openssh


def _enough(floor: Floor) -> str:
    return f"`{floor.enough.well}` below Python {floor.enough.below}: {floor.enough.shut}" if floor.enough else ""


def _sources() -> str:
    groups = _grouped((source, one) for one in ALL for source in one.sources)
    return _table(["source", "TensorFlow"], ([source, _spans(groups[source])] for source in sorted(groups)))


def _grouped(pairs: Iterable[tuple[Key, Release]]) -> dict[Key, list[Release]]:
    groups: dict[Key, list[Release]] = {}
    for key, release in pairs:
        groups.setdefault(key, []).append(release)
    return groups


def _spans(group: list[Release]) -> str:
    """Releases as runs of the catalogue: `2.7.0 to 2.7.2, 2.9.0`."""
    if len(group) == len(ALL):
        return "all"
    runs = groupby(enumerate(ALL.index(one) for one in group), key=lambda pair: pair[1] - pair[0])
    ends = [[ALL[index].version for _, index in run] for _, run in runs]
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in ends)


def _table(header: list[str], rows: Iterable[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
