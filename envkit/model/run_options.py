"""Option strings of a container, shared by the Docker backend and `compose.yaml`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envkit.model.network import Network
    from envkit.model.run import Gpus, RunPlan, Tmpfs

MTU = "com.docker.network.driver.mtu"


def network_options(network: Network) -> dict[str, str]:
    """Isolate containers from each other, bind ports without an address to loopback, and set the MTU."""
    return {
        "com.docker.network.bridge.enable_icc": "false",
        "com.docker.network.bridge.host_binding_ipv4": "127.0.0.1",
        **({MTU: str(network.mtu)} if network.mtu else {}),
    }


def tmpfs_options(tmpfs: Tmpfs) -> str:
    """Format the mount options of a tmpfs. Docker adds `noexec` unless `exec` is given."""
    options = ["rw", "nosuid", "nodev", "exec" if tmpfs.executable else "noexec", f"size={tmpfs.size_mib}m"]
    options.append(f"mode={tmpfs.mode:04o}")
    if tmpfs.owner is not None:
        options += [f"uid={tmpfs.owner.uid}", f"gid={tmpfs.owner.gid}"]
    return ",".join(options)


def container_env(run: RunPlan) -> dict[str, str]:
    """Build the container's environment variables."""
    return dict(sorted({**run.env, **gpu_env(run.gpus)}.items()))


def gpu_env(gpus: Gpus | None) -> dict[str, str]:
    """Build the environment variable from which the nvidia runtime reads the requested GPUs."""
    return {"NVIDIA_VISIBLE_DEVICES": ",".join(gpus.device_ids)} if gpus and gpus.method == "runtime" else {}


def cdi_devices(gpus: Gpus) -> list[str]:
    """Return the CDI device names of GPUs."""
    return [f"nvidia.com/gpu={device_id}" for device_id in gpus.device_ids]
