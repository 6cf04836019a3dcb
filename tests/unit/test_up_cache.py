"""The fingerprint of an `up` depends on every input of its plan and on nothing else."""

from __future__ import annotations

import http.server
import json
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkit import naming, state
from envkit.environment import up_cache
from envkit.environment.results import UpResult
from envkit.errors import PreconditionError
from envkit.fs import files
from envkit.model.facts import HostQuery
from envkit.model.report import Report
from tests.support.recorded_engine import answer, engine_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENGINE = "unix:///var/run/docker.sock"
NAME, TOKEN = "envkit-1000-vision", "t" * 43


class Scene:
    """A project with a configuration, a requirements file, a key, a secret, and a state directory."""

    def __init__(self, folder: Path, engine: str = ENGINE) -> None:
        self.project = folder / "vision"
        self.project.mkdir()
        for name in ("envkit.yaml", "requirements.txt", "key.pub", "secret"):
            (self.project / name).write_text(name)
        self.state_dir = state.directory(engine, str(self.project))
        for private_folder in (self.state_dir.mount / "secrets", self.state_dir.etc, self.state_dir.client):
            files.ensure_private_folder(private_folder)
        files.write(self.state_dir.mount / "token", b"t")
        files.write(self.state_dir.folder / "state.json", b"{}")
        self.flags: dict[str, object] = {}
        self.query = HostQuery(
            str(self.project),
            str(self.state_dir.folder),
            keys=("key.pub",),
            texts=("requirements.txt",),
            paths=("data",),
            secrets=(("KEY", "secret"),),
        )

    def stamp(self) -> str:
        folder = str(self.project)
        inputs_digest = up_cache.digest_inputs(folder, self.flags, self.query, up_cache.config_stamp(folder))
        return up_cache.compute_stamp(inputs_digest, self.state_dir)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Scene(tmp_path)


def rewrite(path: Path) -> None:
    path.write_text(path.read_text() + " changed")


CHANGES: dict[str, Callable[[Scene], object]] = {
    "config": lambda scene: rewrite(scene.project / "envkit.yaml"),
    "config removed": lambda scene: (scene.project / "envkit.yaml").unlink(),
    "requirements": lambda scene: rewrite(scene.project / "requirements.txt"),
    "key": lambda scene: rewrite(scene.project / "key.pub"),
    "secret": lambda scene: rewrite(scene.project / "secret"),
    "secret's mode": lambda scene: (scene.project / "secret").chmod(0o640),
    "mount source created": lambda scene: (scene.project / "data").mkdir(),
    "protected file created": lambda scene: (scene.project / "envkit.lock").write_text("in the workspace"),
    "flags": lambda scene: scene.flags.update(gpu="off"),
    "token": lambda scene: files.write(scene.state_dir.mount / "token", b"another"),
    "token removed": lambda scene: files.remove(scene.state_dir.mount / "token"),
    "stale secret": lambda scene: files.write(scene.state_dir.mount / "secrets" / "OLD", b"stale"),
    "SSH entry": lambda scene: files.write(scene.state_dir.client / "ssh_config", b"another"),
    "state": lambda scene: files.write(scene.state_dir.folder / "state.json", b'{"port": 1}'),
}


def test_every_input_changes_the_stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for case, change in CHANGES.items():
        folder = tmp_path / case
        folder.mkdir()
        monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
        scene = Scene(folder)
        old_stamp = scene.stamp()
        change(scene)
        assert scene.stamp() != old_stamp, case


def test_environment_variables_change_the_stamp(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)  # SUDO_UID counts only for root
    monkeypatch.setenv("SUDO_GID", "4242")
    for name in ("HTTPS_PROXY", "no_proxy", "SSL_CERT_FILE", "SUDO_UID"):
        old_stamp = scene.stamp()
        monkeypatch.setenv(name, "4242")
        assert scene.stamp() != old_stamp, name


def test_other_files_do_not_change_the_stamp(scene: Scene) -> None:
    old_stamp = scene.stamp()
    (scene.project / "train.py").write_text("print()")
    files.write(scene.state_dir.folder / "up-cache.json", b"{}")
    files.ensure_private_folder(scene.state_dir.rendered)
    assert scene.stamp() == old_stamp


