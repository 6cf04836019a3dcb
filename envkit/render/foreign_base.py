"""The build context's part for a base that was made for something else: its mends, its Pythons, its Dockerfile."""

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

NEWEST_LOCK = "3.11"  # the Debian workspace's own, which newer Pythons take too
SCRIPTS = ("fetch-python", "install-uv", "lay-python", "update-image", "settle-layer")


def files(plan: ImagePlan) -> Iterator[Artifact]:
    """Yield what a layout needs beside the files of the Debian workspace, or in the place of one of them."""
    if plan.layout is None:
        return
    for script in SCRIPTS:
        yield Artifact(f"build/{script}", read_static(f"image/build/{script}"), 0o755)
    if plan.layout.lock != NEWEST_LOCK:
        yield Artifact(_lock_path(plan.layout), read_static(f"image/{_lock_path(plan.layout)}"))
    if plan.layout.lock in MITIGATED_PYTHONS:
        yield Artifact("etc/jupyter_config.py", read_static("image/etc/jupyter_config.py"))


def dockerfile(plan: ImagePlan, environment: Mapping[str, str], *, ca: bool) -> str:
    """Return the Dockerfile of a plan with a layout.

    Raises:
        quote.Unsafe: A value of the plan cannot stand where it would land.
    """
    layout = plan.layout
    assert layout is not None  # noqa: S101 - the caller asked
    interpreters = {interpreter.version: interpreter for interpreter in (layout.server, layout.kernel)}
    return render_template(
        "image/Dockerfile.j2",
        base=plan.base,
        suite=plan.suite.name,
        debian=plan.suite.system == "debian",
        archive=plan.suite.archive,
        # Apart from its Python in those systems, and asked for by all of that age.
        distutils=plan.suite.python in {"3.8", "3.9", "3.10"},
        pip_wheel=plan.suite.pip_wheel,
        release=plan.release,
        layout=layout,
        managed=sorted(interpreter.version for interpreter in interpreters.values() if interpreter.origin == "managed"),
        lock=_lock_path(layout),
        mitigated=layout.lock in MITIGATED_PYTHONS,
        tensorflow=plan.release.package_gpu if plan.gpu else plan.release.package_cpu,
        beside=[filters.requirement(bound.package + bound.specifier) for bound in plan.release.bounds],
        ca=ca,
        apt=[filters.package(package) for package in plan.apt],
        python=plan.python,
        environment=environment,
        login=netrc_mount(plan),
    )


def netrc_mount(plan: ImagePlan) -> str:
    """Return the option of RUN that lends a step the index's login; BuildKit alone knows it."""
    return f"--mount=type=secret,id={naming.NETRC},target=/root/.netrc,required=true " if plan.private_index else ""


def _lock_path(layout: Layout) -> str:
    return "python/jupyter-requirements.txt" if layout.lock == NEWEST_LOCK else f"python/jupyter-{layout.lock}.txt"
