"""Plan -> compose.yaml: the same container, in the words of Docker Compose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envkit import names
from envkit.model.artifact import Artifact
from envkit.render.environment import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.decide import Wanted
    from envkit.model.run import Gpus, Mount, RunPlan, Tmpfs

FILE = "compose.yaml"
PREFIX = "com.docker.compose."
UNKNOWN_HASH = "made-by-envkit"


def render(wanted: Wanted) -> Artifact:
    """Render the compose file of an environment."""
    return Artifact(FILE, text("compose.yaml.j2", name=wanted.plan.name, document=document(wanted)), 0o600)


def document(wanted: Wanted) -> dict[str, Any]:
    """Return the compose file as a value."""
    run, labels = wanted.plan.run, names.labels(wanted.plan.owner, wanted.plan.name, wanted.plan.project)
    volumes = [mount for mount in run.mounts if mount.kind == "volume"]
    return {
        "name": run.name,
        "services": {names.SERVICE: _service(wanted)},
        **_networks(run, labels),
        "volumes": {_volume_key(run, one): {"name": one.source, "labels": dict(labels)} for one in volumes},
    }


def _networks(run: RunPlan, labels: Mapping[str, str]) -> dict[str, Any]:
    if run.network.mode == "none":
        return {}
    return {
        "networks": {
            "default": {
                "name": run.network.name,
                "driver": "bridge",
                "driver_opts": network_options(),
                "ipam": {"config": [{"subnet": run.network.subnet}]},
                "labels": dict(labels),
            }
        }
    }


def network_options() -> dict[str, str]:
    """Containers do not reach each other, and a port that names no address lands on loopback."""
    return {
        "com.docker.network.bridge.enable_icc": "false",
        "com.docker.network.bridge.host_binding_ipv4": "127.0.0.1",
    }


def tmpfs_options(one: Tmpfs) -> str:
    """Return a tmpfs's options; Docker adds noexec unless `exec` is named."""
    options = ["rw", "nosuid", "nodev", "exec" if one.executable else "noexec", f"size={one.size_mib}m"]
    options.append(f"mode={one.mode:04o}")
    if one.owner is not None:
        options += [f"uid={one.owner.uid}", f"gid={one.owner.gid}"]
    return ",".join(options)


def environment(run: RunPlan) -> dict[str, str]:
    """Return the container's variables; the nvidia runtime is told by one of them which GPUs to bring."""
    runtime = {"NVIDIA_VISIBLE_DEVICES": ",".join(run.gpus.which)} if run.gpus and run.gpus.road == "runtime" else {}
    return dict(sorted({**run.env, **runtime}.items()))


def cdi_devices(gpus: Gpus) -> list[str]:
    """Return the CDI names of GPUs."""
    return [f"nvidia.com/gpu={one}" for one in gpus.which]


def container_labels(run: RunPlan, folder: str) -> dict[str, str]:
    """Return the labels by which Compose knows a container as its own.

    Compose takes any hash for a container it lists, stops or removes; an `up` of its own recreates it once.
    """
    return {
        f"{PREFIX}project": run.name,
        f"{PREFIX}service": names.SERVICE,
        f"{PREFIX}container-number": "1",
        f"{PREFIX}oneoff": "False",
        f"{PREFIX}config-hash": UNKNOWN_HASH,
        f"{PREFIX}project.config_files": f"{folder}/{FILE}",
        f"{PREFIX}project.working_dir": folder,
    }


def network_labels(run: RunPlan) -> dict[str, str]:
    """Return the labels by which Compose knows a network as its own."""
    return {f"{PREFIX}project": run.name, f"{PREFIX}network": "default"}


def volume_labels(run: RunPlan, volume: str) -> dict[str, str]:
    """Return the labels by which Compose knows a volume as its own."""
    return {f"{PREFIX}project": run.name, f"{PREFIX}volume": volume.removeprefix(f"{run.name}-")}


def _service(wanted: Wanted) -> dict[str, Any]:
    run = wanted.plan.run
    return {
        "image": wanted.ref,
        "pull_policy": "never",
        "container_name": run.name,
        "hostname": run.hostname,
        "user": f"{run.user.uid}:{run.user.gid}",
        "working_dir": run.working_dir,
        **({"command": list(run.command)} if run.command else {}),
        "init": run.init,
        "read_only": run.read_only,
        "privileged": run.privileged,
        "cap_drop": list(run.cap_drop),
        **({"cap_add": list(run.cap_add)} if run.cap_add else {}),
        "security_opt": list(run.security_opt),
        "ipc": run.ipc,
        "cgroup": run.cgroupns,
        "environment": environment(run),
        "labels": dict(sorted(names.container_labels(wanted.plan, wanted.digests).items())),
        **({"network_mode": run.network.mode} if run.network.mode == "none" else {}),
        "ports": [_port(one.address, one.host, one.container) for one in run.ports],
        "volumes": [_mount(run, one) for one in run.mounts],
        "tmpfs": [f"{one.target}:{tmpfs_options(one)}" for one in run.tmpfs],
        "shm_size": f"{run.limits.shm_mib}m",
        "mem_limit": f"{run.limits.memory_mib}m",
        "cpus": run.limits.cpus,
        "pids_limit": run.limits.pids,
        "ulimits": {"core": {"soft": run.core_ulimit, "hard": run.core_ulimit}},
        "restart": f"{run.restart}:{run.restart_retries}",
        "logging": {
            "driver": "json-file",
            "options": {"max-size": run.log_max_size, "max-file": str(run.log_max_files)},
        },
        "stop_grace_period": f"{run.stop_grace_s}s",
        "healthcheck": _health(run),
        **_gpus(run.gpus),
    }


def _gpus(gpus: Gpus | None) -> dict[str, Any]:
    if gpus is None:
        return {}
    if gpus.road == "runtime":
        return {"runtime": "nvidia"}
    if gpus.road == "cdi":
        device: dict[str, Any] = {"driver": "cdi", "device_ids": cdi_devices(gpus), "capabilities": ["gpu"]}
    else:
        device = {"capabilities": ["gpu", "compute", "utility"]}
        device |= {"count": "all"} if gpus.which == ("all",) else {"device_ids": list(gpus.which)}
    return {"deploy": {"resources": {"reservations": {"devices": [device]}}}}


def _port(address: str, host: int, container: int) -> dict[str, Any]:
    return {"target": container, "published": str(host), "host_ip": address, "protocol": "tcp"}


def _mount(run: RunPlan, one: Mount) -> dict[str, Any]:
    if one.kind == "volume":
        return {
            "type": "volume", "source": _volume_key(run, one), "target": one.target, "read_only": one.read_only,
            "volume": {"nocopy": True},
        }
    return {
        "type": "bind", "source": one.source, "target": one.target, "read_only": one.read_only,
        "bind": {"propagation": one.propagation, "create_host_path": False},
    }


def _volume_key(run: RunPlan, one: Mount) -> str:
    return one.source.removeprefix(f"{run.name}-")


def _health(run: RunPlan) -> Mapping[str, Any]:
    return {
        "test": ["CMD", *run.health.command],
        "interval": f"{run.health.interval_s}s",
        "timeout": f"{run.health.timeout_s}s",
        "start_period": f"{run.health.start_s}s",
        "retries": run.health.retries,
    }
