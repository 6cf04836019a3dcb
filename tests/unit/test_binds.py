"""Mounts: nothing is mounted from a folder where container code could replace it by a link."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from envkit import config
from envkit.errors import ConfigError
from envkit.model.engine_state import ActualState, BindInfo, ImageInfo
from envkit.resolve import resolve
from tests.support import plan_samples
from tests.support.plan_samples import PROJECT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.model.facts import Facts
    from envkit.model.plan import Plan
    from envkit.model.run import Mount
    from envkit.problem import Problem

GUARD = "/home/ada/.local/state/envkit/local/vision-1/guard/envkit.yaml"


def facts(**changes: object) -> Facts:
    return plan_samples.facts(**{"config_files": {f"{PROJECT}/envkit.yaml": "gpu: auto\n"}, **changes})


def plan(
    *mounts: str, binds: tuple[BindInfo, ...] = (), real_paths: Mapping[str, str] | None = None, **changes: object
) -> Plan:
    """Resolve mounts of the form `source:target` or `source:target:ro`, whose sources are real paths."""
    parts = [mount.split(":") for mount in mounts]
    items = [{"source": part[0], "target": part[1], "read_only": len(part) > 2} for part in parts]
    all_paths = {**{part[0]: part[0] for part in parts}, **(real_paths or {})}
    return resolve_text(json.dumps({"mounts": items}), binds=binds, real_paths=all_paths, **changes)


def resolve_text(text: str, *, binds: tuple[BindInfo, ...] = (), **changes: object) -> Plan:
    actual = ActualState(base=ImageInfo("sha256:base", {}, ref="envkit-base:bookworm"), binds=binds)
    return resolve(config.load(text), PROJECT, "vision", facts(**changes), actual, None)


def problem(*mounts: str, **changes: Any) -> Problem:
    with pytest.raises(ConfigError) as error:
        plan(*mounts, **changes)
    (single,) = error.value.problems
    return single


def guarded_paths(resolved: Plan) -> list[str]:
    return [mount.target for mount in resolved.run.mounts if mount.source == GUARD and mount.read_only]


def mount_at(resolved: Plan, target: str) -> Mount:
    (mount,) = [mount for mount in resolved.run.mounts if mount.target == target]
    return mount


@pytest.mark.proves("no mount source is in a folder in which container code could replace it by a link", "real")
def test_a_source_inside_a_writable_mount_is_refused() -> None:
    for mounts, workspace, key, reason in [
        (["/data/set:/set:ro", "/data:/data"], PROJECT, "mounts[0].source", "is in /data"),
        (["/data:/data", "/data/set:/set:ro"], PROJECT, "mounts[1].source", "is in /data"),
        (["/data:/data", "/data/set:/set"], PROJECT, "mounts[1].source", "is in /data"),
        ([f"{PROJECT}/set:/set:ro"], PROJECT, "mounts[0].source", "is in the workspace"),
        (["/home/ada/all:/all"], "/home/ada/all/vision", "mounts[0].source", "contains the workspace"),
    ]:
        rejected = problem(*mounts, workspace=workspace)
        assert (rejected.key, rejected.code) == (key, "mount-source-denied"), mounts
        assert reason in rejected.message, mounts


def test_a_source_that_container_code_cannot_replace_is_mounted() -> None:
    for mounts in (
        ["/data:/data:ro", "/data/set:/set"],
        ["/data:/data", "/data:/again:ro"],
        ["/data:/data", "/database:/database"],
        ["/home/ada/all:/all:ro"],
    ):
        resolved = plan(*mounts, workspace="/home/ada/all/vision")
        for mount in mounts:
            source, target = mount.split(":")[:2]
            assert mount_at(resolved, target).source == source, mounts


def test_a_secret_inside_a_writable_mount_is_refused() -> None:
    text = "mounts: [{source: /data, target: /data}]\nsecrets: {KEY: {file: key}}"
    for source in ("/data/key", f"{PROJECT}/key"):
        with pytest.raises(ConfigError) as error:
            resolve_text(text, real_paths={"key": source, "/data": "/data"}, secrets={"KEY": "0" * 64})
        problems = [(item.key, item.code) for item in error.value.problems]
        assert problems == [("secrets.KEY.file", "secret-file-exposed")], source


OTHER_CAN = "the environment other can replace"
OF_OTHER = "of the environment other, which is in"


@pytest.mark.proves("mount sources that another environment can replace need approval", "real")
def test_a_source_that_another_environment_can_replace_is_shown() -> None:
    for mount, bind, expected in [
        ("/srv/data/set:/d:ro", BindInfo("other", "/srv/data"), f"{OTHER_CAN} /srv/data/set"),
        (
            "/srv/data:/d",
            BindInfo("other", "/srv/data/set", read_only=True),
            f"replace /srv/data/set {OF_OTHER} /srv/data",
        ),
        ("/x:/x", BindInfo("other", "/home/ada"), f"{OTHER_CAN} {PROJECT}"),
        ("/x:/x", BindInfo("other", f"{PROJECT}/sub"), f"replace {PROJECT}/sub {OF_OTHER} {PROJECT}"),
        ("/srv/data:/d", BindInfo("other", "/srv/data"), ""),  # shared by both, so neither can replace it
        ("/srv/data/set:/d", BindInfo("other", "/srv/data", read_only=True), ""),
        ("/srv/data:/d:ro", BindInfo("other", "/srv/data/set"), ""),
        ("/srv/data:/d", BindInfo("other", "/srv/database"), ""),
    ]:
        entries = [entry for entry in plan(mount, binds=(bind,)).access.entries if "replace" in entry]
        assert len(entries) == bool(expected), (mount, bind)
        assert all(expected in entry for entry in entries), (mount, bind)


def test_the_config_is_read_only_at_every_path() -> None:
    assert guarded_paths(plan()) == ["/workspace/envkit.yaml"]
    parent: dict[str, Any] = {"workspace": "/home/ada/all", "config_files": {"/home/ada/all/vision/envkit.yaml": ""}}
    assert guarded_paths(plan(**parent)) == ["/workspace/vision/envkit.yaml"]
    assert guarded_paths(plan(f"{PROJECT}:/project", workspace="/home/ada/work")) == ["/project/envkit.yaml"]
    assert guarded_paths(plan(f"{PROJECT}:/project:ro", workspace="/home/ada/work")) == []
    assert guarded_paths(plan(workspace="/home/ada/work")) == []


def test_the_copy_of_the_config_exists_only_if_it_is_mounted() -> None:
    for workspace, expected in [(PROJECT, ["guard/envkit.yaml"]), ("/home/ada/work", [])]:
        artifacts = plan(workspace=workspace).files.artifacts
        assert [artifact.path for artifact in artifacts if "guard" in artifact.path] == expected


def test_a_config_covered_by_another_mount_is_not_guarded() -> None:
    # The copy would be mounted into the covering folder.
    resolved = plan(
        "/data:/workspace/vision",
        workspace="/home/ada/all",
        config_files={"/home/ada/all/vision/envkit.yaml": ""},
        real_paths={"./vision": "/home/ada/all/vision"},
    )
    assert guarded_paths(resolved) == []


def test_the_config_cannot_be_mounted_writable_or_covered() -> None:
    rejected = problem(f"{PROJECT}/envkit.yaml:/c", workspace="/home/ada/work")
    assert (rejected.key, rejected.code) == ("mounts[0].source", "mount-source-denied")
    assert mount_at(plan(f"{PROJECT}/envkit.yaml:/c:ro", workspace="/home/ada/work"), "/c").read_only
    real_paths = {"./envkit.yaml": f"{PROJECT}/envkit.yaml"}
    rejected = problem("/data/c:/workspace/envkit.yaml", real_paths=real_paths)
    assert (rejected.key, rejected.code) == ("mounts[0].target", "mount-target-taken")


NESTED = ["/data:/d:ro", "/other:/d/new"]


def test_a_nested_target_needs_an_existing_folder() -> None:
    # Otherwise the engine would create it in the host's folder, as root.
    missing = problem(*NESTED)
    assert (missing.key, missing.code) == ("mounts[1].target", "mount-target-missing")
    assert "mkdir -p /data/new" in missing.message
    assert mount_at(plan(*NESTED, real_paths={"/data/new": "/data/new"}), "/d/new").source == "/other"


def test_a_link_out_of_the_enclosing_mount_is_no_such_folder() -> None:
    assert problem(*NESTED, real_paths={"/data/new": "/elsewhere"}).code == "mount-target-missing"


def test_a_volume_inside_a_bind_mount_needs_a_folder() -> None:
    text = "volumes: {cache: /d/cache}\nmounts: [{source: /data, target: /d}]"
    with pytest.raises(ConfigError, match=r"volumes\.cache.*mkdir -p /data/cache"):
        resolve_text(text, real_paths={"/data": "/data"})


def test_a_mount_inside_a_volume_needs_no_folder_on_the_host() -> None:
    text = "volumes: {cache: /workspace/cache}\nmounts: [{source: /data, target: /workspace/cache/data}]"
    resolved = resolve_text(text, real_paths={"/data": "/data", "./cache": f"{PROJECT}/cache"})
    assert mount_at(resolved, "/workspace/cache/data").source == "/data"
