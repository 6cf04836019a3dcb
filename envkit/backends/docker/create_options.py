"""RunPlan -> arguments of the Docker SDK. `render.compose` renders the same plan for Compose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import docker.types

from envkit import naming
from envkit.model.run_options import cdi_devices, container_env, network_options, tmpfs_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker import APIClient

    from envkit.model.run import Gpus, Mount, RunPlan

NANOSECONDS = 10**9


def container(api: APIClient, run: RunPlan, ref: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments of `create_container` for a plan."""
    return {
        "image": ref,
        "use_config_proxy": False,
        "name": run.name,
        "hostname": run.hostname,
        "user": f"{run.user.uid}:{run.user.gid}",
        "working_dir": run.working_dir,
        "command": list(run.command) or None,
        "environment": container_env(run),
        "labels": dict(sorted(labels.items())),
        "ports": [(port.container, "tcp") for port in run.ports],
        "healthcheck": _healthcheck(run),
        "stop_timeout": run.lifecycle.stop_grace_s,
        "host_config": _host_config(api, run),
        "networking_config": _networking_config(api, run),
    }


def network(run: RunPlan, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments of `create_network` for a plan."""
    return {
        "name": run.network.name,
        "driver": "bridge",
        "options": network_options(run.network),
        "ipam": docker.types.IPAMConfig(pool_configs=[docker.types.IPAMPool(subnet=run.network.subnet)]),
        "check_duplicate": True,
        "labels": dict(sorted(labels.items())),
    }


def _networking_config(api: APIClient, run: RunPlan) -> Any:
    if run.network.mode == "none":
        return None
    endpoint = api.create_endpoint_config(aliases=[run.name, naming.SERVICE])
    return api.create_networking_config({run.network.name: endpoint})  # type: ignore[arg-type]


def _host_config(api: APIClient, run: RunPlan) -> Any:
    hardening, lifecycle = run.hardening, run.lifecycle
    return api.create_host_config(
        **gpu_options(run.gpus),
        mounts=[_mount(mount) for mount in run.mounts],
        tmpfs={tmpfs.target: tmpfs_options(tmpfs) for tmpfs in run.tmpfs},
        port_bindings={f"{port.container}/tcp": (port.address, port.host) for port in run.ports},
        network_mode=run.network.name,
        extra_hosts={},
        init=lifecycle.init,
        read_only=hardening.read_only,
        privileged=hardening.privileged,
        cap_drop=list(hardening.cap_drop),
        cap_add=list(hardening.cap_add) or None,
        security_opt=list(hardening.security_opt),
        ipc_mode=hardening.ipc,
        cgroupns=hardening.cgroupns,
        shm_size=run.limits.shm_mib * 2**20,
        mem_limit=run.limits.memory_mib * 2**20,
        nano_cpus=int(run.limits.cpus * NANOSECONDS),
        pids_limit=run.limits.pids,
        ulimits=[docker.types.Ulimit(name="core", soft=hardening.core_ulimit, hard=hardening.core_ulimit)],
        restart_policy={"Name": lifecycle.restart, "MaximumRetryCount": lifecycle.restart_retries},
        log_config=docker.types.LogConfig(
            type="json-file", config={"max-size": lifecycle.log_max_size, "max-file": str(lifecycle.log_max_files)}
        ),
    )


def gpu_options(gpus: Gpus | None) -> dict[str, Any]:
    """Return the host options that provide GPUs: a device request, or another runtime."""
    if gpus is None:
        return {}
    if gpus.method == "runtime":
        return {"runtime": "nvidia"}
    if gpus.method == "cdi":
        return {"device_requests": [docker.types.DeviceRequest(driver="cdi", device_ids=cdi_devices(gpus))]}
    selection: dict[str, Any] = {"count": -1} if gpus.device_ids == ("all",) else {"device_ids": list(gpus.device_ids)}
    return {"device_requests": [docker.types.DeviceRequest(capabilities=[["gpu", "compute", "utility"]], **selection)]}


def _mount(mount: Mount) -> docker.types.Mount:
    if mount.kind == "volume":
        # Without no_copy, the engine would copy the image's folder and its owner into a new volume.
        return docker.types.Mount(mount.target, mount.source, type="volume", read_only=mount.read_only, no_copy=True)
    return docker.types.Mount(
        mount.target, mount.source, type="bind", read_only=mount.read_only, propagation=mount.propagation
    )


def _healthcheck(run: RunPlan) -> dict[str, Any]:
    health = run.health
    return {
        "test": ["CMD", *health.command],
        "interval": health.interval_s * NANOSECONDS,
        "timeout": health.timeout_s * NANOSECONDS,
        "start_period": health.start_s * NANOSECONDS,
        "retries": health.retries,
    }
