"""buildx is found where Docker's client finds it, and its version is checked before a build."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from envkit.backends.docker import buildx
from envkit.backends.docker.backend import DockerBackend
from envkit.backends.docker.buildx import Buildx, BuildxUnavailable
from envkit.environment import builder
from envkit.errors import PreconditionError
from envkit.model import step
from tests.support.engine_states import desired_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.backends.docker.client import Engine

VERSION_SCRIPT = "#!/bin/sh\necho 'github.com/docker/buildx {} 0123456'\n"
BUILD = (step.BuildImage("envkit:x"),)
BACKEND = DockerBackend(cast("Engine", None))


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return `plugin(script, folder=…)`, which writes a plug-in; installed plug-ins are ignored."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setattr(buildx, "FOLDERS", (tmp_path / "system",))

    def write(script: str, folder: str = "cli-plugins") -> Path:
        path = tmp_path / folder / buildx.NAME
        path.parent.mkdir(exist_ok=True)
        path.write_text(script)
        path.chmod(0o755)
        return path

    return write


# Search.


def test_a_buildx_with_json_progress_is_found(plugin: Callable[..., Path]) -> None:
    for version in ("v0.13.0", "0.13.1+ds1", "v0.29.1-desktop.1", "v1.0.0"):
        path = plugin(VERSION_SCRIPT.format(version))
        result = buildx.find()
        assert isinstance(result, Buildx), version
        assert (result.path, version.lstrip("v").startswith(result.version)) == (path, True), version


def test_an_unusable_buildx_is_reported_with_the_reason(plugin: Callable[..., Path]) -> None:
    cases = {
        VERSION_SCRIPT.format("v0.12.9"): "is buildx 0.12.9; 0.13 or later is required",
        "#!/bin/sh\necho hello\n": "does not run, or is not buildx",
        "#!/bin/sh\necho 'buildx v0.14.0'; exit 1\n": "does not run, or is not buildx",
        "#!/nowhere/sh\n": "does not run (FileNotFoundError)",
        "\x7fELF": "does not run (OSError)",
    }
    for script, reason in cases.items():
        path = plugin(script)
        assert buildx.find() == BuildxUnavailable(f"{path} {reason}"), script


def test_a_buildx_that_container_code_could_replace_is_not_run(
    plugin: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = plugin(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    assert buildx.find(("/srv", str(tmp_path))) == BuildxUnavailable(f"container code could replace {path}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_CONFIG", ".")
    assert isinstance(buildx.find(iter((str(tmp_path),))), BuildxUnavailable)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    monkeypatch.setenv("DOCKER_CONFIG", str(link))
    assert isinstance(buildx.find((str(link),)), BuildxUnavailable)
    assert not (tmp_path / "ran").exists()


def test_a_buildx_behind_links_in_the_workspace_is_not_run(plugin: Callable[..., Path], tmp_path: Path) -> None:
    path, workspace = plugin(VERSION_SCRIPT.format("0.14.0"), "system"), tmp_path / "ws"
    (workspace / "plug").mkdir(parents=True)
    (workspace / "plug" / buildx.NAME).symlink_to(path)  # leads out of the workspace again
    link = tmp_path / "cli-plugins"
    for target in (workspace / "plug", Path("ws/plug")):
        link.symlink_to(target)
        assert isinstance(buildx.find((str(workspace),)), BuildxUnavailable), target
        assert isinstance(buildx.find((str(tmp_path / "elsewhere"),)), Buildx), target
        link.unlink()


def test_folders_are_searched_in_the_order_of_dockers_client(plugin: Callable[..., Path], tmp_path: Path) -> None:
    assert buildx.find() == BuildxUnavailable("Docker's plug-in buildx is not installed")
    for folder in ("system", "cli-plugins", "extra"):
        (tmp_path / "config.json").write_text(json.dumps({"cliPluginsExtraDirs": [str(tmp_path / "extra"), 7]}))
        path = plugin(VERSION_SCRIPT.format("v0.14.0"), folder)
        assert buildx.find() == Buildx(path, "0.14.0")


def test_an_invalid_docker_config_hides_no_plugin(plugin: Callable[..., Path], tmp_path: Path) -> None:
    plugin(VERSION_SCRIPT.format("v0.14.0"))
    for text in ("no json", "[]", '{"cliPluginsExtraDirs": "x"}', "[" * 100_000):
        (tmp_path / "config.json").write_text(text)
        assert isinstance(buildx.find(), Buildx), text[:40]


def test_the_version_is_queried_in_an_empty_environment(
    plugin: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUILDX_BUILDER", "remote")
    plugin('#!/bin/sh\n[ -z "$BUILDX_BUILDER$HOME" ] && echo buildx v0.14.0\n')
    assert isinstance(buildx.find(), Buildx)


# Selection.


def test_settings_that_need_buildx_are_refused_without_it(plugin: Callable[..., Path]) -> None:
    plan = desired_state().plan
    builder.check(plan, BACKEND, BUILD)
    builder.check(replace(plan, builder="buildx"), BACKEND, ())  # nothing is built
    for changed_plan in (replace(plan, builder="buildx"), replace(plan, netrc="/home/ada/.netrc")):
        with pytest.raises(PreconditionError, match="Docker's plug-in buildx is not installed") as error:
            builder.check(changed_plan, BACKEND, BUILD)
        assert error.value.code == "buildx-missing"
        assert "apt-get install docker-buildx" in error.value.hint
    plugin(VERSION_SCRIPT.format("v0.14.0"))
    builder.check(replace(plan, builder="buildx"), BACKEND, BUILD)


def test_a_netrc_without_a_login_for_the_index_is_refused(plugin: Callable[..., Path], tmp_path: Path) -> None:
    plugin(VERSION_SCRIPT.format("v0.14.0"))
    path, plan = tmp_path / "netrc", desired_state().plan
    plan = replace(plan, netrc=str(path), image=replace(plan.image, index="https://packages.example.com:8443/simple"))
    for text in (None, "", "machine packages.example.com login ada", "machine example.com login ada password b"):
        if text is not None:
            path.write_text(text)
        with pytest.raises(PreconditionError) as error:
            builder.check(plan, BACKEND, BUILD)
        assert error.value.code == "index-login-missing", text
        assert f"{path} " in error.value.message, text
        assert "packages.example.com" in error.value.message, text
    path.write_text("machine packages.example.com login ada password b")
    builder.check(plan, BACKEND, BUILD)
