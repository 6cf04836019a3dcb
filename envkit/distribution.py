"""Detect the unrelated package `envkit` from the Python package index, which installs files over this one's."""

from __future__ import annotations

from pathlib import Path

NAME = "tf-envkit"
HINT = "install envkit alone in a new environment: pipx install tf-envkit, or uv tool install tf-envkit"


def foreign_version(folder: Path = Path(__file__).parent.parent) -> str:
    """Return the version of the unrelated package that is installed beside this one, or an empty string.

    Args:
        folder: Folder that contains the package `envkit`, usually `site-packages`.
    """
    metadata = next(folder.glob("envkit-*.dist-info"), None)
    return metadata.name.removesuffix(".dist-info").removeprefix("envkit-") if metadata else ""
