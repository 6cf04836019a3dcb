"""Foreign images: tiny ones from files, a whole Debian, and a registry that serves them."""

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

# Programs that the inspection of an image may use.
PROGRAMS = ("sh", "sed", "tail", "tr", "getconf")
ROOT = "envkit-test-root:bullseye"


@dataclass(frozen=True, slots=True)
class Image:
    """An image with one layer, in the format of archives and registries."""

    config: bytes
    layer: bytes = field(repr=False)

    @property
    def manifest(self) -> bytes:
        """Return its manifest in a registry."""
        prefix = "application/vnd.docker"
        return json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": f"{prefix}.distribution.manifest.v2+json",
                "config": _described(f"{prefix}.container.image.v1+json", self.config),
                "layers": [_described(f"{prefix}.image.rootfs.diff.tar", self.layer)],
            }
        ).encode()


def image(files: Mapping[str, str | bytes], *, machine: str = "amd64", **config: Any) -> Image:
    """Create an image from files; those in `bin` are executable."""
    layer = tar_.pack(
        FileEntry(path, _bytes(content), 0o755 if "bin/" in path or "lib" in path else 0o644)
        for path, content in files.items()
    )
    image_config = {
        "architecture": machine,
        "os": "linux",
        "config": {"Cmd": ["/bin/sh"], **config},
        "history": [],
        "created": "2026-01-01T00:00:00Z",
        "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
    }
    return Image(json.dumps(image_config).encode(), layer)


def _bytes(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


def load(engine: docker.DockerClient, name: str, image_files: Image) -> str:
    """Load an image into the engine under a name."""
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]).encode()
    engine.images.load(
        tar_.pack_files({"manifest.json": manifest, "config.json": image_files.config, "layer.tar": image_files.layer})
    )
    return name


def shell(*programs: str) -> dict[str, bytes]:
    """Return the shell and some programs of this host, with their libraries."""
    files: dict[str, bytes] = {}
    for program in programs or PROGRAMS:
        path = shutil.which(program)
        assert path is not None, program
        files[f"bin/{program}"] = Path(path).read_bytes()
        output = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
        for library in (word for line in output.splitlines() for word in line.split() if word.startswith("/")):
            files[library.lstrip("/")] = Path(library).read_bytes()
    return files


def debian(engine: docker.DockerClient, folder: Path) -> str:
    """Return a minimal Debian 11 without Python; it is built once per machine."""
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
    """Build an image from a Dockerfile and other files, with the engine's cache."""
    archive = io.BytesIO(tar_.pack_files({path: _bytes(content) for path, content in files.items()}, 0o755))
    engine.images.build(fileobj=archive, custom_context=True, tag=name, rm=True, forcerm=True)
    return name


@dataclass(slots=True)
class Registry:
    """State of a registry on loopback, which the engine trusts without TLS.

    Attributes:
        address: Host and port for references.
        images: Images by `name:tag`.
        login: Required login, `user:password` in base64; empty for none.
        logins: Authorization headers of all requests.
        broken: Whether layers differ from their digest.
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
        for name, offered_image in self.images.items():
            repository, tag = name.split(":")
            if path in {
                f"/v2/{repository}/manifests/{tag}",
                f"/v2/{repository}/manifests/{_digest(offered_image.manifest)}",
            }:
                return 200, "application/vnd.docker.distribution.manifest.v2+json", offered_image.manifest
            for part in (offered_image.config, offered_image.layer):
                if path == f"/v2/{repository}/blobs/{_digest(part)}":
                    wrong = part[:-1] + b"\1" if self.broken and part is offered_image.layer else part
                    return 200, "application/octet-stream", wrong
        return 404, "application/json", b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'


@contextmanager
def registry() -> Iterator[Registry]:
    """Run a registry while the body runs."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, media_type, body = state.answer(self.path, self.headers.get("Authorization", ""))
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Docker-Content-Digest", _digest(body))
            self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="test"')
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - name required by http.server

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state = Registry(f"127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield state
        server.shutdown()


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _described(media_type: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "size": len(data), "digest": _digest(data)}
