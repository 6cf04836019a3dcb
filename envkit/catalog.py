"""The TensorFlow releases and systems envkit knows: `catalog.yaml` as values.

Nothing here looks outside: the data travels in the package, and a release that is not
in it is unknown, whatever an index may offer.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from envkit.model.release import Bound, Floor, Mitigation, Release, Suite

DEFAULT_RELEASE = "2.9.0"

_VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?(?:\.post([0-9]{1,4}))?")


class UnknownRelease(LookupError):
    """A TensorFlow version the catalogue does not hold.

    Attributes:
        version: The version asked for.
        nearest: Known versions beside it: of its own series where that is known, else its neighbours.
    """

    def __init__(self, version: str, nearest: tuple[str, ...]) -> None:
        suggestions = " or ".join(nearest)
        super().__init__(f"TensorFlow {version[:40]!r} is not in the catalogue; the nearest is {suggestions}")
        self.version = version
        self.nearest = nearest


def release(version: str) -> Release:
    """The release of that version.

    `X.Y` means the first release of that series, `X.Y.0` nearly always, so that the same
    config means the same release after the next patch is out.

    Raises:
        UnknownRelease: The catalogue does not hold it.
    """
    by_version = _releases()
    full_version = version if version in by_version else _first_of_series(version)
    if full_version is None:
        raise UnknownRelease(version, _nearest(version))
    return by_version[full_version]


def releases() -> tuple[Release, ...]:
    """Every release of the catalogue, in version order."""
    return tuple(_releases().values())


def suite(name: str) -> Suite:
    """The Debian suite of that name.

    Raises:
        LookupError: The catalogue does not hold it.
    """
    suites = _data()["suites"]
    if name not in suites:
        raise LookupError(f"Debian suite {name!r} is not in the catalogue; it holds {', '.join(suites)}")
    return _suite(name, suites[name])


def system(name: str) -> Suite | None:
    """The release of Debian or Ubuntu an image can be, by its codename; None where nobody tried it."""
    tables = _data()
    entry = tables["systems"].get(name) or tables["suites"].get(name)
    return _suite(name, entry) if entry else None


def systems() -> tuple[str, ...]:
    """The codenames of the systems an image can be."""
    return tuple(dict.fromkeys([*_data()["systems"], *_data()["suites"]]))


def official_image(release: Release, *, gpu: bool) -> str:
    """The reference of a release's official image; empty where none was published."""
    tag = release.official_tag_gpu if gpu else release.official_tag
    return f"{_data()['official']['repository']}:{tag}" if tag else ""


def python_mirror() -> str:
    """Where uv gets the Pythons it manages, when no other mirror is named."""
    return str(_data()["managed"]["mirror"])


def server_python() -> str:
    """The version of the managed Python that the Jupyter server runs on, such as `3.12`."""
    return str(_data()["managed"]["server"])


def floors() -> tuple[Floor, ...]:
    """Of each package that the server consists of: the versions without a published hole."""
    return tuple(_floor(name, entry) for name, entry in _data()["floors"]["packages"].items())


def openssh_floors() -> dict[str, str]:
    """The oldest version of the package `openssh-server` without a published hole, for each codename."""
    return dict(_data()["floors"]["openssh"])


def floors_source() -> tuple[str, str]:
    """The day the floors were read, and where those of OpenSSH were."""
    return str(_data()["floors"]["read"]), str(_data()["floors"]["openssh_source"])


def _floor(name: str, entry: dict[str, Any]) -> Floor:
    mitigation = Mitigation(**entry["enough"]) if "enough" in entry else None
    return Floor(name, tuple(entry["well"]), entry["hole"], entry["source"], mitigation)


@cache
def _data() -> Any:
    text = files("envkit").joinpath("catalog.yaml").read_text(encoding="utf-8")
    # libyaml, where PyYAML was built with it, parses this ten times faster; both are the safe loader.
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


@cache
def _releases() -> dict[str, Release]:
    defaults = _data()["every_release"]
    return {
        version: _release(version, _merge(defaults, series, patch))
        for series in _data()["series"].values()
        for version, patch in series["patches"].items()
    }


def _merge(*layers: dict[str, Any]) -> dict[str, Any]:
    merged = {key: value for layer in layers for key, value in layer.items()}
    return {**merged, "sources": [name for layer in layers for name in layer.get("sources", [])]}


def _release(version: str, entry: dict[str, Any]) -> Release:
    tables = _data()
    python_min, python_max = entry["pythons"]
    build = dict(tables["builds"][entry["build"]])
    wheels, libraries = entry.get("wheels", build.pop("wheels", "")), build.pop("libraries")
    return Release(
        version=version,
        package_cpu=f"tensorflow-cpu=={version}",
        package_gpu=f"{entry.get('package_gpu', 'tensorflow')}=={version}",
        python_min=python_min,
        python_max=python_max,
        wheels_gpu=tuple(tables["wheels"][wheels]) if wheels else (),
        libraries=tuple(tables["libraries"][libraries]),
        also=tuple(entry.get("also", ())),
        bounds=tuple(Bound(**tables["bounds"][name]) for name in entry["bounds"]),
        official_tag=f"{version}-jupyter" if entry.get("published", True) else "",
        official_tag_gpu=f"{version}-gpu-jupyter" if entry.get("published", True) else "",
        known_broken=tables["broken"][entry["broken"]] if "broken" in entry else "",
        broken=entry.get("broken", ""),
        proven=entry.get("proven", False),
        sources=tuple(tables["sources"][name] for name in entry["sources"]),
        **{**build, "compute_capabilities": tuple(build["compute_capabilities"])},
        **tables["kernels"][entry["kernel"]],
    )


def _suite(name: str, entry: dict[str, Any]) -> Suite:
    return Suite(name=name, **{**entry, "kex": tuple(entry["kex"])})


def _first_of_series(version: str) -> str | None:
    series = _data()["series"].get(version)
    return next(iter(series["patches"])) if series else None


def _nearest(version: str) -> tuple[str, ...]:
    target = _sort_key(version)
    if not target:
        return (DEFAULT_RELEASE,)
    candidates = [candidate for candidate in _releases() if _sort_key(candidate)[:2] == target[:2]] or list(_releases())
    older = [candidate for candidate in candidates if _sort_key(candidate) < target]
    newer = [candidate for candidate in candidates if _sort_key(candidate) > target]
    return (*older[-1:], *newer[:1])


def _sort_key(version: str) -> tuple[int, ...]:
    """What versions are ordered by; empty for what is no version."""
    match = _VERSION.fullmatch(version)
    return tuple(int(part or 0) for part in match.groups()) if match else ()
