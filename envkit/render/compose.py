"""Plan -> compose.yaml: the same container in Docker Compose's format."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from envkit import naming
from envkit.model.artifact import Artifact
from envkit.model.run_options import cdi_devices, container_env, network_options, tmpfs_options
from envkit.render.jinja import render_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.model.run import Gpus, Mount, RunPlan
    from envkit.reconcile import DesiredState

FILE = "compose.yaml"
PREFIX = "com.docker.compose."
PLACEHOLDER_HASH = "made-by-envkit"


def render(desired: DesiredState) -> Artifact:
    """Render the compose file of an environment."""
    return Artifact(FILE, render_template("compose.yaml.j2", name=desired.plan.name, document=document(desired)), 0o600)


def parse_picked(text: str) -> tuple[dict[int, int], str]:
    """Return the host port of each container port, and the subnet, of a rendered file; empty if there is none."""
    ports = re.findall(r"target: ([0-9]{1,5})\n\s+published: ['\"]([0-9]{1,5})['\"]\n", text)
    subnet = re.search(r"subnet: ([0-9./]{9,18})\n", text)
    return {int(container): int(host) for container, host in ports}, subnet[1] if subnet else ""


def document(desired: DesiredState) -> dict[str, Any]:
    """Build the content of the compose file."""
    run, labels = desired.plan.run, naming.labels(desired.plan.owner, desired.plan.name, desired.plan.label_path)
    volumes = [mount for mount in run.mounts if mount.kind == "volume"]
    return {
        "name": run.name,
        "services": {naming.SERVICE: _service(desired)},
        **_networks(run, labels),
        "volumes": {_volume_key(run, volume): {"name": volume.source, "labels": dict(labels)} for volume in volumes},
    }


def _networks(run: RunPlan, labels: Mapping[str, str]) -> dict[str, Any]:
    if run.network.mode == "none":
        return {}
    return {
        "networks": {
            "default": {
                "name": run.network.name,
                "driver": "bridge",
                "driver_opts": network_options(run.network),
                "ipam": {"config": [{"subnet": run.network.subnet}]},
                "labels": dict(labels),
            }
        }
    }


def container_labels(run: RunPlan, folder: str) -> dict[str, str]:
    """Build the labels by which Compose recognizes a container as its own.

    Compose accepts any hash when it lists, stops or removes a container; `docker compose up` recreates it once.
    """
    return {
        f"{PREFIX}project": run.name,
        f"{PREFIX}service": naming.SERVICE,
        f"{PREFIX}container-number": "1",
        f"{PREFIX}oneoff": "False",
        f"{PREFIX}config-hash": PLACEHOLDER_HASH,
        f"{PREFIX}project.config_files": f"{folder}/{FILE}",
        f"{PREFIX}project.working_dir": folder,
    }


def network_labels(run: RunPlan) -> dict[str, str]:
    """Build the labels by which Compose recognizes a network as its own."""
    return {f"{PREFIX}project": run.name, f"{PREFIX}network": "default"}


def volume_labels(run: RunPlan, volume: str) -> dict[str, str]:
    """Build the labels by which Compose recognizes a volume as its own."""
    return {f"{PREFIX}project": run.name, f"{PREFIX}volume": volume.removeprefix(f"{run.name}-")}


def _service(desired: DesiredState) -> dict[str, Any]:
    run = desired.plan.run
    hardening, lifecycle = run.hardening, run.lifecycle
    return {
        "image": desired.ref,
        "pull_policy": "never",
        "container_name": run.name,
        "hostname": run.hostname,
        "user": f"{run.user.uid}:{run.user.gid}",
        "working_dir": run.working_dir,
        **({"command": list(run.command)} if run.command else {}),
        "init": lifecycle.init,
        "read_only": hardening.read_only,
        "privileged": hardening.privileged,
        "cap_drop": list(hardening.cap_drop),
        **({"cap_add": list(hardening.cap_add)} if hardening.cap_add else {}),
        "security_opt": list(hardening.security_opt),
        "ipc": hardening.ipc,
        "cgroup": hardening.cgroupns,
        "environment": container_env(run),
        "labels": dict(sorted(naming.container_labels(desired.plan, desired.digests).items())),
        **({"network_mode": run.network.mode} if run.network.mode == "none" else {}),
        "ports": [_port(port.address, port.host, port.container) for port in run.ports],
        "volumes": [_mount(run, mount) for mount in run.mounts],
        "tmpfs": [f"{tmpfs.target}:{tmpfs_options(tmpfs)}" for tmpfs in run.tmpfs],
        "shm_size": f"{run.limits.shm_mib}m",
        "mem_limit": f"{run.limits.memory_mib}m",
        "cpus": run.limits.cpus,
        "pids_limit": run.limits.pids,
        "ulimits": {"core": {"soft": hardening.core_ulimit, "hard": hardening.core_ulimit}},
        "restart": f"{lifecycle.restart}:{lifecycle.restart_retries}",
        "logging": {
            "driver": "json-file",
            "options": {"max-size": lifecycle.log_max_size, "max-file": str(lifecycle.log_max_files)},
        },
        "stop_grace_period": f"{lifecycle.stop_grace_s}s",
        "healthcheck": _health(run),
        **_gpu_options(run.gpus),
    }


def _gpu_options(gpus: Gpus | None) -> dict[str, Any]:
    if gpus is None:
        return {}
    if gpus.method == "runtime":
        return {"runtime": "nvidia"}
    if gpus.method == "cdi":
        device: dict[str, Any] = {"driver": "cdi", "device_ids": cdi_devices(gpus), "capabilities": ["gpu"]}
    else:
        device = {"capabilities": ["gpu", "compute", "utility"]}
        device |= {"count": "all"} if gpus.device_ids == ("all",) else {"device_ids": list(gpus.device_ids)}
    return {"deploy": {"resources": {"reservations": {"devices": [device]}}}}


def _port(address: str, host: int, container: int) -> dict[str, Any]:
    return {"target": container, "published": str(host), "host_ip": address, "protocol": "tcp"}


def _mount(run: RunPlan, mount: Mount) -> dict[str, Any]:
    if mount.kind == "volume":
        return {
            "type": "volume",
            "source": _volume_key(run, mount),
            "target": mount.target,
            "read_only": mount.read_only,
            "volume": {"nocopy": True},
        }
    return {
        "type": "bind",
        "source": mount.source,
        "target": mount.target,
        "read_only": mount.read_only,
        "bind": {"propagation": mount.propagation, "create_host_path": False},
    }


def _volume_key(run: RunPlan, mount: Mount) -> str:
    return mount.source.removeprefix(f"{run.name}-")


def _health(run: RunPlan) -> Mapping[str, Any]:
    return {
        "test": ["CMD", *run.health.command],
        "interval": f"{run.health.interval_s}s",
        "timeout": f"{run.health.timeout_s}s",
        "start_period": f"{run.health.start_s}s",
        "retries": run.health.retries,
    }
