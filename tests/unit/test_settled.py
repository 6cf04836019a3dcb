"""The stamp of an `up` moves with every input of its plan, and with nothing else."""

from __future__ import annotations

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
    """A project with a config, a requirements file, a key, a secret, and a state folder."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "vision"
        self.project.mkdir()
        for name in ("envkit.yaml", "requirements.txt", "key.pub", "secret"):
            (self.project / name).write_text(name)
        self.place = state.directory(ENGINE, str(self.project))
        for kept in (self.place.mount / "secrets", self.place.etc, self.place.client):
            files.ensure_private_folder(kept)
        files.write(self.place.mount / "token", b"t")
        files.write(self.place.folder / "state.json", b"{}")
        self.flags: dict[str, object] = {}
        self.wants = HostQuery(
            str(self.project),
            str(self.place.folder),
            keys=("key.pub",),
            texts=("requirements.txt",),
            paths=("data",),
            secrets=(("KEY", "secret"),),
        )

    def stamp(self) -> str:
        folder = str(self.project)
        before = up_cache.digest_inputs(folder, self.flags, self.wants, up_cache.config_stamp(folder))
        return up_cache.compute_stamp(before, self.place)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Scene(tmp_path)


def rewrite(path: Path) -> None:
    path.write_text(path.read_text() + " changed")


@pytest.mark.parametrize(
    "change",
    [
        lambda scene: rewrite(scene.project / "envkit.yaml"),
        lambda scene: (scene.project / "envkit.yaml").unlink(),
        lambda scene: rewrite(scene.project / "requirements.txt"),
        lambda scene: rewrite(scene.project / "key.pub"),
        lambda scene: rewrite(scene.project / "secret"),
        lambda scene: (scene.project / "secret").chmod(0o640),
        lambda scene: (scene.project / "data").mkdir(),
        lambda scene: (scene.project / "envkit.lock").write_text("a config file inside the workspace"),
        lambda scene: scene.flags.update(gpu="off"),
        lambda scene: files.write(scene.place.mount / "token", b"another"),
        lambda scene: files.remove(scene.place.mount / "token"),
        lambda scene: files.write(scene.place.mount / "secrets" / "OLD", b"left over"),
        lambda scene: files.write(scene.place.client / "ssh_config", b"another"),
        lambda scene: files.write(scene.place.folder / "state.json", b'{"port": 1}'),
    ],
)
def test_every_input_moves_the_stamp(scene: Scene, change: Callable[[Scene], None]) -> None:
    before = scene.stamp()
    change(scene)
    assert scene.stamp() != before


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "no_proxy", "SSL_CERT_FILE", "SUDO_UID"])
def test_the_callers_environment_moves_the_stamp(scene: Scene, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    import os

    if name == "SUDO_UID":
        if os.getuid():
            monkeypatch.setattr(os, "getuid", lambda: 0)
        monkeypatch.setenv("SUDO_GID", "4242")
    before = scene.stamp()
    monkeypatch.setenv(name, "4242")
    assert scene.stamp() != before


def test_what_is_no_input_does_not_move_it(scene: Scene) -> None:
    before = scene.stamp()
    (scene.project / "train.py").write_text("print()")
    files.write(scene.place.folder / "settled.json", b"{}")
    files.ensure_private_folder(scene.place.rendered)
    assert scene.stamp() == before


def test_nothing_is_taken_for_unchanged_in_a_state_folder_that_is_open_to_others(scene: Scene) -> None:
    result = UpResult("vision", "", "envkit-1000-vision", "", "", "")
    up_cache.store("before", scene.place, scene.wants, dict.fromkeys(up_cache.LABEL_KEYS, ""), result)
    assert up_cache.lookup(scene.project, {}) is None
    scene.place.folder.chmod(0o755)
    with pytest.raises(PreconditionError, match="not private"):
        up_cache.lookup(scene.project, {})


def test_a_damaged_record_counts_as_none(scene: Scene) -> None:
    files.write(scene.place.folder / up_cache.CACHE_FILE, b"{damaged")
    assert up_cache.lookup(scene.project, {}) is None


def test_a_record_of_another_shape_counts_as_none(scene: Scene) -> None:
    files.write(scene.place.folder / up_cache.CACHE_FILE, b'{"stamp": "x"}')
    assert up_cache.lookup(scene.project, {}) is None
