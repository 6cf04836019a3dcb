"""buildx is found where Docker's client finds it, and asked for its version before anything is built with it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkit.backends.docker import buildx
from envkit.backends.docker.buildx import Buildx, BuildxUnavailable
from envkit.environment import builder
from envkit.errors import PreconditionError
from envkit.model import step
from tests.unit.worlds import wanted

if TYPE_CHECKING:
    from collections.abc import Callable

SAYS = "#!/bin/sh\necho 'github.com/docker/buildx {} 0123456'\n"
BUILD = (step.BuildImage("envkit:x"),)


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return `plugin(script, folder=…)`: writes a plug-in; the machine's own are not looked for."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setattr(buildx, "FOLDERS", (tmp_path / "system",))

    def write(script: str, folder: str = "cli-plugins") -> Path:
        path = tmp_path / folder / buildx.NAME
        path.parent.mkdir(exist_ok=True)
        path.write_text(script)
        path.chmod(0o755)
        return path

    return write


# Finding it.


@pytest.mark.parametrize("version", ["v0.13.0", "0.13.1+ds1", "v0.29.1-desktop.1", "v1.0.0"])
def test_a_buildx_that_tells_its_progress_is_found(version: str, plugin: Callable[..., Path]) -> None:
    path = plugin(SAYS.format(version))
    found = buildx.find()
    assert isinstance(found, Buildx)
    assert (found.path, version.lstrip("v").startswith(found.version)) == (path, True)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (SAYS.format("v0.12.9"), "is buildx 0.12.9, and 0.13 or later is needed"),
        ("#!/bin/sh\necho hello\n", "does not run, or is not buildx"),
        ("#!/bin/sh\necho 'buildx v0.14.0'; exit 1\n", "does not run, or is not buildx"),
        ("#!/nowhere/sh\n", "does not run (FileNotFoundError)"),
        ("\x7fELF", "does not run (OSError)"),
    ],
)
def test_a_buildx_that_cannot_be_used_is_named_with_the_reason(
    script: str, why: str, plugin: Callable[..., Path]
) -> None:
    path = plugin(script)
    assert buildx.find() == BuildxUnavailable(f"{path} {why}")


def test_a_buildx_that_the_workspace_could_replace_is_not_run(
    plugin: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = plugin(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    assert buildx.find(("/srv", str(tmp_path))) == BuildxUnavailable(
        f"{path} could be replaced from inside the workspace"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_CONFIG", ".")
    assert isinstance(buildx.find(iter((str(tmp_path),))), BuildxUnavailable)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    monkeypatch.setenv("DOCKER_CONFIG", str(link))
    assert isinstance(buildx.find((str(link),)), BuildxUnavailable)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("absolute", [True, False])
def test_a_buildx_reached_by_way_of_the_workspace_is_not_asked(
    absolute: bool, plugin: Callable[..., Path], tmp_path: Path
) -> None:
    real, workspace = plugin(SAYS.format("0.14.0"), "system"), tmp_path / "ws"
    (workspace / "plug").mkdir(parents=True)
    (workspace / "plug" / buildx.NAME).symlink_to(real)  # a link that leads out again
    (tmp_path / "cli-plugins").symlink_to(workspace / "plug" if absolute else Path("ws/plug"))
    assert isinstance(buildx.find((str(workspace),)), BuildxUnavailable)
    assert isinstance(buildx.find((str(tmp_path / "elsewhere"),)), Buildx)


def test_it_is_looked_for_in_the_order_of_dockers_client(plugin: Callable[..., Path], tmp_path: Path) -> None:
    assert buildx.find() == BuildxUnavailable("Docker's plug-in buildx is not installed")
    for folder in ("system", "cli-plugins", "extra"):
        (tmp_path / "config.json").write_text(json.dumps({"cliPluginsExtraDirs": [str(tmp_path / "extra"), 7]}))
        path = plugin(SAYS.format("v0.14.0"), folder)
        assert buildx.find() == Buildx(path, "0.14.0")


@pytest.mark.parametrize("text", ["no json", "[]", '{"cliPluginsExtraDirs": "x"}', "[" * 100_000])
def test_a_damaged_docker_config_hides_no_plugin(text: str, plugin: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    plugin(SAYS.format("v0.14.0"))
    assert isinstance(buildx.find(), Buildx)


def test_what_it_is_asked_for_its_version_it_is_asked_without_the_callers_variables(
    plugin: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUILDX_BUILDER", "remote")
    plugin('#!/bin/sh\n[ -z "$BUILDX_BUILDER$HOME" ] && echo buildx v0.14.0\n')
    assert isinstance(buildx.find(), Buildx)


# Choosing it.


def test_without_buildx_what_needs_it_is_refused_before_anything_is_done(plugin: Callable[..., Path]) -> None:
    plan = wanted().plan
    builder.check(plan, BUILD)
    builder.check(replace(plan, builder="buildx"), ())  # nothing is built
    with pytest.raises(PreconditionError, match="is buildx: Docker's plug-in buildx is not installed") as refused:
        builder.check(replace(plan, builder="buildx"), BUILD)
    assert "apt-get install docker-buildx" in refused.value.hint
    with pytest.raises(PreconditionError, match="netrc needs buildx"):
        builder.check(replace(plan, netrc="/home/ada/.netrc"), BUILD)
    plugin(SAYS.format("v0.14.0"))
    builder.check(replace(plan, builder="buildx"), BUILD)


def test_a_file_without_a_login_for_the_index_is_refused_before_anything_is_done(
    plugin: Callable[..., Path], tmp_path: Path
) -> None:
    plugin(SAYS.format("v0.14.0"))
    path, plan = tmp_path / "netrc", wanted().plan
    plan = replace(plan, netrc=str(path), image=replace(plan.image, index="https://packages.example.com:8443/simple"))
    for text in (None, "", "machine packages.example.com login ada", "machine example.com login ada password b"):
        if text is not None:
            path.write_text(text)
        with pytest.raises(PreconditionError, match=f"{path} holds no password for packages.example.com, from where"):
            builder.check(plan, BUILD)
    path.write_text("machine packages.example.com login ada password b")
    builder.check(plan, BUILD)
