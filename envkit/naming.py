"""Names and labels of what envkit makes: the same words in the engine, the docs and `docker inspect`. Pure."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

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
BUILDER = "envkit.builder"  # on images; not OWNER, because every container of an image has its labels too
CREATED = "envkit.made"
WAITING_PROCESS = "envkit.waits"  # of a container of one run: which process waits for it
DEADLINE = "envkit.until"  # and when that gave up at the latest, seconds since 1970
SERVICE = "workspace"
REPOSITORY, BASE_REPOSITORY = "envkit", "envkit-base"  # what images are called, before the colon

USER = "dev"
HOME = "/home/dev"
WORKSPACE = "/workspace"
SECRETS = "/run/secrets/envkit"
RUNTIME = "/run/envkit"
JUPYTER_PORT = 8888
JUPYTER_SOCKET = f"{RUNTIME}/jupyter.sock"
SSH_PORT = 2222  # an ordinary user can listen at none below 1024
NETRC = "netrc"  # by this name a build is handed the login for the package index


def environment(folder: str) -> str:
    """Make an environment's name of a folder's name."""
    slug = re.sub(r"[^a-z0-9_-]+", "-", folder.lower()).strip("-_")
    return slug[:32].rstrip("-_") or "workspace"


def with_suffix(name: str, project: str) -> str:
    """Return the name for a project whose folder's name is taken by another."""
    return f"{name}-{project_id(project)[:4]}"


def container(owner: int, name: str) -> str:
    """Return what an environment's container and network are called, and its SSH host."""
    return f"envkit-{owner}-{name}"


def helper(container_name: str) -> str:
    """Return what the container that prepares an environment's volumes is called; no environment has a dot."""
    return f"{container_name}.volumes"


def volume(container_name: str, name: str) -> str:
    """Return what a volume of the environment whose container has that title is called."""
    return f"{container_name}-{name}"


def architecture(machine: str) -> str:
    """Return a machine's architecture as Docker calls it, from the kernel's word."""
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def base_ref(suite: str) -> str:
    """Return the reference a root file system that envkit assembled gets."""
    return f"{BASE_REPOSITORY}:{suite}"


def base_refs(suite: str) -> tuple[str, str]:
    """Return every reference under which a Debian suite may lie: envkit's own, and Debian's slim image."""
    return base_ref(suite), f"debian:{suite}-slim"


def inspector(container_name: str) -> str:
    """Return what the container is called that looks into an environment's base image."""
    return f"{container_name}.look"


def smoke_prefix(owner: int) -> str:
    """Return how the name of every container begins that a smoke test of that user makes."""
    return f"envkit-{owner}-smoke."


def neighbour_prefix(owner: int) -> str:
    """Return how the name of every container begins that an audit of that user's knocks from."""
    return f"envkit-{owner}-neighbour."


def temporary_prefixes(owner: int) -> tuple[str, ...]:
    """Return how the names of all containers of one run begin, of one user."""
    return smoke_prefix(owner), neighbour_prefix(owner)


def project_id(project: str) -> str:
    """Return a short stand-in for a project's real path: labels are for everybody to read."""
    return hashlib.sha256(project.encode()).hexdigest()[:16]


def belongs_to(labels: Mapping[str, str], owner: int, project: str) -> bool:
    """Say whether labels are those of one project's environment."""
    return (labels.get(MANAGED), labels.get(OWNER), labels.get(PROJECT)) == ("1", str(owner), project_id(project))


def labels(owner: int, name: str, project: str) -> dict[str, str]:
    """Return the labels everything of one environment carries."""
    return {MANAGED: "1", OWNER: str(owner), NAME: name, PROJECT: project_id(project)}


def container_labels(plan: Plan, digests: Digests) -> dict[str, str]:
    """Return the container's labels, without those that serve other tools."""
    base_labels = {**labels(plan.owner, plan.name, plan.project), IMAGE: digests.image, RUN: digests.run}
    return {**base_labels, **port_labels(plan.run)}


def port_labels(run: RunPlan) -> dict[str, str]:
    """Return the labels that say at which ports of loopback a container is published."""
    ssh_port = run.host_port(SSH_PORT)
    return {PORT: str(run.host_port(JUPYTER_PORT) or ""), **({SSH_PORT_LABEL: str(ssh_port)} if ssh_port else {})}
