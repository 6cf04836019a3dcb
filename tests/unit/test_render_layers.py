"""Stable instructions come first in a Dockerfile, so that the build cache keeps their layers."""

from __future__ import annotations

from envkit import catalog
from envkit.render import build_context
from tests.support.build_contexts import dockerfile
from tests.support.plan_samples import image_plan


def test_releases_on_one_suite_share_the_layers_below_python() -> None:
    contexts = [
        {
            artifact.path: artifact.text
            for artifact in build_context.render(image_plan(release=catalog.release(version)))
        }
        for version in ("2.9.0", "2.15.1")
    ]
    runs = [line for line in contexts[0]["Dockerfile"].splitlines() if line.startswith("RUN")]
    server = next(line for line in runs if "/opt/jupyter" in line)
    shared = [files["Dockerfile"].partition(server)[0].partition("\nFROM ")[2] for files in contexts]
    assert shared[0] == shared[1] != ""
    copied = {word for line in shared[0].splitlines() if line.startswith("COPY ") for word in line.split()[1:-1]}
    assert [path for path in sorted(copied) if contexts[0][path] != contexts[1][path]] == []


def test_one_more_package_changes_only_the_last_layers() -> None:
    lines = [dockerfile(image_plan(python=python)).splitlines() for python in ((), ("pandas",))]
    kernel = next(
        index for index, line in enumerate(lines[0]) if "install-python" in line and "/opt/tensorflow" in line
    )
    assert lines[0][: kernel + 1] == lines[1][: kernel + 1]
