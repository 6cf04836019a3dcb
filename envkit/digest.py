"""Compute three digests of a plan that change for different reasons.

- image: the Dockerfile without comments, every byte of its build context, the base image's id
- run:   every setting of the container except the picked port and subnet, and the MTU of the engine
- files: all mounted files, which are replaced in place

envkit's version, the order of keys, the clock and the engine's version do not change them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from envkit import naming
from envkit.model.plan import Digests, FilesPlan, Plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.model.artifact import Artifact

LENGTH = 16


def compute(plan: Plan, context: tuple[Artifact, ...], instructions: Callable[[str], str]) -> Digests:
    """Compute the digests of a plan and its rendered build context.

    Args:
        plan: The plan.
        context: The rendered build context, including the Dockerfile.
        instructions: Function that removes the comments of a Dockerfile.
    """
    return Digests(_image(plan, context, instructions), _run(plan), _files(plan.files))


def image_ref(plan: Plan, digests: Digests) -> str:
    """Return the image reference of a digest: equal plans share one image."""
    kind = "gpu" if plan.image.gpu else "cpu"
    return f"{naming.REPOSITORY}:{plan.image.release.version}-{kind}-{digests.image}"


def _image(plan: Plan, context: tuple[Artifact, ...], instructions: Callable[[str], str]) -> str:
    entries = [
        (artifact.path, artifact.mode, instructions(artifact.text) if artifact.path == "Dockerfile" else artifact.text)
        for artifact in context
    ]
    return _sha([plan.image.base.id, sorted(entries)])


def _run(plan: Plan) -> str:
    run = plan.run
    stable_run = replace(
        run,
        ports=tuple(replace(port, host=0) for port in run.ports),
        network=replace(run.network, subnet="", mtu=0),
    )
    settings = asdict(stable_run)
    del settings["network"]["mtu"]
    for group in ("hardening", "lifecycle"):  # flat, as in earlier releases: an upgrade must not recreate containers
        settings |= settings.pop(group)
    # JupyterLab reads the log folder only when it starts.
    return _sha([settings, plan.logdir])


def _files(plan: FilesPlan) -> str:
    return _sha(asdict(plan))


def _sha(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=dict)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]
