"""What is seen of the host: with links, variables and folders as somebody may have left them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import host
from envkit.model.facts import Wants

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_who_needs_no_proxy_is_seen_whatever_proxy_the_config_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://own:3128")
    monkeypatch.setenv("NO_PROXY", "mirror.corp")
    assert host.look(Wants(str(tmp_path), proxy=False)).proxies == {"no_proxy": "mirror.corp"}
    assert host.look(Wants(str(tmp_path), proxy=False)).run_proxies == {}


def test_the_config_of_the_project_is_seen_wherever_the_workspace_is(tmp_path: Path) -> None:
    project = tmp_path / "vision"
    project.mkdir()
    (project / "envkit.yaml").write_text("workspace: ..\n")
    seen = host.look(Wants(str(project), workspace="..")).config_files
    assert seen == {str(project.resolve() / "envkit.yaml"): "workspace: ..\n"}
