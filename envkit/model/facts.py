"""What is known before anything is decided: catalogue, host, engine, and what envkit already runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Suite:
    """A Debian release as a base of workspaces.

    Attributes:
        name: Debian's own word for it, such as `bookworm`.
        python: The interpreter it ships, such as `3.11`; it runs the Jupyter server.
        openssh: Version of its OpenSSH server, such as `9.2`.
        kex: Key exchanges its sshd offers, strongest first.
        security_until: Last day with security updates from Debian LTS, ISO date.
    """

    name: str
    python: str
    openssh: str
    kex: tuple[str, ...]
    security_until: str


@dataclass(frozen=True, slots=True)
class Bound:
    """A version bound that keeps a TensorFlow release importable, and why."""

    package: str
    specifier: str
    reason: str


@dataclass(frozen=True, slots=True)
class Release:
    """A TensorFlow release, as the catalogue knows it.

    Attributes:
        version: Full version, such as `2.9.0`.
        package_cpu: Requirement without a GPU, such as `tensorflow-cpu==2.9.0`.
        package_gpu: Requirement with a GPU, such as `tensorflow==2.9.0`.
        python_min: Oldest CPython with a Linux wheel, such as `3.7`.
        python_max: Newest CPython with a Linux wheel, such as `3.10`.
        cuda: CUDA version it was built with.
        cudnn: cuDNN version it was built with.
        driver_min: Oldest NVIDIA driver that can serve that CUDA.
        compute_capabilities: GPU architectures with native code, such as `sm_75`.
        ptx: Architecture whose PTX newer GPUs compile at run time, such as `compute_80`.
        bounds: What may be installed beside it.
        official_tag: Tag of the official image without a GPU, such as `2.9.0-jupyter`; empty where none
            was published.
        official_tag_gpu: Tag of the official image with a GPU, such as `2.9.0-gpu-jupyter`; empty likewise.
        known_broken: Why the official GPU image does not serve as it is, and the mend; or empty.
        suite: Debian suite its workspace is built on.
        python_suite: Debian suite its kernel's Python comes from.
        python: The kernel's Python on that suite, such as `3.9`.
        proven: Whether envkit's own tests build and run it.
        sources: Where these facts were read.
    """

    version: str
    package_cpu: str
    package_gpu: str
    python_min: str
    python_max: str
    cuda: str
    cudnn: str
    driver_min: str
    compute_capabilities: tuple[str, ...]
    ptx: str
    bounds: tuple[Bound, ...]
    official_tag: str
    official_tag_gpu: str
    known_broken: str
    suite: str
    python_suite: str
    python: str
    proven: bool
    sources: tuple[str, ...]


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
    """

    driver: str = ""
    nodes: tuple[str, ...] = ()
    devices: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Wants:
    """What has to be looked at for a config, no more.

    Attributes:
        project: Folder of the config file.
        state: Folder envkit keeps this environment's state in.
        workspace: As the config says, relative to the project.
        keys: Public key files as written, or None for the caller's usual ones.
        texts: Files whose text matters (requirements, CA certificates), as written.
        paths: Mount sources, as written.
        secrets: Source of each secret, as written, by name.
        port: The port the user asks for, or None.
        ca: Whether to look for extra CA certificates.
        proxy: Whether to look for the caller's proxy.
    """

    project: str
    state: str = ""
    workspace: str = "."
    keys: tuple[str, ...] | None = None
    texts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()
    port: int | None = None
    ca: bool = True
    proxy: bool = True


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
        config_files: Text of each config file inside the workspace, by real path.
        cpus: Processors of the host.
        memory_mib: Memory of the host in MiB.
        machine: Architecture as Docker names it, such as `amd64`.
        keys: Public keys found for SSH, in order of preference.
        texts: Contents of files the config names (requirements, CA), by path as written; None if unreadable.
        real_paths: Real path of each file, mount and secret source, by path as written; None if it is not there.
        secrets: SHA-256 of each secret's source file, by name; None if unreadable.
        ca: Extra CA certificates in PEM that the caller's own environment trusts, or empty.
        proxies: Proxy settings of the caller's environment (`http_proxy`, `https_proxy`, `no_proxy`).
        run_proxies: Those the workspace itself runs with; they stay what they were at the first `up`.
        busy_ports: Loopback ports that somebody listens on, with who that is as far as it can be seen.
        routes: Networks in CIDR form that the host already routes.
        state: Folder envkit keeps this environment's state in.
        client_key: Public line of the key `envkit ssh` itself uses, or empty before it was made.
        gpu: What the host says of GPUs.
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
    secrets: Mapping[str, str | None] = field(default_factory=dict)
    ca: str = ""
    proxies: Mapping[str, str] = field(default_factory=dict)
    run_proxies: Mapping[str, str] = field(default_factory=dict)
    homes: tuple[str, ...] = ()
    busy_ports: Mapping[int, str] = field(default_factory=dict)
    routes: tuple[str, ...] = ()
    state: str = ""
    client_key: str = ""
    gpu: HostGpu = HostGpu()


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """The engine that answered.

    Attributes:
        endpoint: Where it answered, such as `unix:///var/run/docker.sock`.
        version: Its version, such as `20.10.24`.
        machine: Architecture it runs containers for, such as `amd64`.
        rootless: Whether it runs without root.
        userns: Whether it maps container users to other host users.
        remote: Whether it runs on another machine.
        gpu_roads: Ways it offers to pass a GPU: `hook`, `runtime`, `cdi`.
    """

    endpoint: str
    version: str
    machine: str
    rootless: bool
    userns: bool
    remote: bool
    gpu_roads: tuple[str, ...]


Status = Literal["created", "running", "paused", "restarting", "removing", "exited", "dead"]


@dataclass(frozen=True, slots=True)
class FoundContainer:
    """A container that stands under the name envkit would use.

    Attributes:
        id: The engine's id.
        status: The engine's word for its state.
        labels: Its labels.
        image_id: Id of the image it was made from.
        networks: Names of the networks it is attached to.
        exit_code: Of its last end; 0 while it runs.
    """

    id: str
    status: Status
    labels: Mapping[str, str]
    image_id: str
    networks: tuple[str, ...] = ()
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image that stands under a reference envkit would use.

    Attributes:
        id: The engine's id.
        labels: Its labels.
        size_bytes: All of its layers, shared ones included.
        ref: The reference it was found under.
    """

    id: str
    labels: Mapping[str, str]
    size_bytes: int = 0
    ref: str = ""


@dataclass(frozen=True, slots=True)
class FoundNetwork:
    """A network that stands under the name envkit would use."""

    id: str
    labels: Mapping[str, str]
    subnet: str


@dataclass(frozen=True, slots=True)
class FoundVolume:
    """A volume that stands under a name envkit would use.

    Attributes:
        labels: Its labels.
        created: What it was given when it was made: tells a new volume of an old name.
    """

    labels: Mapping[str, str]
    created: str


@dataclass(frozen=True, slots=True)
class Found:
    """Everything the engine holds that this environment may collide with or reuse.

    Attributes:
        container: Its container.
        helper: What prepared its volumes, left behind by an envkit that was killed.
        image: The image its plan asks for.
        base: What that image is built on.
        network: Its network.
        volumes: Its volumes, by name.
        subnets: What the engine's other networks take, in CIDR form.
    """

    container: FoundContainer | None = None
    helper: FoundContainer | None = None
    image: FoundImage | None = None
    base: FoundImage | None = None
    network: FoundNetwork | None = None
    volumes: Mapping[str, FoundVolume] = field(default_factory=dict)
    subnets: tuple[str, ...] = ()
