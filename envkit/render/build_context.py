"""ImagePlan -> the whole build context, its Dockerfile among it. Pure, and the same bytes for the same plan."""

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

DEBIAN_MIRROR = "http://deb.debian.org/debian"
CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
PENALTIES_MIN_OPENSSH = (9, 8)  # the OpenSSH that began to turn away addresses with failures
RSA_SIZE_MIN_OPENSSH = (9, 1)  # from here on sshd can refuse small RSA keys; envkit refuses them anyway
CONSTRAINTS = "/etc/envkit/constraints.txt"
GPU_ENVIRONMENT = {
    # What the driver brings into the container: libcuda, and nvidia-smi to look with. Which GPUs, the engine
    # is told for each container; an image that asks for all would get all.
    "NVIDIA_DRIVER_CAPABILITIES": "compute,utility",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # else TensorFlow takes nearly all of a GPU's memory from everybody
    # A GPU newer than the release gets its kernels compiled at first use, which takes up to half an hour:
    # what was compiled is kept in the home volume.
    "CUDA_CACHE_PATH": f"{naming.HOME}/.cache/nvidia",
    "CUDA_CACHE_MAXSIZE": str(4 * 2**30),
}

# The files that need no value, and the mode each has in the image.
STATIC_FILES = {
    "apt/dpkg.cfg": 0o644,
    "apt/envkit.conf": 0o644,
    "apt/none": 0o644,
    "bin/entrypoint": 0o755,
    "bin/guarded-install": 0o755,
    "bin/keep-sshd": 0o755,
    "bin/listens": 0o755,
    "bin/serve.py": 0o644,
    "build/furnish": 0o755,
    "build/install-apt": 0o755,
    "build/install-python": 0o755,
    "build/install-uv": 0o755,
    "build/prove-jupyter.py": 0o644,
    "build/prove-tensorflow.py": 0o644,
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
        quote.Unsafe: A value of the plan cannot stand where it would land.
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
    # Of two of one path the later one counts: a layout has its own in the place of some.
    return tuple(
        sorted({artifact.path: artifact for artifact in artifacts}.values(), key=lambda artifact: artifact.path)
    )


def strip_comments(dockerfile: str) -> str:
    """Return a Dockerfile without its comments and blank lines: what the builder acts on."""
    lines = (line for line in dockerfile.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    return "".join(f"{line}\n" for line in lines)


def archive_urls(mirror: str) -> tuple[str, str]:
    """Return the URLs of a Debian mirror's main and security archives: the second lies beside the first.

    Args:
        mirror: URL of the main archive, or empty for Debian's own.
    """
    main = (mirror or DEBIAN_MIRROR).rstrip("/")
    return main, f"{main}-security"


def workspace_env(plan: ImagePlan) -> dict[str, str]:
    """Return what every process of the workspace is given: by the image, and by sshd to its sessions."""
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
        server_python=plan.suite.python,
        release=plan.release,
        gpu=plan.gpu,
        tensorflow=plan.release.package_gpu if plan.gpu else plan.release.package_cpu,
        borrowed=_borrowed_suite(plan),
        ca=ca,
        apt=[filters.package(package) for package in plan.apt],
        python=plan.python,
        environment=workspace_env(plan),
        login=foreign_base.netrc_mount(plan),
    )


def _apt(plan: ImagePlan) -> tuple[Artifact, ...]:
    suite, borrowed_suite = plan.suite.name, _borrowed_suite(plan)
    main, security = archive_urls(plan.mirror)
    if plan.suite.system != "debian":
        return ()  # other systems keep their own lists
    debian_sources = render_template("debian/apt/debian.sources.j2", main=main, security=security, suite=suite)
    sources = Artifact("apt/debian.sources", debian_sources)
    if not borrowed_suite:
        return (sources,)
    borrowed_sources = render_template(
        "debian/apt/borrowed.sources.j2", main=main, security=security, borrowed=borrowed_suite
    )
    pin = render_template(
        "debian/apt/borrowed.pref.j2", suite=suite, borrowed=borrowed_suite, python=plan.release.python
    )
    return sources, Artifact("apt/borrowed.sources", borrowed_sources), Artifact("apt/borrowed.pref", pin)


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
    }
    return Artifact("etc/sshd_config", sshd), Artifact("share/kernel.json", json.dumps(kernel_spec, indent=1) + "\n")


def _gpu(plan: ImagePlan) -> tuple[Artifact, ...]:
    scripts = {"build/link-cuda": 0o755, "build/prove-cuda.py": 0o644}
    return tuple(Artifact(path, read_static(f"debian/{path}"), mode) for path, mode in scripts.items() if plan.gpu)


def _borrowed_suite(plan: ImagePlan) -> str:
    """Return the suite that lends the kernel its Python, or nothing when the base has it itself."""
    if plan.layout:
        return plan.release.python_suite if plan.layout.kernel.origin == "borrowed" else ""
    return "" if plan.release.python_suite == plan.suite.name else plan.release.python_suite


def _plain_http_host(index: str) -> str:
    """Return host and port of an address that is reached without TLS, else nothing."""
    return urlsplit(index).netloc if index.startswith("http://") else ""


def _certificates(pem: str) -> tuple[Artifact, ...]:
    """Take the certificates alone out of a bundle, each once: it may hold comments, or keys."""
    pem_blocks = certificates(pem)
    return (Artifact("ca/extra.pem", "".join(pem_blocks)),) if pem_blocks else ()
