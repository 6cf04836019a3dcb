"""What an image holds, file by file, and what of two images differs."""

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
# What a container of an image is started with, and what its programs are told; labels are compared by those who know.
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
COMPILED = Path(__file__).with_name("compiled.py")
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
    """Return the file trees of some images, read at the same time."""
    with ThreadPoolExecutor() as pool:
        return tuple(pool.map(lambda image: tree(engine, image), images))


def tree(engine: docker.DockerClient, image: str) -> Tree:
    """Return the file tree of an image, as a container of it would find it; nothing of it runs."""
    container = engine.api.create_container(image, command=["nothing"])
    try:
        chunks = _Chunks(engine.api.export(container["Id"]))
        with tarfile.open(fileobj=io.BufferedReader(chunks, BUFFER), mode="r|", bufsize=BUFFER) as tar:
            return {entry.name.rstrip("/"): _entry(tar, entry) for entry in tar}
    finally:
        engine.api.remove_container(container["Id"], v=True)


def different(one: Tree, other: Tree) -> set[str]:
    """Return the paths that are in one tree alone, or are not the same in both."""
    return {path for path in one.keys() | other.keys() if one.get(path) != other.get(path)}


def settings(engine: docker.DockerClient, image: str) -> dict[str, Any]:
    """Return what an image says of how it is run."""
    config: Mapping[str, Any] = engine.images.get(image).attrs["Config"]
    return {name: config.get(name) or None for name in SETTINGS}


def compiled(engine: docker.DockerClient, image: str, paths: Iterable[str]) -> dict[str, str]:
    """Return a digest of what compiled files of Python say, read by the Pythons of the image that wrote them.

    The bytes of two compilations may differ where they mean the same: in the order of a set, and in whether a
    constant is written twice or referred to.
    """
    found = {path: path.rsplit(".", 2)[-2].removeprefix("cpython-") for path in paths}
    said: dict[str, str] = {}
    for tag in sorted(set(found.values())):
        named = [f"/{path}" for path, one in sorted(found.items()) if one == tag]
        printed = engine.containers.run(
            image,
            ["-I", "-c", COMPILED.read_text(), *named],
            entrypoint=f"/usr/bin/python{tag[0]}.{tag[1:]}",
            network_mode="none",
            remove=True,
        )
        for line in printed.decode().splitlines():
            digest, path = line.split(" ", 1)
            said[path.lstrip("/")] = digest
    return said


def holding(engine: docker.DockerClient, image: str, text: bytes) -> bool:
    """Say whether a text stands anywhere in what `docker save` writes: every layer, the history, the settings."""
    rest = b""
    for chunk in engine.api.get_image(image, chunk_size=BUFFER):
        if text in (rest := rest[1 - len(text) :] + chunk):
            return True
    return False


class _Chunks(io.RawIOBase):
    """A stream of chunks as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._rest = self._rest or next(self._chunks, b"")
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def _entry(tar: tarfile.TarFile, one: tarfile.TarInfo) -> Entry:
    content = tar.extractfile(one) if one.isreg() else None
    data = content.read() if content else b""
    if one.name.endswith(".pyc") and data[4:8] == bytes(4):
        data = data[:8] + bytes(4) + data[12:]  # the time of its source, which is the time of the build
    attributes = tuple(sorted((key, value) for key, value in one.pax_headers.items() if "xattr" in key))
    return Entry(
        one.type,
        one.mode,
        one.uid,
        one.gid,
        one.size,
        hashlib.sha256(data).hexdigest(),
        one.linkname,
        (one.devmajor, one.devminor),
        attributes,
    )
