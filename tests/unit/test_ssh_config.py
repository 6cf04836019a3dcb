"""`ssh-config` preserves the user's SSH configuration."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from envkit import process
from envkit.commands import ssh_config
from envkit.environment.project import Environment
from envkit.errors import PreconditionError
from envkit.model.state import State
from envkit.render.ssh_config import render as render_entry
from envkit.state import StateDir

if TYPE_CHECKING:
    from pathlib import Path


def environment(folder: Path) -> Environment:
    folder.mkdir(parents=True, mode=0o700)
    return Environment("vision", "/p", os.getuid(), StateDir(folder), State("vision", "/p"), "unix:///x")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir(mode=0o700)
    return tmp_path


def test_unreadable_ssh_config_is_not_overwritten(home: Path) -> None:
    (home / ".ssh/config").symlink_to("/proc/self/mem")
    with pytest.raises(OSError, match="Input/output error"):
        ssh_config.install(environment(home / "state"))
    assert (home / ".ssh/config").is_symlink()


def test_symlinked_ssh_config_stays_a_symlink(home: Path) -> None:
    (home / "dotfiles").mkdir()
    (home / "dotfiles/ssh").write_text("Host a\n")
    (home / ".ssh/config").symlink_to(home / "dotfiles/ssh")
    assert ssh_config.install(environment(home / "state")) == home / ".ssh/config"
    assert (home / ".ssh/config").is_symlink()
    assert (home / "dotfiles/ssh").read_text() == f'Include "{home}/state/client/ssh_config"\nHost a\n'


def test_only_envkits_line_is_removed_from_an_ssh_config(home: Path) -> None:
    path, installed = home / ".ssh/config", environment(home / "state")
    content = b'Include "/other/client/ssh_config"\nHost a\xff\r\n  # Include "x"\n  User b'
    for is_link in (False, True):
        path.unlink(missing_ok=True)
        if is_link:
            path.symlink_to(home / "dotfile")
        path.write_bytes(content)
        ssh_config.install(installed)
        path.chmod(0o644)
        assert ssh_config.uninstall(installed.state_dir) == path, is_link
        assert (path.read_bytes(), path.stat().st_mode & 0o777, path.is_symlink()) == (content, 0o644, is_link)
        assert ssh_config.uninstall(installed.state_dir) is None, is_link


def test_missing_ssh_config_is_not_created_by_uninstall(home: Path) -> None:
    assert ssh_config.uninstall(environment(home / "state").state_dir) is None
    assert not (home / ".ssh/config").exists()


def test_uninstall_leaves_an_ssh_config_of_another_user(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = environment(home / "state")
    ssh_config.install(installed)
    inode = (home / ".ssh/config").stat().st_ino
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    assert ssh_config.uninstall(installed.state_dir) is None
    assert (home / ".ssh/config").stat().st_ino == inode


def test_install_refuses_an_ssh_config_of_another_user(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    with pytest.raises(PreconditionError) as error:
        ssh_config.install(environment(home / "state"))
    assert error.value.code == "wrong-owner"
    assert not (home / ".ssh/config").exists()


def test_settings_for_all_hosts_do_not_break_the_entry(tmp_path: Path) -> None:
    harmful = ["RemoteCommand tmux", "RequestTTY force", "ProxyJump bastion", "AddressFamily inet6", "ControlPath /x"]
    harmful += ["PubkeyAuthentication no", "Tunnel yes", "Ciphers 3des-cbc", "NoHostAuthenticationForLocalhost yes"]
    for port in (0, 2222):
        entry = render_entry("vision", "envkit-0-vision", "/s", ["envkit", "ssh-proxy"], port=port).text
        config = tmp_path / f"config-{port}"
        config.write_text(f"{entry}\nHost *\n" + "\n".join(f"    {line}" for line in harmful))
        output = process.run(["ssh", "-G", "-F", str(config), "envkit-0-vision"], timeout_s=10)
        assert output.code == 0, output.err
        effective = dict(line.split(" ", 1) for line in output.out.splitlines() if " " in line)
        assert {effective.get("remotecommand", "none"), effective.get("controlpath", "none")} == {"none"}
        assert (effective["requesttty"], effective["pubkeyauthentication"]) == ("auto", "true")
        assert "aes256-gcm@openssh.com" in effective["ciphers"]
        assert "bastion" not in output.out
        assert effective["addressfamily"] == ("inet" if port else "inet6")
