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

from envkit.model.release import Bound, Enough, Floor, Release, Suite

DEFAULT_RELEASE = "2.9.0"

_VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?(?:\.post([0-9]{1,4}))?")


class UnknownRelease(LookupError):
    """A TensorFlow version the catalogue does not hold.

    Attributes:
        version: The version asked for.
        nearest: Known versions beside it: of its own series where that is known, else its neighbours.
    """

    def __init__(self, version: str, nearest: tuple[str, ...]) -> None:
        known = " or ".join(nearest)
        super().__init__(f"TensorFlow {version[:40]!r} is not in the catalogue; the nearest is {known}")
        self.version = version
        self.nearest = nearest


def release(version: str) -> Release:
    """The release of that version.

    `X.Y` means the first release of that series, `X.Y.0` nearly always, so that the same
    config means the same release after the next patch is out.

    Raises:
        UnknownRelease: The catalogue does not hold it.
    """
    known = _releases()
    full = version if version in known else _first_of_series(version)
    if full is None:
        raise UnknownRelease(version, _nearest(version))
    return known[full]


def releases() -> tuple[Release, ...]:
    """Every release of the catalogue, in version order."""
    return tuple(_releases().values())


def suite(name: str) -> Suite:
    """The Debian suite of that name.

    Raises:
        LookupError: The catalogue does not hold it.
    """
    known = _data()["suites"]
    if name not in known:
        raise LookupError(f"Debian suite {name!r} is not in the catalogue; it holds {', '.join(known)}")
    return _suite(name, known[name])


def system(name: str) -> Suite | None:
    """The release of Debian or Ubuntu an image can be, by its codename; None where nobody tried it."""
    tables = _data()
    given = tables["systems"].get(name) or tables["suites"].get(name)
    return _suite(name, given) if given else None


def systems() -> tuple[str, ...]:
    """The codenames of the systems an image can be."""
    return tuple(dict.fromkeys([*_data()["systems"], *_data()["suites"]]))


def official(release: Release, *, gpu: bool) -> str:
    """The reference of a release's official image; empty where none was published."""
    tag = release.official_tag_gpu if gpu else release.official_tag
    return f"{_data()['official']['repository']}:{tag}" if tag else ""


def managed_mirror() -> str:
    """Where uv gets the Pythons it manages, when no other mirror is named."""
    return str(_data()["managed"]["mirror"])


def managed_server() -> str:
    """The version of the managed Python that the Jupyter server runs on, such as `3.12`."""
    return str(_data()["managed"]["server"])


def floors() -> tuple[Floor, ...]:
    """Of each package that the server consists of: the versions without a published hole."""
    return tuple(_floor(name, given) for name, given in _data()["floors"]["packages"].items())


def openssh_floors() -> dict[str, str]:
    """The oldest version of the package `openssh-server` without a published hole, for each codename."""
    return dict(_data()["floors"]["openssh"])


def floors_source() -> tuple[str, str]:
    """The day the floors were read, and where those of OpenSSH were."""
    return str(_data()["floors"]["read"]), str(_data()["floors"]["openssh_source"])


def _floor(name: str, given: dict[str, Any]) -> Floor:
    enough = Enough(**given["enough"]) if "enough" in given else None
    return Floor(name, tuple(given["well"]), given["hole"], given["source"], enough)


@cache
def _data() -> Any:
    text = files("envkit").joinpath("catalog.yaml").read_text(encoding="utf-8")
    # libyaml, where PyYAML was built with it, parses this ten times faster; both are the safe loader.
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


@cache
def _releases() -> dict[str, Release]:
    every = _data()["every_release"]
    return {
        version: _release(version, _merged(every, series, own))
        for series in _data()["series"].values()
        for version, own in series["patches"].items()
    }


def _merged(*layers: dict[str, Any]) -> dict[str, Any]:
    given = {key: value for layer in layers for key, value in layer.items()}
    return {**given, "sources": [name for layer in layers for name in layer.get("sources", [])]}


def _release(version: str, given: dict[str, Any]) -> Release:
    tables = _data()
    python_min, python_max = given["pythons"]
    build = dict(tables["builds"][given["build"]])
    wheels, libraries = given.get("wheels", build.pop("wheels", "")), build.pop("libraries")
    return Release(
        version=version,
        package_cpu=f"tensorflow-cpu=={version}",
        package_gpu=f"{given.get('package_gpu', 'tensorflow')}=={version}",
        python_min=python_min,
        python_max=python_max,
        wheels_gpu=tuple(tables["wheels"][wheels]) if wheels else (),
        libraries=tuple(tables["libraries"][libraries]),
        also=tuple(given.get("also", ())),
        bounds=tuple(Bound(**tables["bounds"][name]) for name in given["bounds"]),
        official_tag=f"{version}-jupyter" if given.get("published", True) else "",
        official_tag_gpu=f"{version}-gpu-jupyter" if given.get("published", True) else "",
        known_broken=tables["broken"][given["broken"]] if "broken" in given else "",
        broken=given.get("broken", ""),
        proven=given.get("proven", False),
        sources=tuple(tables["sources"][name] for name in given["sources"]),
        **{**build, "compute_capabilities": tuple(build["compute_capabilities"])},
        **tables["kernels"][given["kernel"]],
    )


def _suite(name: str, given: dict[str, Any]) -> Suite:
    return Suite(name=name, **{**given, "kex": tuple(given["kex"])})


def _first_of_series(version: str) -> str | None:
    series = _data()["series"].get(version)
    return next(iter(series["patches"])) if series else None


def _nearest(version: str) -> tuple[str, ...]:
    wanted = _order(version)
    if not wanted:
        return (DEFAULT_RELEASE,)
    known = [one for one in _releases() if _order(one)[:2] == wanted[:2]] or list(_releases())
    below = [one for one in known if _order(one) < wanted]
    above = [one for one in known if _order(one) > wanted]
    return (*below[-1:], *above[:1])


def _order(version: str) -> tuple[int, ...]:
    """What versions are ordered by; empty for what is no version."""
    match = _VERSION.fullmatch(version)
    return tuple(int(part or 0) for part in match.groups()) if match else ()
