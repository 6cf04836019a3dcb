"""The host and the engine, as inspected before any decision."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envkit.model.backend import Capabilities

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Account:
    """Numeric ids of a user of the host."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public SSH key: one validated line, and the path it was read from."""

    line: str
    path: str


@dataclass(frozen=True, slots=True)
class HostGpu:
    """NVIDIA GPUs as the host itself shows them.

    Attributes:
        driver: Version of the loaded kernel driver, or empty.
        nodes: Existing `/dev/nvidia*` device nodes.
        devices: PCI addresses of NVIDIA display devices, or None if they were not listed.
        wsl: Whether this is WSL 2, which exposes a GPU as `/dev/dxg`.
        device_ids: PCI device ids of the display devices, such as 0x2b85.
    """

    driver: str = ""
    nodes: tuple[str, ...] = ()
    devices: tuple[str, ...] | None = None
    wsl: bool = False
    device_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class HostQuery:
    """What to inspect on the host for a config.

    Attributes:
        project: Folder of the configuration file.
        state: State folder of the environment.
        workspace: Workspace folder as written, relative to the project.
        keys: Public key files as written, or None for the caller's default ones.
        texts: Files to read as text (requirements, CA certificates), as written.
        paths: Mount sources, as written.
        secrets: Name of each secret with its source file, as written.
        ports: Ports that the config requests.
        ca: Whether to search for extra CA certificates.
        proxy: Whether to read the caller's proxies; `no_proxy` is always read.
        gpu: Whether a GPU is used if the host has one; the first answer is kept.
    """

    project: str
    state: str = ""
    workspace: str = "."
    keys: tuple[str, ...] | None = None
    texts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()
    ports: tuple[int, ...] = ()
    ca: bool = True
    proxy: bool = True
    gpu: bool = True


@dataclass(frozen=True, slots=True)
class HostResources:
    """Resources of the machine that runs the containers.

    Attributes:
        cpus: Number of processors.
        memory_mib: Memory in MiB.
        machine: Architecture as Docker names it, such as `amd64`.
    """

    cpus: int
    memory_mib: int
    machine: str


@dataclass(frozen=True, slots=True)
class HostNetwork:
    """Ports, routes and proxies of the host.

    Attributes:
        busy_ports: Loopback ports in use, each with its listener; an empty string if the listener is unknown.
        routes: Networks in CIDR form that the host routes.
        proxies: Proxy settings of the caller's environment (`http_proxy`, `https_proxy`, `no_proxy`).
        run_proxies: Proxy settings of the workspace itself; they keep the values of the first `up`.
    """

    busy_ports: Mapping[int, str] = field(default_factory=dict)
    routes: tuple[str, ...] = ()
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    run_proxies: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Facts:
    """The host as inspected; the inspection changes nothing.

    Attributes:
        caller: User who runs envkit.
        sudo_caller: User who called `sudo`, if the caller is root through it.
        workspace: Real path of the workspace folder.
        workspace_owner: Its owner, or None if the folder does not exist.
        home: The caller's home folder.
        homes: Home folders of the caller, of the user who called sudo, and of the workspace's owner.
        config_files: Text of each configuration file of the project, by real path; links are left out.
        resources: Processors, memory and architecture.
        keys: Public keys found for SSH, in order of preference.
        texts: Contents of the `texts` files of the query, by path as written; None if unreadable.
        encodings: Encoding of those files that are not UTF-8, such as `UTF-16`, by path as written.
        real_paths: Real path of each file, mount and secret source, by path as written; None if missing.
        secrets: SHA-256 of each secret's source file, by name; None if unreadable.
        exposed_secrets: Names of the secrets whose source file every user of this host can read.
        ca: Extra CA certificates in PEM that the caller's environment trusts, or empty.
        network: Ports, routes and proxies.
        state: State folder of the environment.
        client_key: Public line of the key that `envkit ssh` uses, or empty before it exists.
        gpu: NVIDIA GPUs as the host shows them.
        gpu_methods: The engine's methods to pass a GPU; empty if it was not asked.
        gpu_offered: Whether a GPU was available when the environment was created, or None before that.
        remote_volumes_dir: Volumes folder on a remote engine's machine; empty for a local engine.
        capabilities: What the backend can do.
    """

    caller: Account
    sudo_caller: Account | None
    workspace: str
    workspace_owner: Account | None
    home: str
    config_files: Mapping[str, str]
    resources: HostResources
    keys: tuple[PublicKey, ...] = ()
    texts: Mapping[str, str | None] = field(default_factory=dict)
    encodings: Mapping[str, str] = field(default_factory=dict)
    real_paths: Mapping[str, str | None] = field(default_factory=dict)
    secrets: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    exposed_secrets: tuple[str, ...] = ()
    ca: str = ""
    homes: tuple[str, ...] = ()
    network: HostNetwork = field(default_factory=HostNetwork)
    state: str = ""
    client_key: str = ""
    gpu: HostGpu = HostGpu()
    gpu_methods: tuple[str, ...] = ()
    gpu_offered: bool | None = None
    remote_volumes_dir: str = ""
    capabilities: Capabilities = field(default_factory=Capabilities)


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """The engine, as inspected.

    Attributes:
        endpoint: Its endpoint, such as `unix:///var/run/docker.sock`.
        version: Its version, such as `20.10.24`.
        machine: Architecture it runs containers for, such as `amd64`.
        rootless: Whether it runs without root.
        userns: Whether it maps container users to other host users.
        gpu_methods: Its methods to pass a GPU: `cdi`, `hook`, `runtime`.
        podman: Whether it is Podman, which also serves Docker's API.
        cpus: Processors of its machine.
        memory_mib: Memory of its machine in MiB.
        volumes_dir: Volumes folder on its machine.
        host: Name of its machine, or empty.
        system: Distribution of its machine, or empty.
        kernel: Release of its machine's kernel, or empty.
        api: Version of its API, such as `1.41`, or empty if unknown.
    """

    endpoint: str
    version: str
    machine: str
    rootless: bool
    userns: bool
    gpu_methods: tuple[str, ...]
    podman: bool = False
    cpus: int = 0
    memory_mib: int = 0
    volumes_dir: str = ""
    host: str = ""
    system: str = ""
    kernel: str = ""
    api: str = ""
