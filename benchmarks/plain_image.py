"""The image that a pip user would build: Debian's own Python and one `pip install`. Built if it does not exist."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.clock import BenchmarkError, run_timed
from envkit import host

if TYPE_CHECKING:
    from benchmarks.scratch import Scratch

RECIPE = Path(__file__).resolve().parent / "plain/Dockerfile"
SUITE = "bullseye"  # the last Debian with a Python that TensorFlow 2.9.0 has wheels for
PACKAGES = "ca-certificates,python3,python3-pip"
REPOSITORY = "envkit-bench"
BUNDLES = (Path("/etc/ssl/certs/ca-certificates.crt"), Path("/etc/pki/tls/certs/ca-bundle.crt"))


def ensure(scratch: Scratch) -> str:
    """Build the plain image if it does not exist, and return its reference; it is kept for the next run."""
    digest = hashlib.sha256("\n".join([SUITE, PACKAGES, RECIPE.read_text()]).encode()).hexdigest()[:12]
    ref, base = f"{REPOSITORY}:plain-{digest}", f"{REPOSITORY}:{SUITE}-{digest}"
    if not scratch.has(ref):
        build(scratch, ref, base)
    return ref


def build(scratch: Scratch, ref: str, base: str) -> None:
    """Assemble Debian and install with pip, without the engine's cache.

    Raises:
        BenchmarkError: If Debian could not be assembled or pip failed.
    """
    tar = scratch.folder / "plain.tar"
    run_timed(["mmdebstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, tar])
    repository, _, tag = base.partition(":")
    scratch.engine.api.import_image_from_file(str(tar), repository=repository, tag=tag)
    tar.unlink()
    _build(scratch, ref, base)


def _build(scratch: Scratch, ref: str, base: str) -> None:
    events = scratch.engine.api.build(
        fileobj=_context(),
        custom_context=True,
        tag=ref,
        rm=True,
        forcerm=True,
        nocache=True,
        decode=True,
        buildargs={"BASE": base, **host.proxies()},
    )
    output: list[str] = []
    for event in events:
        output += str(event.get("stream") or event.get("error") or "").splitlines()
        if "error" in event:
            raise BenchmarkError("building the plain image failed\n" + "\n".join(output[-20:]))


def _context() -> io.BytesIO:
    bundle = next((path.read_bytes() for path in BUNDLES if path.exists()), b"")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in (("Dockerfile", RECIPE.read_bytes()), (BUNDLES[0].name, bundle)):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    buffer.seek(0)
    return buffer