def test_state_folder_open_to_others_is_refused(scene: Scene) -> None:
    result = UpResult("vision", "", "envkit-1000-vision", "", "", "")
    labels = dict.fromkeys(up_cache.LABEL_KEYS, "")
    up_cache.store("old digest", scene.state_dir, scene.query, labels, result)
    assert up_cache.lookup(scene.project, {}) is None
    scene.state_dir.folder.chmod(0o755)
    with pytest.raises(PreconditionError) as error:
        up_cache.lookup(scene.project, {})
    assert error.value.code == "folder-not-private"


class JupyterHandler(http.server.BaseHTTPRequestHandler):
    """A server that accepts one token."""

    def do_GET(self) -> None:
        is_accepted = (self.path, self.headers["Authorization"]) == ("/api/status", f"token {TOKEN}")
        self.send_response(200 if is_accepted else 403)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def jupyter_port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), JupyterHandler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def inspection(port: int, *, status: str = "running", run: str = "r", network: str = NAME) -> dict[str, object]:
    labels = {naming.IMAGE: "i", naming.RUN: run, naming.PORT: str(port)}
    networks: dict[str, object] = {"Networks": {network: {}}}
    return {
        "Id": "c",
        "Image": "i",
        "State": {"Status": status},
        "Config": {"Labels": labels},
        "NetworkSettings": networks,
    }


def chunked(data: object) -> bytes:
    body = json.dumps(data).encode()
    return b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


def test_only_a_reachable_container_as_stored_is_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jupyter_port: int
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    request, inspected = f"GET /containers/{NAME}/json", inspection(jupyter_port)
    result = UpResult("vision", "http://x", NAME, "", "/p", "computes", changed=("start",), notes=("note",))
    with engine_at(tmp_path / "engine") as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.address)
        scene = Scene(tmp_path, engine.address)
        files.write(scene.state_dir.mount / "token", TOKEN.encode())
        inputs_digest = up_cache.digest_inputs(
            str(scene.project), {}, scene.query, up_cache.config_stamp(str(scene.project))
        )
        labels = {naming.IMAGE: "i", naming.RUN: "r", naming.PORT: str(jupyter_port), naming.NAME: "other"}
        up_cache.store(inputs_digest, scene.state_dir, scene.query, labels, result)
        unchanged = Report("up", "vision", replace(result, changed=()))
        for response, expected in (
            (answer(200, inspected), unchanged),
            (chunked(inspected), unchanged),
            (answer(404, inspected), None),
            (answer(200, inspection(jupyter_port, status="restarting")), None),
            (answer(200, inspection(jupyter_port, run="other")), None),
            (answer(200, inspection(jupyter_port, network="other")), None),
            (answer(200, []), None),
            (b"no HTTP", None),
        ):
            engine.answers[request] = response
            assert up_cache.lookup(scene.project, {}) == expected, response
        engine.answers[request] = answer(200, inspected)
        monkeypatch.setattr(JupyterHandler, "do_GET", lambda self: self.send_error(403))
        assert up_cache.lookup(scene.project, {}) is None


def store_cache(scene: Scene) -> Path:
    result = UpResult("vision", "http://x", NAME, "", "/p", "computes")
    up_cache.store("digest", scene.state_dir, scene.query, {naming.PORT: "1"}, result)
    return scene.state_dir.folder / up_cache.CACHE_FILE


def test_damaged_or_unreadable_cache_is_ignored(scene: Scene) -> None:
    cache = store_cache(scene)
    content = cache.read_bytes()
    assert up_cache._load_record(str(cache.parent)) is not None
    for damaged in (b"", b"{damaged", b"[]", content[:-1], content.replace(b"http://x", b"http://y"), bytes(2 << 20)):
        cache.write_bytes(damaged)
        assert up_cache._load_record(str(cache.parent)) is None, damaged[:40]
    cache.unlink()
    creators: tuple[Callable[[Path], None], ...] = (Path.mkdir, lambda path: path.symlink_to(path), os.mkfifo)
    for create in creators:
        create(cache)
        assert up_cache.lookup(scene.project, {}) is None
        assert store_cache(scene).is_file()
        cache.unlink()


def test_cache_without_permission_is_ignored(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = store_cache(scene)
    monkeypatch.setattr(os, "open", raise_permission_error)
    assert up_cache._load_record(str(cache.parent)) is None


def raise_permission_error(*_: object, **__: object) -> int:
    raise PermissionError
