"""Entries of the catalog: TensorFlow releases, and the systems they run on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Suite:
    """A release of Debian or Ubuntu as a base of workspaces.

    Attributes:
        name: Codename, such as `bookworm`.
        python: Version of its Python, such as `3.11`; it runs the Jupyter server.
        openssh: Version of its OpenSSH server, such as `9.2`.
        kex: Key exchanges its sshd offers, strongest first.
        security_until: Last day with security updates from Debian LTS, ISO date.
        system: `debian` or `ubuntu`.
        pip_wheel: Package that contains its pip as a wheel.
        archive: URL of its packages after its end of life, or empty before that.
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
# Names of the same release for other devices and platforms. In a workspace, they mean its TensorFlow.
RELEASE_NAMES = (
    *TENSORFLOW_PACKAGES,
    "tensorflow-gpu",
    "tensorflow-intel",
    "tensorflow-macos",
    "tensorflow-cpu-aws",
    "tensorflow-aarch64",
)
# Other builds of TensorFlow, with the same files. The package index had versions of most for Linux in November 2026.
# Plug-ins, such as tensorflow-metal, are not among them.
OTHER_BUILDS = frozenset(
    {
        "tf-nightly",
        "tf-nightly-cpu",
        "tf-nightly-gpu",
        "tf-nightly-intel",
        "tf-nightly-cpu-aws",
        "intel-tensorflow",
        "intel-tensorflow-avx512",
        "tensorflow-rocm",
        "tensorflow-rocm-enhanced",
        "tensorflow-directml",
    }
)


@dataclass(frozen=True, slots=True)
class Bound:
    """A version bound that keeps a TensorFlow release importable, and its reason."""

    package: str
    specifier: str
    reason: str


@dataclass(frozen=True, slots=True)
class Release:
    """A TensorFlow release of the catalog.

    Attributes:
        version: Full version, such as `2.9.0`.
        package_cpu: Requirement without a GPU, such as `tensorflow-cpu==2.9.0`.
        package_gpu: Requirement with a GPU, such as `tensorflow==2.9.0`.
        python_min: Oldest CPython with a Linux wheel, such as `3.7`.
        python_max: Newest CPython with a Linux wheel, such as `3.10`.
        cuda: CUDA version it was built with.
        cudnn: cuDNN version it was built with.
        driver_min: Oldest NVIDIA driver that supports that CUDA.
        compute_capabilities: GPU architectures with native code, such as `sm_75`.
        ptx: Architecture whose PTX newer GPUs compile at run time, such as `compute_80`.
        wheels_gpu: Pinned requirements of CUDA wheels, where `package_gpu` does not depend on them.
        extra_packages: Packages that it needs and does not depend on.
        libraries: Shared objects of CUDA and cuDNN that it loads, such as `libcudnn.so.8`.
        bounds: Bounds on packages installed beside it.
        companions: Bounds on packages that import it, which it does not depend on.
        official_tag: Tag of the official CPU image, such as `2.9.0-jupyter`; empty if none was published.
        official_tag_gpu: Tag of the official GPU image, such as `2.9.0-gpu-jupyter`; empty if none was published.
        image_issue: Why the official GPU image does not work as published, with a hint; or empty.
        image_issue_id: Catalog id of that issue, such as `cudnn-8`; or empty.
        suite: Debian suite of its workspace.
        python_suite: Debian suite that provides the kernel's Python.
        python: The kernel's Python on that suite, such as `3.9`.
        proven: Whether envkit's own tests build and run it.
        sources: Sources of these facts.
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
    extra_packages: tuple[str, ...]
    libraries: tuple[str, ...]
    bounds: tuple[Bound, ...]
    official_tag: str
    official_tag_gpu: str
    image_issue: str
    suite: str
    python_suite: str
    python: str
    proven: bool
    sources: tuple[str, ...]
    image_issue_id: str = ""
    companions: tuple[Bound, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of packages that mean this release in its workspace."""
        return RELEASE_NAMES

    @property
    def constraints(self) -> tuple[Bound, ...]:
        """All version bounds of its workspace, which also exclude another TensorFlow that would hide this one."""
        reason = f"this workspace is TensorFlow {self.version}; `tensorflow:` in envkit.yaml changes it"
        return (
            *(Bound(name, f"=={self.version}", reason) for name in TENSORFLOW_PACKAGES),
            *self.bounds,
            *self.companions,
        )


@dataclass(frozen=True, slots=True)
class NewerGpu:
    """A generation of GPUs that is newer than the code of every release.

    Attributes:
        name: Its name, with models.
        compute_capabilities: Its compute capabilities, such as (12, 0).
        pci: Ranges of its PCI device ids, first and last.
        fails_from: First series, such as (2, 16), for which users report that it fails; None if there are no reports.
        sources: Sources of these facts.
    """

    name: str
    compute_capabilities: tuple[tuple[int, int], ...]
    pci: tuple[tuple[int, int], ...]
    fails_from: tuple[int, int] | None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NvidiaContainer:
    """NVIDIA's own container of TensorFlow.

    Attributes:
        image: Its reference.
        tensorflow: Version of its TensorFlow.
        python: Version of its Python.
        sources: Sources of these facts.
    """

    image: str
    tensorflow: str
    python: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mitigation:
    """Versions that envkit accepts on older Pythons, because it closes the vulnerability itself.

    Attributes:
        specifier: Specifier of these versions.
        python_below: First Python that fixed versions support, such as `3.10`.
        measure: How envkit closes the vulnerability.
    """

    specifier: str
    python_below: str
    measure: str


@dataclass(frozen=True, slots=True)
class Floor:
    """Versions of a server package without a published vulnerability that reaches a workspace.

    Attributes:
        package: Name on the package index.
        fixed_versions: Specifiers; a version is fixed if one of them contains it.
        vulnerability: What older versions allow.
        source: Source of these facts.
        mitigation: Versions accepted on older Pythons, or None.
    """

    package: str
    fixed_versions: tuple[str, ...]
    vulnerability: str
    source: str
    mitigation: Mitigation | None = None
