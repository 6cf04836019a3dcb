"""The build context's part for a base that was made for something else: its mends, its Pythons, its Dockerfile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import names
from envkit.model.artifact import Artifact
from envkit.render import quote
from envkit.render.environment import static, text
from envkit.resolve.bases import MITIGATED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkit.model.image import ImagePlan, Layout

NEWEST_LOCK = "3.11"  # the Debian workspace's own, which newer Pythons take too
SCRIPTS = ("fetch-python", "install-uv", "lay-python", "mend-image", "settle-layer")


def files(plan: ImagePlan) -> Iterator[Artifact]:
    """Yield what a layout needs beside the files of the Debian workspace, or in the place of one of them."""
    if plan.layout is None:
        return
    for name in SCRIPTS:
        yield Artifact(f"build/{name}", static(f"image/build/{name}"), 0o755)
    if plan.layout.lock != NEWEST_LOCK:
        yield Artifact(_lock(plan.layout), static(f"image/{_lock(plan.layout)}"))
    if plan.layout.lock in MITIGATED:
        yield Artifact("etc/jupyter_config.py", static("image/etc/jupyter_config.py"))


def dockerfile(plan: ImagePlan, environment: Mapping[str, str], *, ca: bool) -> str:
    """Return the Dockerfile of a plan with a layout.

    Raises:
        quote.Unsafe: A value of the plan cannot stand where it would land.
    """
    layout = plan.layout
    assert layout is not None  # noqa: S101 - the caller asked
    interpreters = {one.version: one for one in (layout.server, layout.kernel)}
    return text(
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
        managed=sorted(one.version for one in interpreters.values() if one.origin == "managed"),
        lock=_lock(layout),
        mitigated=layout.lock in MITIGATED,
        tensorflow=plan.release.package_gpu if plan.gpu else plan.release.package_cpu,
        beside=[quote.requirement(one.package + one.specifier) for one in plan.release.bounds],
        ca=ca,
        apt=[quote.package(one) for one in plan.apt],
        python=plan.python,
        environment=environment,
        login=login(plan),
    )


def login(plan: ImagePlan) -> str:
    """Return the option of RUN that lends a step the index's login; BuildKit alone knows it."""
    return f"--mount=type=secret,id={names.NETRC},target=/root/.netrc,required=true " if plan.private_index else ""


def _lock(layout: Layout) -> str:
    return "python/jupyter-requirements.txt" if layout.lock == NEWEST_LOCK else f"python/jupyter-{layout.lock}.txt"
