"""The contents of images, file by file, and their differences."""

from __future__ import annotations

import hashlib
import io
import tarfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import docker

BUFFER = 1 << 20
# Settings that affect containers of an image. Labels are compared elsewhere.
SETTINGS = (
    "Cmd",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Healthcheck",
    "OnBuild",
    "Shell",
    "StopSignal",
    "User",
    "Volumes",
    "WorkingDir",
)
COMPILED = Path(__file__).with_name("bytecode_digest.py")
Tree = dict[str, "Entry"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, folder, link or device of an image."""

    kind: bytes
    mode: int
    uid: int
    gid: int
    size: int
    sha256: str
    target: str
    device: tuple[int, int]
    attributes: tuple[tuple[str, str], ...]


def trees(engine: docker.DockerClient, *images: str) -> tuple[Tree, ...]:
    """Return the file trees of images, read in parallel."""
    with ThreadPoolExecutor() as pool:
        return tuple(pool.map(lambda image: tree(engine, image), images))


def tree(engine: docker.DockerClient, image: str) -> Tree:
    """Return the file tree of a container of an image; no program of the image runs."""
    container = engine.api.create_container(image, command=["nothing"])
    try:
        chunks = _Chunks(engine.api.export(container["Id"]))
        with tarfile.open(fileobj=io.BufferedReader(chunks, BUFFER), mode="r|", bufsize=BUFFER) as tar:
            return {entry.name.rstrip("/"): _entry(tar, entry) for entry in tar}
    finally:
        engine.api.remove_container(container["Id"], v=True)


def differing_paths(left: Tree, right: Tree) -> set[str]:
    """Return the paths that are in only one tree, or differ."""
    return {path for path in left.keys() | right.keys() if left.get(path) != right.get(path)}


def settings(engine: docker.DockerClient, image: str) -> dict[str, Any]:
    """Return the settings of an image that affect its containers."""
    config: Mapping[str, Any] = engine.images.get(image).attrs["Config"]
    return {name: config.get(name) or None for name in SETTINGS}


def bytecode_digests(engine: docker.DockerClient, image: str, paths: Iterable[str]) -> dict[str, str]:
    """Return a digest of the meaning of compiled Python files, read by the image's Python that compiled them.

    Equal code can have different bytes: the order of a set, and whether a constant is repeated or referenced.
    """
    tags = {path: path.rsplit(".", 2)[-2].removeprefix("cpython-") for path in paths}
    digests: dict[str, str] = {}
    for tag in sorted(set(tags.values())):
        tagged_paths = [f"/{path}" for path, path_tag in sorted(tags.items()) if path_tag == tag]
        output = engine.containers.run(
            image,
            ["-I", "-c", COMPILED.read_text(), *tagged_paths],
            entrypoint=f"/usr/bin/python{tag[0]}.{tag[1:]}",
            network_mode="none",
            remove=True,
        )
        for line in output.decode().splitlines():
            digest, path = line.split(" ", 1)
            digests[path.lstrip("/")] = digest
    return digests


def image_contains(engine: docker.DockerClient, image: str, text: bytes) -> bool:
    """Check whether the output of `docker save` contains a text: every layer, the history and the settings."""
    rest = b""
    for chunk in engine.api.get_image(image, chunk_size=BUFFER):
        if text in (rest := rest[1 - len(text) :] + chunk):
            return True
    return False


class _Chunks(io.RawIOBase):
    """Adapts a stream of chunks to a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._rest = self._rest or next(self._chunks, b"")
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def _entry(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    content = tar.extractfile(member) if member.isreg() else None
    data = content.read() if content else b""
    if member.name.endswith(".pyc") and data[4:8] == bytes(4):
        data = data[:8] + bytes(4) + data[12:]  # the source's mtime is the time of the build
    attributes = tuple(sorted((key, value) for key, value in member.pax_headers.items() if "xattr" in key))
    return Entry(
        member.type,
        member.mode,
        member.uid,
        member.gid,
        member.size,
        hashlib.sha256(data).hexdigest(),
        member.linkname,
        (member.devmajor, member.devminor),
        attributes,
    )
