"""Values of `catalog.yaml`: the TensorFlow releases and systems that envkit supports.

The data is part of the package. A release that is not in it is unknown, even if an index offers it.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from envkit.model.release import Bound, Floor, Mitigation, NewerGpu, NvidiaContainer, Release, Suite

DEFAULT_RELEASE = "2.9.0"

_VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?(?:\.post([0-9]{1,4}))?")


class UnknownRelease(LookupError):
    """A TensorFlow version that is not in the catalog.

    Attributes:
        version: The requested version.
        nearest: The next older and newer known versions, of the same series if that is known.
    """

    def __init__(self, version: str, nearest: tuple[str, ...]) -> None:
        suggestions = " or ".join(nearest)
        super().__init__(f"TensorFlow {version[:40]!r} is not in the catalog; the nearest version is {suggestions}")
        self.version = version
        self.nearest = nearest


def release(version: str) -> Release:
    """Return the release of a version.

    `X.Y` selects the first release of that series, usually `X.Y.0`. The same config therefore selects the same
    release after the next patch release.

    Raises:
        UnknownRelease: The version is not in the catalog.
    """
    by_version = _releases()
    full_version = version if version in by_version else _first_of_series(version)
    if full_version is None:
        raise UnknownRelease(version, _nearest(version))
    return by_version[full_version]


def releases() -> tuple[Release, ...]:
    """Return all releases in version order."""
    return tuple(_releases().values())


def suite(name: str) -> Suite:
    """Return a Debian suite by name.

    Raises:
        LookupError: The suite is not in the catalog.
    """
    suites = _data()["suites"]
    if name not in suites:
        raise LookupError(f"Debian suite {name!r} is not in the catalog; known suites: {', '.join(suites)}")
    return _suite(name, suites[name])


def system(name: str) -> Suite | None:
    """Return a release of Debian or Ubuntu by codename, or None if envkit does not support it."""
    tables = _data()
    entry = tables["systems"].get(name) or tables["suites"].get(name)
    return _suite(name, entry) if entry else None


def systems() -> tuple[str, ...]:
    """Return the codenames of all supported systems."""
    return tuple(dict.fromkeys([*_data()["systems"], *_data()["suites"]]))


def official_image(release: Release, *, gpu: bool) -> str:
    """Return the reference of a release's official image, or an empty string if none was published."""
    tag = release.official_tag_gpu if gpu else release.official_tag
    return f"{_data()['official']['repository']}:{tag}" if tag else ""


def nvidia_container() -> NvidiaContainer:
    """Return NVIDIA's last container of TensorFlow."""
    entry = _data()["nvidia"]
    return NvidiaContainer(**{**entry, "sources": tuple(entry["sources"])})


def newer_gpus() -> tuple[NewerGpu, ...]:
    """Return the generations of GPUs that are newer than the code of every release."""
    return tuple(_newer_gpu(entry) for entry in _data()["newer_gpus"].values())


def _newer_gpu(entry: dict[str, Any]) -> NewerGpu:
    def pair(text: str) -> tuple[int, int]:
        major, minor = text.split(".")
        return int(major), int(minor)

    ranges = [text.split("-") for text in entry["pci"]]
    return NewerGpu(
        name=entry["name"],
        compute_capabilities=tuple(pair(text) for text in entry["compute_capabilities"]),
        pci=tuple((int(first, 16), int(last, 16)) for first, last in ranges),
        fails_from=pair(entry["fails_from"]) if "fails_from" in entry else None,
        sources=tuple(entry["sources"]),
    )


def python_mirror() -> str:
    """Return the default URL of the Pythons that uv manages."""
    return str(_data()["managed"]["mirror"])


def server_python() -> str:
    """Return the version of the managed Python for the Jupyter server, such as `3.12`."""
    return str(_data()["managed"]["server"])


def floors() -> tuple[Floor, ...]:
    """Return the versions of each server package without a published vulnerability."""
    return tuple(_floor(name, entry) for name, entry in _data()["floors"]["packages"].items())


def openssh_floors() -> dict[str, str]:
    """Return the oldest `openssh-server` package without a published vulnerability, by codename."""
    return dict(_data()["floors"]["openssh"])


def floors_source() -> tuple[str, str]:
    """Return the date of the floors, and the source of those for OpenSSH."""
    return str(_data()["floors"]["read"]), str(_data()["floors"]["openssh_source"])


def _floor(name: str, entry: dict[str, Any]) -> Floor:
    mitigation = Mitigation(**entry["mitigation"]) if "mitigation" in entry else None
    return Floor(name, tuple(entry["fixed_versions"]), entry["vulnerability"], entry["source"], mitigation)


@cache
def _data() -> Any:
    text = files("envkit").joinpath("catalog.yaml").read_text(encoding="utf-8")
    # With libyaml, if PyYAML was built with it, parsing is ten times faster. Both are the safe loader.
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
        extra_packages=tuple(entry.get("extra_packages", ())),
        bounds=tuple(Bound(**tables["bounds"][name]) for name in entry["bounds"]),
        companions=tuple(Bound(**tables["companions"][name]) for name in entry.get("companions", ())),
        official_tag=f"{version}-jupyter" if entry.get("published", True) else "",
        official_tag_gpu=f"{version}-gpu-jupyter" if entry.get("published", True) else "",
        image_issue=tables["image_issues"][entry["image_issue"]] if "image_issue" in entry else "",
        image_issue_id=entry.get("image_issue", ""),
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
    """Return the sort key of a version; empty for an invalid version."""
    match = _VERSION.fullmatch(version)
    return tuple(int(part or 0) for part in match.groups()) if match else ()
