"""Images that others could have made: tiny ones by hand, a whole Debian, and a registry that offers them."""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import shutil
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import docker.errors

from envkit import rootfs
from envkit.backends.docker import tar as tar_
from envkit.model.backend import FileEntry
from tests.workers import exclusive

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What the look into an image uses of its programs, at most.
PROGRAMS = ("sh", "sed", "tail", "tr", "getconf")
ROOT = "envkit-test-root:bullseye"


@dataclass(frozen=True, slots=True)
class Image:
    """An image of one layer: its parts as they lie in archives and registries."""

    config: bytes
    layer: bytes = field(repr=False)

    @property
    def manifest(self) -> bytes:
        """Return what a registry says of it."""
        kind = "application/vnd.docker"
        return json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": f"{kind}.distribution.manifest.v2+json",
                "config": _described(f"{kind}.container.image.v1+json", self.config),
                "layers": [_described(f"{kind}.image.rootfs.diff.tar", self.layer)],
            }
        ).encode()


def image(files: Mapping[str, str | bytes], *, machine: str = "amd64", **config: Any) -> Image:
    """Make an image of these files; those under `bin` may be run."""
    layer = tar_.pack(
        FileEntry(path, _bytes(content), 0o755 if "bin/" in path or "lib" in path else 0o644)
        for path, content in files.items()
    )
    about = {
        "architecture": machine,
        "os": "linux",
        "config": {"Cmd": ["/bin/sh"], **config},
        "history": [],
        "created": "2026-01-01T00:00:00Z",
        "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
    }
    return Image(json.dumps(about).encode(), layer)


def _bytes(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


def load(engine: docker.DockerClient, name: str, one: Image) -> str:
    """Give an image to the engine under a name."""
    listed = json.dumps([{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]).encode()
    engine.images.load(tar_.pack_files({"manifest.json": listed, "config.json": one.config, "layer.tar": one.layer}))
    return name


def shell(*programs: str) -> dict[str, bytes]:
    """Return this host's shell and a few of its programs, each with the libraries it needs."""
    found: dict[str, bytes] = {}
    for program in programs or PROGRAMS:
        path = shutil.which(program)
        assert path is not None, program
        found[f"bin/{program}"] = Path(path).read_bytes()
        said = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
        for library in (word for line in said.splitlines() for word in line.split() if word.startswith("/")):
            found[library.lstrip("/")] = Path(library).read_bytes()
    return found


def debian(engine: docker.DockerClient, folder: Path) -> str:
    """Return a bare Debian 11, without Python; it is assembled once on a machine."""
    with exclusive(ROOT):
        try:
            engine.images.get(ROOT)
        except docker.errors.ImageNotFound:
            tar = folder / "bullseye.tar"
            rootfs.build("bullseye", "", tar, lambda _: None)
            repository, tag = ROOT.split(":")
            engine.api.import_image_from_file(str(tar), repository=repository, tag=tag)
            tar.unlink()
    return ROOT


def build(engine: docker.DockerClient, name: str, files: Mapping[str, str | bytes]) -> str:
    """Build an image from a Dockerfile and what it copies; what was built before is taken from the engine's cache."""
    packed = io.BytesIO(tar_.pack_files({path: _bytes(content) for path, content in files.items()}, 0o755))
    engine.images.build(fileobj=packed, custom_context=True, tag=name, rm=True, forcerm=True)
    return name


@dataclass(slots=True)
class Registry:
    """A registry on this host's loopback, which the engine trusts without TLS.

    Attributes:
        address: Host and port, as references name it.
        images: What it offers, by `name:tag`.
        login: Who may pull, as `user:password` in base64; empty for everybody.
        logins: What callers showed of themselves.
        broken: Whether what it sends differs from what it promised.
    """

    address: str
    images: dict[str, Image] = field(default_factory=dict)
    login: str = ""
    logins: list[str] = field(default_factory=list)
    broken: bool = False

    def answer(self, path: str, authorization: str) -> tuple[int, str, bytes]:
        """Return status, media type and body."""
        self.logins.append(authorization)
        if self.login and authorization != f"Basic {self.login}":
            return 401, "application/json", b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}'
        if path == "/v2/":
            return 200, "application/json", b"{}"
        for name, one in self.images.items():
            repository, tag = name.split(":")
            if path in {f"/v2/{repository}/manifests/{tag}", f"/v2/{repository}/manifests/{_digest(one.manifest)}"}:
                return 200, "application/vnd.docker.distribution.manifest.v2+json", one.manifest
            for part in (one.config, one.layer):
                if path == f"/v2/{repository}/blobs/{_digest(part)}":
                    wrong = part[:-1] + b"\1" if self.broken and part is one.layer else part
                    return 200, "application/octet-stream", wrong
        return 404, "application/json", b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'


@contextmanager
def registry() -> Iterator[Registry]:
    """Run a registry while the body runs."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = offered.answer(self.path, self.headers.get("Authorization", ""))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Docker-Content-Digest", _digest(body))
            self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="test"')
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - the name the server looks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        offered = Registry(f"127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield offered
        server.shutdown()


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _described(kind: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "size": len(data), "digest": _digest(data)}
