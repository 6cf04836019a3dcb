"""The fingerprint of an `up` depends on every input of its plan and on nothing else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from envkit import state
from envkit.environment import up_cache
from envkit.environment.results import UpResult
from envkit.errors import PreconditionError
from envkit.fs import files
from envkit.model.facts import HostQuery

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENGINE = "unix:///var/run/docker.sock"


class Scene:
    """A project with a configuration, a requirements file, a key, a secret, and a state directory."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "vision"
        self.project.mkdir()
        for name in ("envkit.yaml", "requirements.txt", "key.pub", "secret"):
            (self.project / name).write_text(name)
        self.state_dir = state.directory(ENGINE, str(self.project))
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


def test_invalid_cache_is_ignored(scene: Scene) -> None:
    for content in (b"{damaged", b'{"stamp": "x"}'):
        files.write(scene.state_dir.folder / up_cache.CACHE_FILE, content)
        assert up_cache.lookup(scene.project, {}) is None, content
