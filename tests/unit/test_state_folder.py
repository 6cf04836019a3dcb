"""The audit inspects rights, other names and contents of the files on this host."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

import pytest

from envkit.model.last_applied import LastApplied
from envkit.observe import state_folder
from envkit.state import StateDir

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SETTINGS = "{}\n"
RECORD = LastApplied(
    {}, "i", state_files={"mount/settings.json": hashlib.sha256(SETTINGS.encode()).hexdigest()}, secrets=("WANDB",)
)


@pytest.fixture
def state_dir(tmp_path: Path) -> StateDir:
    folder = tmp_path / "state"
    for name, text in {
        "mount/token": "t",
        "mount/ssh_host_ed25519_key": "k",
        "mount/settings.json": SETTINGS,
        "mount/secrets/WANDB": "s",
        "client/id_ed25519": "k",
        "client/id_ed25519.pub": "p",
        "guard/envkit.yaml": "gpu: off\n",
    }.items():
        path = folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o644 if name.endswith(".pub") or name.startswith("guard") else 0o600)
    folder.chmod(0o700)
    (tmp_path / "envkit.yaml").write_text("gpu: off\n")
    return StateDir(folder)


def faults(state_dir: StateDir, user: int = os.getuid()) -> dict[str, Any]:
    """Return the lists of an inspection that are not empty."""
    data = state_folder.inspect(state_dir, state_dir.folder.parent, {user}, RECORD).data
    return {key: texts for key, texts in data.items() if texts}


def test_files_as_envkit_writes_them_have_no_faults(state_dir: StateDir) -> None:
    assert faults(state_dir) == {}


def test_every_change_of_a_file_is_found(state_dir: StateDir, tmp_path: Path) -> None:
    mount = state_dir.mount
    changes: dict[str, Callable[[], object]] = {
        "open: mount/token (mode 0644)": lambda: (mount / "token").chmod(0o644),
        "open: client/id_ed25519 (mode 0640)": lambda: (state_dir.client / "id_ed25519").chmod(0o640),
        "open: the state folder (mode 0755)": lambda: state_dir.folder.chmod(0o755),
        "open: guard/envkit.yaml (mode 0666)": lambda: (state_dir.guard / "envkit.yaml").chmod(0o666),
        "linked: mount/secrets/WANDB": lambda: (tmp_path / "x").hardlink_to(mount / "secrets/WANDB"),
        "changed: mount/settings.json": lambda: (mount / "settings.json").write_text("other"),
        "missing: mount/ssh_host_ed25519_key": (mount / "ssh_host_ed25519_key").unlink,
        "unknown: mount/evil": lambda: (mount / "evil").touch(0o600),
    }
    for number, (expected, change) in enumerate(changes.items(), 1):
        change()
        found = [f"{key}: {text}" for key, texts in faults(state_dir).items() for text in texts]
        assert expected in found, expected
        assert len(found) == number, found


def test_files_of_other_users_are_found(state_dir: StateDir) -> None:
    assert any("mount/token" in text for text in faults(state_dir, user=4242)["foreign"])


def test_other_names_of_the_configuration_are_found(state_dir: StateDir, tmp_path: Path) -> None:
    config = tmp_path / "envkit.yaml"
    (tmp_path / "other").hardlink_to(config)
    assert "hard link" in faults(state_dir)["guards"][0]
    config.unlink()
    config.symlink_to("other")
    assert "symbolic link" in faults(state_dir)["guards"][0]
