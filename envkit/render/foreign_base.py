"""Build context over a foreign base image: fixes, Pythons and Dockerfile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import naming
from envkit.model.artifact import Artifact
from envkit.render import filters
from envkit.render.jinja import read_static, render_template
from envkit.resolve.base_layout import MITIGATED_PYTHONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkit.model.image import ImagePlan, Layout

NEWEST_LOCK = "3.11"  # the Debian workspace's lock file, which fits newer Pythons too
SCRIPTS = ("fetch-python", "install-uv", "create-venv", "fix-base-image", "configure-user-venv")


def files(plan: ImagePlan) -> Iterator[Artifact]:
    """Yield the files of a layout that extend or replace those of the Debian workspace."""
    if plan.layout is None:
        return
    for script in SCRIPTS:
        yield Artifact(f"build/{script}", read_static(f"image/build/{script}"), 0o755)
    if plan.layout.lock != NEWEST_LOCK:
        yield Artifact(_lock_path(plan.layout), read_static(f"image/{_lock_path(plan.layout)}"))
    if plan.layout.lock in MITIGATED_PYTHONS:
        yield Artifact("etc/jupyter_config.py", read_static("image/etc/jupyter_config.py"))


def dockerfile(plan: ImagePlan, environment: Mapping[str, str], *, ca: bool) -> str:
    """Render the Dockerfile of a plan with a layout.

    Raises:
        UnsafeValueError: A value of the plan is not safe where the template puts it.
    """
    layout = plan.layout
    assert layout is not None  # noqa: S101 - checked by the caller
    interpreters = {interpreter.version: interpreter for interpreter in (layout.server, layout.kernel)}
    return render_template(
        "image/Dockerfile.j2",
        base=plan.base,
        suite=plan.suite.name,
        debian=plan.suite.system == "debian",
        mirror=plan.mirror,
        archive=plan.suite.archive,
        # A separate package in these systems, and required by packages of that age.
        distutils=plan.suite.python in {"3.8", "3.9", "3.10"},
        pip_wheel=plan.suite.pip_wheel,
        release=plan.release,
        layout=layout,
        kernel_python=plan.kernel_python,
        managed_pythons=sorted(
            interpreter.version for interpreter in interpreters.values() if interpreter.origin == "managed"
        ),
        lock=_lock_path(layout),
        mitigated=layout.lock in MITIGATED_PYTHONS,
        tensorflow=plan.release.package_gpu if plan.gpu else plan.release.package_cpu,
        bounds=[filters.requirement(bound.package + bound.specifier) for bound in plan.release.bounds],
        ca=ca,
        apt=[filters.package(package) for package in plan.apt],
        python=plan.python,
        environment=environment,
        netrc_mount=netrc_mount(plan),
    )


def netrc_mount(plan: ImagePlan) -> str:
    """Return the RUN option that mounts the index login for one step; only BuildKit supports it."""
    return f"--mount=type=secret,id={naming.NETRC},target=/root/.netrc,required=true " if plan.private_index else ""


def _lock_path(layout: Layout) -> str:
    return "python/jupyter-requirements.txt" if layout.lock == NEWEST_LOCK else f"python/jupyter-{layout.lock}.txt"
