"""What the catalogue knows: TensorFlow releases, and the systems they run on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Suite:
    """A release of Debian or Ubuntu as a base of workspaces.

    Attributes:
        name: Its own word for itself, such as `bookworm`.
        python: The interpreter it ships, such as `3.11`; it runs the Jupyter server.
        openssh: Version of its OpenSSH server, such as `9.2`.
        kex: Key exchanges its sshd offers, strongest first.
        security_until: Last day with security updates from Debian LTS, ISO date.
        system: `debian` or `ubuntu`.
        pip_wheel: The package that carries its pip inside a wheel.
        archive: Where its packages were moved to after its end, or empty while they are at the usual place.
    """

    name: str
    python: str
    openssh: str
    kex: tuple[str, ...]
    security_until: str
    system: str = "debian"
    pip_wheel: str = "python3-pip-whl"
    archive: str = ""


TENSORFLOW_PACKAGES = ("tensorflow", "tensorflow-cpu")
# Other distributions of TensorFlow, by name: what they install is a package `tensorflow` too. PyPI had versions of most
# for Linux in November 2026. Plug-ins, such as tensorflow-metal, are none.
OTHER_BUILDS = frozenset(
    {
        "tensorflow-gpu",
        "tf-nightly",
        "tf-nightly-cpu",
        "tf-nightly-gpu",
        "tf-nightly-intel",
        "tf-nightly-cpu-aws",
        "intel-tensorflow",
        "intel-tensorflow-avx512",
        "tensorflow-intel",
        "tensorflow-rocm",
        "tensorflow-rocm-enhanced",
        "tensorflow-macos",
        "tensorflow-aarch64",
        "tensorflow-cpu-aws",
        "tensorflow-directml",
    }
)


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
        wheels_gpu: CUDA as Python packages, where `package_gpu` does not bring it; pinned requirements.
        also: Packages installed beside it that it needs and does not ask for itself.
        libraries: Shared objects of CUDA and cuDNN that it asks the loader for, such as `libcudnn.so.8`.
        bounds: What may be installed beside it.
        official_tag: Tag of the official image without a GPU, such as `2.9.0-jupyter`; empty where none
            was published.
        official_tag_gpu: Tag of the official image with a GPU, such as `2.9.0-gpu-jupyter`; empty likewise.
        known_broken: Why the official GPU image does not serve as it is, and the mend; or empty.
        broken: The catalogue's word for that, such as `cudnn-8`; or empty.
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
    wheels_gpu: tuple[str, ...]
    also: tuple[str, ...]
    libraries: tuple[str, ...]
    bounds: tuple[Bound, ...]
    official_tag: str
    official_tag_gpu: str
    known_broken: str
    suite: str
    python_suite: str
    python: str
    proven: bool
    sources: tuple[str, ...]
    broken: str = ""

    @property
    def constraints(self) -> tuple[Bound, ...]:
        """Return what may be installed in its environment: no other TensorFlow, which would hide it from the kernel."""
        reason = f"this workspace is TensorFlow {self.version}; `tensorflow:` in envkit.yaml changes it"
        return (*(Bound(name, f"=={self.version}", reason) for name in TENSORFLOW_PACKAGES), *self.bounds)


@dataclass(frozen=True, slots=True)
class Mitigation:
    """Which versions do where nothing newer runs, because envkit shuts the hole itself.

    Attributes:
        well: Specifier of these versions.
        below: The first Python that newer ones run on, such as `3.10`.
        shut: How envkit shuts the hole.
    """

    well: str
    below: str
    shut: str


@dataclass(frozen=True, slots=True)
class Floor:
    """From which versions on a package of the server has no published hole that reaches a workspace.

    Attributes:
        package: Its name, as an index writes it.
        fixed_versions: Specifiers; a version is well that one of them takes.
        vulnerability: What others let happen.
        source: Where that was read.
        mitigation: What does on an older Python, or None.
    """

    package: str
    fixed_versions: tuple[str, ...]
    vulnerability: str
    source: str
    mitigation: Mitigation | None = None
