"""What was decided. Hardening is the default of these types, so weakening one is an explicit value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from envkit.model.entrance import Ssh

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.model.entrance import Network, Port
    from envkit.model.facts import Account
    from envkit.model.release import Release, Suite


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file to be: relative path, text, and mode.

    Its text stays out of `repr`, and so out of logs and tracebacks.
    """

    path: str
    text: str
    mode: int = 0o644

    def __repr__(self) -> str:
        return f"Artifact({self.path!r}, {len(self.text)} characters, {self.mode:#o})"


@dataclass(frozen=True, slots=True)
class Base:
    """The image a workspace is built on.

    Attributes:
        kind: `debian`, TensorFlow's `official` image, or another `image`.
        ref: Reference the engine knows it by.
        id: The engine's id of it, or empty while it still has to be made.
        origin: Where it came from: `mmdebstrap`, `debootstrap` or `engine`.
    """

    kind: Literal["debian", "official", "image"]
    ref: str
    id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that something in the workspace runs on.

    Attributes:
        version: Such as `3.9`.
        path: Where it is.
        origin: `image`: the base has it; `apt`: its system's own; `borrowed`: an older Debian's; `managed`: uv's.
    """

    version: str
    path: str
    origin: Literal["image", "apt", "borrowed", "managed"]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a workspace is laid over an image that was made for something else.

    Attributes:
        kernel: What TensorFlow runs on.
        server: What JupyterLab runs on.
        has_release: Whether the image brings the TensorFlow release that is wanted.
        lock: Which lock the server is installed from: the oldest Python it is for, such as `3.11`.
        python_mirror: Where managed Pythons come from, or empty for uv's own place.
    """

    kernel: Interpreter
    server: Interpreter
    has_release: bool
    lock: str
    python_mirror: str = ""


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """Everything that goes into the image, and nothing that does not.

    Attributes:
        base: What it starts from.
        suite: The base's system, a Debian suite unless there is a layout.
        release: TensorFlow release.
        gpu: Whether the GPU build of TensorFlow is installed.
        apt: Debian packages the user adds, validated.
        python: Requirements the user adds, validated, one each.
        ca: Extra CA certificates in PEM, or empty.
        index: URL of a Python package index instead of the default, or empty.
        mirror: URL of a Debian mirror instead of the default, or empty.
        layout: How it lies over a base that envkit did not make and is not Debian's own; else None.
    """

    base: Base
    suite: Suite
    release: Release
    gpu: bool = False
    apt: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    ca: str = ""
    index: str = ""
    mirror: str = ""
    layout: Layout | None = None

    @property
    def kernel_python(self) -> str:
        """Version of the Python that TensorFlow runs on, such as `3.9`."""
        return self.layout.kernel.version if self.layout else self.release.python


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder or file of the host, or a named volume, inside the container."""

    kind: Literal["bind", "volume"]
    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Tmpfs:
    """A file system in memory. `executable` because Docker's own default forbids running files from it."""

    target: str
    size_mib: int
    mode: int
    executable: bool = False
    owner: Account | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What one environment may take from the host."""

    cpus: float
    memory_mib: int
    shm_mib: int
    pids: int


@dataclass(frozen=True, slots=True)
class Health:
    """How the engine asks the container whether it still serves."""

    command: tuple[str, ...]
    interval_s: int
    timeout_s: int
    start_s: int
    retries: int


@dataclass(frozen=True, slots=True)
class Gpus:
    """The NVIDIA GPUs a container gets.

    Attributes:
        road: How the engine hands them over: a CDI device, Docker's own `--gpus` with its hook, or the nvidia
            runtime.
        which: Their numbers, or `all`.
    """

    road: str
    which: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunPlan:
    """Every setting given to the engine for the container, and those its servers start with.

    Attributes:
        command: What the entrypoint is told to start beside JupyterLab: `ssh`, or nothing.
        ssh: What the SSH server allows beyond the default.
    """

    name: str
    hostname: str
    user: Account
    mounts: tuple[Mount, ...]
    tmpfs: tuple[Tmpfs, ...]
    ports: tuple[Port, ...]
    network: Network
    limits: Limits
    health: Health
    env: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    ssh: Ssh = field(default_factory=Ssh)
    working_dir: str = "/workspace"
    init: bool = True
    read_only: bool = True
    privileged: bool = False
    cap_drop: tuple[str, ...] = ("ALL",)
    cap_add: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ("no-new-privileges:true",)
    ipc: str = "private"
    cgroupns: Literal["private"] = "private"
    core_ulimit: int = 0
    restart: str = "on-failure"
    restart_retries: int = 5
    log_max_size: str = "10m"
    log_max_files: int = 3
    stop_grace_s: int = 10
    gpus: Gpus | None = None

    def published(self, container: int) -> int:
        """Return the port of the host that a port of the container is published at; 0 for none."""
        return next((port.host for port in self.ports if port.container == container), 0)


@dataclass(frozen=True, slots=True)
class Secret:
    """A file whose content the workspace may read, and no record may show.

    Attributes:
        name: As the config names it.
        source: Path on the host.
        sha256: Of its content, so that a change is noticed without keeping the content. It stays out of `repr` and
            of reports: who has it can try guesses.
    """

    name: str
    source: str
    sha256: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FilesPlan:
    """What is mounted read-only beside the image: replaced in place, nothing recreated.

    Attributes:
        artifacts: Files whose text is decided here (authorized_keys, passwd, group, settings).
        secrets: Files copied from the host.
    """

    artifacts: tuple[Artifact, ...]
    secrets: tuple[Secret, ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    """What lets somebody or something in: compared with the last approved plan.

    Each entry is one sentence a person can agree to.
    """

    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """One environment, wholly decided.

    Attributes:
        name: The environment's name.
        project: Real path of the project folder.
        owner: UID of the caller: whose environment this is.
        image: What to build.
        run: What to run.
        files: What to mount.
        access: What it lets in.
        remarks: What was decided differently from what was asked, one sentence each.
        gpu_required: Whether a run without a usable GPU is a failure.
        logdir: TensorBoard's log folder inside the container.
        build_proxies: Proxy settings of the build alone; they may carry credentials.
    """

    name: str
    project: str
    owner: int
    image: ImagePlan
    run: RunPlan
    files: FilesPlan
    access: Access = Access()
    remarks: tuple[str, ...] = ()
    gpu_required: bool = False
    logdir: str = "/workspace/logs"
    build_proxies: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Digests:
    """What a plan amounts to, in three parts that change for different reasons."""

    image: str
    run: str
    files: str


@dataclass(frozen=True, slots=True)
class State:
    """What envkit remembers of one environment between calls.

    Attributes:
        name: The name it got.
        project: Real path of the project folder.
        workspace: Real path of the workspace.
        port: JupyterLab's loopback port that was picked or asked for; 0 before the first `up`.
        ssh_port: The SSH server's, likewise; 0 before the first `up` that publishes it.
        subnet: The subnet that was picked, or empty.
        base_ref: Reference of the base image that was made or found, or empty.
        base_id: Its id.
        base_origin: Where it came from.
        image_ref: Reference of the image the environment runs on, or empty; `prune` keeps it, down or not.
        approved: The access a person agreed to, or None before the first `up`.
        prepared: Volumes whose root was given to the container user: name to what tells it from its like.
        choices: What `auto` chose, by key.
        verdict: The last verdict of the probe, or empty.
        proven: Whether that verdict is of the environment as it is now, and every check passed.
    """

    name: str
    project: str
    workspace: str = ""
    port: int = 0
    ssh_port: int = 0
    subnet: str = ""
    base_ref: str = ""
    base_id: str = ""
    base_origin: str = ""
    image_ref: str = ""
    approved: tuple[str, ...] | None = None
    prepared: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)
    verdict: str = ""
    proven: bool = False
