"""Record what `up` made of an environment, and load it for the audit, which compares it with what it finds.

The record is made while the plan is at hand: flags of `up`, later edits of the configuration and changes of the host
do not change what a running environment should look like.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from envkit import naming, state_paths
from envkit.fs import files
from envkit.model.last_applied import LastApplied
from envkit.model.run_options import network_options
from envkit.render import build_context, compose, image_contents, sshd_settings

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path
    from typing import Any

    from envkit.backends.backend import Backend
    from envkit.environment.planning import PlanningResult
    from envkit.model.plan import Plan
    from envkit.state import StateDir

FORMAT = 1
CREATED = "CreateContainer"  # step after which the container has the image that the plan names


def save(state_dir: StateDir, planning: PlanningResult, backend: Backend, changes: Collection[str]) -> None:
    """Record a converged environment.

    The image of a container that this run did not create is not taken over: another program may have replaced it.

    Args:
        state_dir: State directory of the environment.
        planning: Plan that the environment matches.
        backend: Its backend.
        changes: Names of the steps of this run.

    Raises:
        OSError: The record cannot be written.
    """
    old, container = load(state_dir), planning.actual.container
    actual_id = container.image_id if container else ""
    image_id = actual_id if old is None or CREATED in changes else old.image_id
    record = describe(planning, backend, state_dir, image_id)
    content = json.dumps({"format": FORMAT, **asdict(record)}, sort_keys=True).encode()
    if files.read(path_of(state_dir)) != content:
        files.write(path_of(state_dir), content)


def load(state_dir: StateDir) -> LastApplied | None:
    """Load the record; None if there is none, or if another version of envkit wrote it."""
    try:
        data: dict[str, Any] = json.loads(files.read(path_of(state_dir), limit=8 << 20) or b"null")
        if data.pop("format") != FORMAT:
            return None
        lists = {name: tuple(data[name]) for name in ("instructions", "secrets")}
        return LastApplied(**{**data, **lists})
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def path_of(state_dir: StateDir) -> Path:
    """Return the path of the record."""
    return state_dir.folder / state_paths.LAST_APPLIED_FILE


def describe(planning: PlanningResult, backend: Backend, state_dir: StateDir, image_id: str) -> LastApplied:
    """Describe what envkit makes of a plan."""
    plan, context = planning.plan, planning.context
    dockerfile = next((artifact.text for artifact in context if artifact.path == image_contents.DOCKERFILE), "")
    labels = naming.container_labels(plan, planning.desired.digests)
    labels |= compose.container_labels(plan.run, str(state_dir.rendered))
    image_files = image_contents.copied_files(context)
    return LastApplied(
        request=json.loads(json.dumps(backend.container_request(plan.run, planning.desired.ref, labels))),
        image_id=image_id,
        base_id=plan.image.base.id,
        network=_describe_network(plan),
        instructions=image_contents.instructions(dockerfile),
        variables=build_context.workspace_env(plan.image),
        image_files=image_files,
        state_files={
            artifact.path: hashlib.sha256(artifact.text.encode()).hexdigest() for artifact in plan.files.artifacts
        },
        secrets=tuple(secret.name for secret in plan.files.secrets),
        sshd_config=_sshd_config(planning),
    )


def _describe_network(plan: Plan) -> dict[str, Any]:
    network = plan.run.network
    if network.mode == "none":
        return {}
    return {"name": network.name, "subnet": network.subnet, "options": network_options(network)}


def _sshd_config(planning: PlanningResult) -> str:
    texts = {artifact.path: artifact.text for artifact in (*planning.context, *planning.plan.files.artifacts)}
    return sshd_settings.merge(texts.get("etc/sshd_config", ""), texts.get("mount/sshd_config", ""))
