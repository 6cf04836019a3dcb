"""What is known of the host and the engine before anything is decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the host, by number."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public SSH key: one validated line, and where it was read."""

    line: str
    path: str


@dataclass(frozen=True, slots=True)
class HostGpu:
    """What the host itself says of NVIDIA GPUs.

    Attributes:
        driver: Version of the loaded kernel driver, or empty when none is loaded.
        nodes: The `/dev/nvidia*` device nodes that exist.
        devices: PCI addresses of NVIDIA display devices, or None when nobody looked.
        wsl: Whether this is Windows' Linux (WSL 2) and shows a GPU in its own way, as `/dev/dxg`.
    """

    driver: str = ""
    nodes: tuple[str, ...] = ()
    devices: tuple[str, ...] | None = None
    wsl: bool = False


@dataclass(frozen=True, slots=True)
class HostQuery:
    """What has to be looked at for a config, no more.

    Attributes:
        project: Folder of the config file.
        state: Folder envkit keeps this environment's state in.
        workspace: As the config says, relative to the project.
        keys: Public key files as written, or None for the caller's usual ones.
        texts: Files whose text matters (requirements, CA certificates), as written.
        paths: Mount sources, as written.
        secrets: Source of each secret, as written, by name.
        ports: The ports the user asks for.
        ca: Whether to look for extra CA certificates.
        proxy: Whether to look for the caller's proxy; whom it is not asked for is looked up always.
        gpu: Whether a GPU is taken where there is one to be had, which is kept once it was found out.
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
class Facts:
    """The host as it was looked at: nothing here was changed by looking.

    Attributes:
        caller: Who runs envkit.
        sudo_caller: Who called `sudo`, when the caller is root through it.
        workspace: Real path of the workspace folder.
        workspace_owner: Its owner, or None when there is no such folder.
        home: The caller's home folder.
        homes: Home folders of the caller, of who called sudo, and of the workspace's owner.
        config_files: Text of each config file of the project, by real path; links are none.
        cpus: Processors of the host.
        memory_mib: Memory of the host in MiB.
        machine: Architecture as Docker names it, such as `amd64`.
        keys: Public keys found for SSH, in order of preference.
        texts: Contents of files the config names (requirements, CA), by path as written; None if unreadable.
        real_paths: Real path of each file, mount and secret source, by path as written; None if it is not there.
        secrets: SHA-256 of each secret's source file, by name; None if unreadable.
        exposed_secrets: The secrets, by name, whose source file every user of this host may read.
        ca: Extra CA certificates in PEM that the caller's own environment trusts, or empty.
        proxies: Proxy settings of the caller's environment (`http_proxy`, `https_proxy`, `no_proxy`).
        run_proxies: Those the workspace itself runs with; they stay what they were at the first `up`.
        busy_ports: Loopback ports that somebody listens on, with who that is as far as it can be seen.
        routes: Networks in CIDR form that the host already routes.
        state: Folder envkit keeps this environment's state in.
        client_key: Public line of the key `envkit ssh` itself uses, or empty before it was made.
        gpu: What the host says of GPUs.
        gpu_methods: Ways the engine offers to pass one; empty where it was not asked.
        gpu_offered: Whether there was a GPU to be had when this environment was made, or None before that.
        remote_volumes_dir: For an engine on another machine, that machine's folder of volumes; empty for one of this machine.
    """

    caller: Account
    sudo_caller: Account | None
    workspace: str
    workspace_owner: Account | None
    home: str
    config_files: Mapping[str, str]
    cpus: int
    memory_mib: int
    machine: str
    keys: tuple[PublicKey, ...] = ()
    texts: Mapping[str, str | None] = field(default_factory=dict)
    real_paths: Mapping[str, str | None] = field(default_factory=dict)
    secrets: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    exposed_secrets: tuple[str, ...] = ()
    ca: str = ""
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    run_proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    homes: tuple[str, ...] = ()
    busy_ports: Mapping[int, str] = field(default_factory=dict)
    routes: tuple[str, ...] = ()
    state: str = ""
    client_key: str = ""
    gpu: HostGpu = HostGpu()
    gpu_methods: tuple[str, ...] = ()
    gpu_offered: bool | None = None
    remote_volumes_dir: str = ""


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """The engine that answered.

    Attributes:
        endpoint: Where it answered, such as `unix:///var/run/docker.sock`.
        version: Its version, such as `20.10.24`.
        machine: Architecture it runs containers for, such as `amd64`.
        rootless: Whether it runs without root.
        userns: Whether it maps container users to other host users.
        gpu_methods: Ways it offers to pass a GPU: `cdi`, `hook`, `runtime`.
        podman: Whether it is Podman, which speaks Docker's language beside its own.
        cpus: Processors of its machine.
        memory_mib: Memory of its machine in MiB.
        volumes_dir: Folder of its machine that its volumes lie in.
        host: What its machine is called, or empty.
        system: Distribution of its machine, or empty.
        kernel: Release of its machine's kernel, or empty.
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
