"""The script that chooses the package sources of an image keeps the base's mirror and skips other vendors."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

VENDORS = (
    "/ x https://vendor.example/cuda",
    "bookworm-pgdg main https://vendor.example/postgres",
    "nodistro main https://vendor.example/node",
)
MIRROR = "http://mirror.example/debian"


def run_script(root: Path, tmp_path: Path, lines: tuple[str, ...], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `apt-sources` with a fake `apt-get` that prints these index targets."""
    text = (root / "templates/debian/build/apt-sources").read_text().replace("/etc/apt", str(tmp_path / "apt"))
    (tmp_path / "apt/sources.list.d").mkdir(parents=True, exist_ok=True)
    (tmp_path / "apt-sources").write_text(text)
    (tmp_path / "apt-get").write_text("#!/bin/sh\ncat <<'END'\n" + "".join(f"{line}\n" for line in lines) + "END\n")
    (tmp_path / "apt-get").chmod(0o755)
    command = ["sh", str(tmp_path / "apt-sources"), *arguments]
    env = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False)


def uris(tmp_path: Path, name: str) -> list[str]:
    text = (tmp_path / f"apt/sources.list.d/{name}.sources").read_text()
    return [line.removeprefix("URIs: ") for line in text.splitlines() if line.startswith("URIs: ")]


def test_debian_mirror_is_kept_beside_other_vendors(root: Path, tmp_path: Path) -> None:
    vendor_list = tmp_path / "apt/sources.list.d/vendor.list"
    for security in ("http://security.example/debian-security", f"{MIRROR}-security-remote"):
        lines = (*VENDORS, f"bookworm main {MIRROR}/", f"bookworm-security main {security}/")
        vendor_list.parent.mkdir(parents=True, exist_ok=True)
        vendor_list.write_text("deb https://vendor.example/node nodistro main\n")
        assert run_script(root, tmp_path, lines, "bookworm").returncode == 0
        assert uris(tmp_path, "debian") == [MIRROR, security]
        assert run_script(root, tmp_path, lines, "--add", "bullseye").returncode == 0
        assert uris(tmp_path, "borrowed") == [MIRROR, security]
        assert vendor_list.exists()


def test_security_archive_defaults_to_a_sibling(root: Path, tmp_path: Path) -> None:
    assert run_script(root, tmp_path, (f"bookworm main {MIRROR}",), "bookworm").returncode == 0
    assert uris(tmp_path, "debian") == [MIRROR, f"{MIRROR}-security"]


def test_base_without_debian_sources_is_refused(root: Path, tmp_path: Path) -> None:
    result = run_script(root, tmp_path, VENDORS[:2], "bookworm")
    assert result.returncode == 1
    assert "build.mirror" in result.stderr
