"""What stands first in a Dockerfile is what changes least, so that the builder's cache keeps it."""

from __future__ import annotations

from envkit import catalog
from envkit.render import build_context
from tests.unit.plans import image_plan


def test_another_release_on_the_same_suite_keeps_the_layers_below_its_python() -> None:
    contexts = [
        {one.path: one.text for one in build_context.render(image_plan(release=catalog.release(version)))}
        for version in ("2.9.0", "2.15.1")
    ]
    runs = [line for line in contexts[0]["Dockerfile"].splitlines() if line.startswith("RUN")]
    server = next(line for line in runs if "/opt/jupyter" in line)
    below = [one["Dockerfile"].partition(server)[0].partition("\nFROM ")[2] for one in contexts]
    assert below[0] == below[1] != ""
    copied = {word for line in below[0].splitlines() if line.startswith("COPY ") for word in line.split()[1:-1]}
    assert [path for path in sorted(copied) if contexts[0][path] != contexts[1][path]] == []


def test_one_more_package_changes_the_last_layers_alone() -> None:
    plain, more = (build_context.render(image_plan(python=python)) for python in ((), ("pandas",)))
    lines = [next(one.text for one in made if one.path == "Dockerfile").splitlines() for made in (plain, more)]
    kernel = next(at for at, line in enumerate(lines[0]) if "install-python" in line and "/opt/tensorflow" in line)
    assert lines[0][: kernel + 1] == lines[1][: kernel + 1]
