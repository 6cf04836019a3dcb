"""ImagePlan -> the complete build context with its Dockerfile. Pure: equal plans give equal bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from envkit import naming
from envkit.model.artifact import Artifact
from envkit.pem import certificates
from envkit.render import filters, foreign_base
from envkit.render.jinja import read_static, render_template

if TYPE_CHECKING:
    from envkit.model.image import ImagePlan

CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
PENALTIES_MIN_OPENSSH = (9, 8)  # first OpenSSH that refuses addresses after failed logins
RSA_SIZE_MIN_OPENSSH = (9, 1)  # first sshd that can refuse small RSA keys; envkit refuses them in any case
CONSTRAINTS = "/etc/envkit/constraints.txt"
GPU_ENVIRONMENT = {
    # Parts of the driver that are mounted: libcuda, and nvidia-smi for inspection. The GPUs are chosen per
    # container; an image that requested all would receive all.
    "NVIDIA_DRIVER_CAPABILITIES": "compute,utility",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # by default TensorFlow reserves nearly all of a GPU's memory
    # For a GPU newer than the release, kernels are compiled at first use, which can take 30 minutes or longer.
    # The result is cached in the home volume.
    "CUDA_CACHE_PATH": f"{naming.HOME}/.cache/nvidia",
    "CUDA_CACHE_MAXSIZE": str(4 * 2**30),
}

# Files without template values, and the mode of each in the image.
STATIC_FILES = {
    "apt/dpkg.cfg": 0o644,
    "apt/envkit.conf": 0o644,
    "bin/entrypoint": 0o755,
    "bin/pip-wrapper": 0o755,
    "bin/run-sshd": 0o755,
    "bin/check-port": 0o755,
    "bin/serve.py": 0o644,
    "build/prepare-workspace": 0o755,
    "build/provide-tensorflow.py": 0o644,
    "build/install-apt": 0o755,
    "build/install-python": 0o755,
    "build/install-uv": 0o755,
    "build/link-duplicates": 0o755,
    "build/check-jupyter.py": 0o644,
    "build/check-tensorflow.py": 0o644,
    "etc/ipython_config.py": 0o644,
    "etc/ipython_magics.py": 0o644,
    "etc/jupyter_server_config.py": 0o644,
    "etc/page_config.json": 0o644,
    "etc/profile.sh": 0o644,
    "etc/session.sh": 0o644,
    "python/jupyter-requirements.txt": 0o644,
    "python/uv-requirements.txt": 0o644,
}


def render(plan: ImagePlan) -> tuple[Artifact, ...]:
    """Render the build context of an image, ordered by path.

    Raises:
        UnsafeValueError: A value of the plan is not safe where the template puts it.
    """
    ca_artifacts = _certificates(plan.ca)
    artifacts = (
        Artifact("Dockerfile", _dockerfile(plan, ca=bool(ca_artifacts))),
        *(Artifact(path, read_static(f"debian/{path}"), mode) for path, mode in STATIC_FILES.items()),
        *foreign_base.files(plan),
        *_apt(plan),
        *_python(plan),
        *_etc(plan),
        *_gpu(plan),
        *ca_artifacts,
    )
    # A later artifact replaces an earlier one with the same path: a layout overrides some files.
    return tuple(
        sorted({artifact.path: artifact for artifact in artifacts}.values(), key=lambda artifact: artifact.path)
    )


def strip_comments(dockerfile: str) -> str:
    """Remove comments and blank lines from a Dockerfile, which the builder ignores."""
    lines = (line for line in dockerfile.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    return "".join(f"{line}\n" for line in lines)


def archive_urls(mirror: str) -> tuple[str, str]:
    """Return the URLs of a Debian mirror's main and security archives, which are siblings.

    Args:
        mirror: URL of the main archive.
    """
    main = mirror.rstrip("/")
    return main, f"{main}-security"


def workspace_env(plan: ImagePlan) -> dict[str, str]:
    """Build the environment variables of every process: the image sets them, and sshd sets them for its sessions."""
    release = plan.release
    layer = f"{naming.HOME}/.local/share/envkit/tensorflow-{release.version}-py{plan.kernel_python}"
    path = (
        "/opt/envkit/bin",
        f"{layer}/bin",
        "/opt/tensorflow/bin",
        "/usr/local/bin",
        "/usr/bin",
        "/bin",
        "/opt/jupyter/bin",
    )
    return {
        "PATH": ":".join(path),
        "LANG": "C.UTF-8",
        "VIRTUAL_ENV": layer,
        "PIP_CONSTRAINT": CONSTRAINTS,
        "UV_CONSTRAINT": CONSTRAINTS,
        "PIP_FIND_LINKS": "/opt/envkit/wheels",
        "JUPYTER_PATH": "/opt/envkit/share/jupyter",
        "SSL_CERT_FILE": CA_BUNDLE,
        "REQUESTS_CA_BUNDLE": CA_BUNDLE,
        "CURL_CA_BUNDLE": CA_BUNDLE,
        **(GPU_ENVIRONMENT if plan.gpu else {}),
    }


def _dockerfile(plan: ImagePlan, *, ca: bool) -> str:
    if plan.layout:
        return foreign_base.dockerfile(plan, workspace_env(plan), ca=ca)
    return render_template(
        "debian/Dockerfile.j2",
        base=plan.base.ref,
        suite=plan.suite.name,
        mirror=plan.mirror,
        server_python=plan.suite.python,
        release=plan.release,
        kernel_python=plan.kernel_python,
        mitigated=False,
        gpu=plan.gpu,
        tensorflow=plan.release.package_gpu if plan.gpu else plan.release.package_cpu,
        borrowed=_borrowed_suite(plan),
        ca=ca,
        apt=[filters.package(package) for package in plan.apt],
        python=plan.python,
        environment=workspace_env(plan),
        netrc_mount=foreign_base.netrc_mount(plan),
    )


def _apt(plan: ImagePlan) -> tuple[Artifact, ...]:
    suite, borrowed_suite = plan.suite.name, _borrowed_suite(plan)
    if plan.suite.system != "debian":
        return ()  # other systems keep their own package sources
    pin = (
        [
            Artifact(
                "apt/borrowed.pref",
                render_template(
                    "debian/apt/borrowed.pref.j2", suite=suite, borrowed=borrowed_suite, python=plan.release.python
                ),
            )
        ]
        if borrowed_suite
        else []
    )
    if not plan.mirror:  # the mirror of the base image is kept
        return Artifact("build/apt-sources", read_static("debian/build/apt-sources"), 0o755), *pin
    main, security = archive_urls(plan.mirror)
    sources = {"apt/debian.sources": suite} | ({"apt/borrowed.sources": borrowed_suite} if borrowed_suite else {})
    return (
        Artifact("apt/sources.list", read_static("debian/apt/sources.list")),
        *pin,
        *(
            Artifact(path, render_template(f"debian/{path}.j2", main=main, security=security, suite=name))
            for path, name in sources.items()
        ),
    )


def _python(plan: ImagePlan) -> tuple[Artifact, ...]:
    constraints = render_template(
        "debian/python/constraints.txt.j2", release=plan.release, bounds=plan.release.constraints
    )
    pip_conf = render_template("debian/python/pip.conf.j2", index=plan.index, unencrypted=_plain_http_host(plan.index))
    artifacts = (
        Artifact("python/constraints.txt", constraints),
        Artifact("python/pip.conf", pip_conf),
        Artifact("python/uv.toml", render_template("debian/python/uv.toml.j2", index=plan.index)),
    )
    if not plan.python:
        return artifacts
    return *artifacts, Artifact(
        "python/requirements.txt", render_template("debian/python/requirements.txt.j2", python=plan.python)
    )


def _etc(plan: ImagePlan) -> tuple[Artifact, ...]:
    env = workspace_env(plan)
    openssh = tuple(int(number) for number in plan.suite.openssh.split("."))
    sshd = render_template(
        "debian/etc/sshd_config.j2",
        kex=plan.suite.kex,
        penalties=openssh >= PENALTIES_MIN_OPENSSH,
        old=openssh < RSA_SIZE_MIN_OPENSSH,
        environment=env,
        changes=f"{naming.SECRETS}/sshd_config",
    )
    kernel_spec = {
        "argv": [f"{env['VIRTUAL_ENV']}/bin/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": f"TensorFlow {plan.release.version} (Python {plan.kernel_python})",
        "language": "python",
        "metadata": {"debugger": True},
        # Notebooks show TensorBoard behind JupyterLab's login instead of at the container's own address.
        "env": {"TENSORBOARD_PROXY_URL": "/proxy/%PORT%/"},
    }
    return Artifact("etc/sshd_config", sshd), Artifact("share/kernel.json", json.dumps(kernel_spec, indent=1) + "\n")


def _gpu(plan: ImagePlan) -> tuple[Artifact, ...]:
    scripts = {"build/link-cuda": 0o755, "build/check-cuda.py": 0o644}
    return tuple(Artifact(path, read_static(f"debian/{path}"), mode) for path, mode in scripts.items() if plan.gpu)


def _borrowed_suite(plan: ImagePlan) -> str:
    """Return the suite that the kernel's Python comes from, or an empty string if the base provides it."""
    if plan.layout:
        return plan.release.python_suite if plan.layout.kernel.origin == "borrowed" else ""
    return "" if plan.release.python_suite == plan.suite.name else plan.release.python_suite


def _plain_http_host(index: str) -> str:
    """Return host and port of a URL without TLS, else an empty string."""
    return urlsplit(index).netloc if index.startswith("http://") else ""


def _certificates(pem: str) -> tuple[Artifact, ...]:
    """Extract each certificate of a bundle once, without comments and private keys."""
    pem_blocks = certificates(pem)
    return (Artifact("ca/extra.pem", "".join(pem_blocks)),) if pem_blocks else ()
