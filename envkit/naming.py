"""Names and labels of engine resources, paths in the container and container ports. Pure."""

from __future__ import annotations

import hashlib
import re

TYPE_CHECKING = False  # not from typing, whose import an unchanged `up` does not need
if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.model.plan import Digests, Plan
    from envkit.model.run import RunPlan

MANAGED = "envkit.managed"
OWNER = "envkit.owner"
NAME = "envkit.name"
PROJECT = "envkit.project"
IMAGE = "envkit.image"
RUN = "envkit.run"
PORT = "envkit.port"
SSH_PORT_LABEL = "envkit.ssh-port"
SUITE = "envkit.suite"
ORIGIN = "envkit.origin"
BUILDER = "envkit.builder"  # on images; not OWNER, because containers inherit the labels of their image
CREATED = "envkit.created"
WAITING_PROCESS = "envkit.waiting-process"  # on a temporary container: id of the process that waits for it
DEADLINE = "envkit.deadline"  # and the end of that wait at the latest, in seconds since 1970
SERVICE = "workspace"
REPOSITORY, BASE_REPOSITORY = "envkit", "envkit-base"  # of images

ENVIRONMENT_NAME = r"[a-z0-9][a-z0-9_-]{0,40}"

USER = "dev"
HOME = "/home/dev"
TEMPORARY = f"{HOME}/.local/share/envkit/tmp"  # in the home volume; emptied at each start
WORKSPACE = "/workspace"
SECRETS = "/run/secrets/envkit"
RUNTIME = "/run/envkit"
JUPYTER_PORT = 8888
JUPYTER_SOCKET = f"{RUNTIME}/jupyter.sock"
SSH_PORT = 2222  # a regular user cannot listen below 1024
NETRC = "netrc"  # id of the build secret with the login for the package index


def environment(folder: str) -> str:
    """Build an environment name from a folder name."""
    slug = re.sub(r"[^a-z0-9_-]+", "-", folder.lower()).strip("-_")
    return slug[:32].rstrip("-_") or "workspace"


def with_suffix(name: str, project: str) -> str:
    """Return the name of a project whose folder name is already taken."""
    return f"{name}-{project_id(project)[:4]}"


def container(owner: int, name: str) -> str:
    """Return the name of an environment's container, network and SSH host."""
    return f"envkit-{owner}-{name}"


def helper(container_name: str) -> str:
    """Return the name of the container that prepares volumes; environment names contain no dot."""
    return f"{container_name}.volumes"


def volume(container_name: str, name: str) -> str:
    """Return the name of an environment's volume."""
    return f"{container_name}-{name}"


def architecture(machine: str) -> str:
    """Convert the kernel's name of an architecture to Docker's."""
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def base_ref(suite: str) -> str:
    """Return the reference of a root file system that envkit built."""
    return f"{BASE_REPOSITORY}:{suite}"


def base_refs(suite: str) -> tuple[str, str]:
    """Return the references of a Debian suite: envkit's own, and Debian's slim image."""
    return base_ref(suite), f"debian:{suite}-slim"


def inspector(container_name: str) -> str:
    """Return the name of the container that inspects an environment's base image."""
    return f"{container_name}.inspector"


def smoke_prefix(owner: int) -> str:
    """Return the name prefix of a user's smoke test containers."""
    return f"envkit-{owner}-smoke."


def neighbour_prefix(owner: int) -> str:
    """Return the name prefix of a user's neighbor containers, from which an audit probes."""
    return f"envkit-{owner}-neighbour."


def temporary_prefixes(owner: int) -> tuple[str, ...]:
    """Return the name prefixes of a user's temporary containers."""
    return smoke_prefix(owner), neighbour_prefix(owner)


def project_id(project: str) -> str:
    """Return a short hash of a project's real path, because every user can read labels."""
    return hashlib.sha256(project.encode()).hexdigest()[:16]


def belongs_to(labels: Mapping[str, str], owner: int, project: str) -> bool:
    """Check whether labels belong to a project's environment."""
    return (labels.get(MANAGED), labels.get(OWNER), labels.get(PROJECT)) == ("1", str(owner), project_id(project))


def labels(owner: int, name: str, project: str) -> dict[str, str]:
    """Return the labels of all resources of an environment."""
    return {MANAGED: "1", OWNER: str(owner), NAME: name, PROJECT: project_id(project)}


def container_labels(plan: Plan, digests: Digests) -> dict[str, str]:
    """Return the container's labels, without those for other tools."""
    base_labels = {**labels(plan.owner, plan.name, plan.label_path), IMAGE: digests.image, RUN: digests.run}
    return {**base_labels, **port_labels(plan.run)}


def port_labels(run: RunPlan) -> dict[str, str]:
    """Return the labels with the loopback ports of a container."""
    ssh_port = run.host_port(SSH_PORT)
    return {PORT: str(run.host_port(JUPYTER_PORT) or ""), **({SSH_PORT_LABEL: str(ssh_port)} if ssh_port else {})}
