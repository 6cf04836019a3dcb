"""What lies in a folder that can be written from inside can become a link: nothing of it is mounted from there."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from envkit import config
from envkit.errors import ConfigError
from envkit.model.engine_state import ActualState, BindInfo, ImageInfo
from envkit.model.facts import Account, Facts
from envkit.resolve import resolve

if TYPE_CHECKING:
    from envkit.model.plan import Plan
    from envkit.model.run import Mount

PROJECT = "/home/ada/vision"
GUARD = "/home/ada/.local/state/envkit/local/vision-1/guard/envkit.yaml"
FACTS = Facts(
    caller=Account(1000, 1000),
    sudo_caller=None,
    workspace=PROJECT,
    workspace_owner=Account(1000, 1000),
    home="/home/ada",
    homes=("/home/ada",),
    config_files={f"{PROJECT}/envkit.yaml": "gpu: auto\n"},
    cpus=8,
    memory_mib=32_000,
    machine="amd64",
    state="/home/ada/.local/state/envkit/local/vision-1",
)


def plan(*mounts: str, facts: Facts = FACTS, others: tuple[BindInfo, ...] = ()) -> Plan:
    """Decide on mounts, each written as `source:target` or `source:target:ro`; every source is its own real path."""
    wanted = [one.split(":") for one in mounts]
    written = [{"source": one[0], "target": one[1], "read_only": len(one) > 2} for one in wanted]
    facts = replace(facts, real_paths={**{one[0]: one[0] for one in wanted}, **facts.real_paths})
    found = ActualState(base=ImageInfo("sha256:base", {}, ref="envkit-base:bookworm"), binds=others)
    return resolve(config.load(json.dumps({"mounts": written})), PROJECT, "vision", facts, found, None)


def problems(*mounts: str, facts: Facts = FACTS) -> list[str]:
    with pytest.raises(ConfigError) as error:
        plan(*mounts, facts=facts)
    return [str(problem).partition(" ")[2] for problem in error.value.problems]


def guards(found: Plan) -> list[str]:
    return [one.target for one in found.run.mounts if one.source == GUARD and one.read_only]


def at(found: Plan, target: str) -> Mount:
    (mount,) = [one for one in found.run.mounts if one.target == target]
    return mount


@pytest.mark.proves("nothing is mounted from where it can be turned into a link from inside", "real")
@pytest.mark.parametrize(
    ("mounts", "key", "why"),
    [
        (["/data/set:/set:ro", "/data:/data"], "mounts[0].source", "lies in /data"),
        (["/data:/data", "/data/set:/set:ro"], "mounts[1].source", "lies in /data"),
        (["/data:/data", "/data/set:/set"], "mounts[1].source", "lies in /data"),
        ([f"{PROJECT}/set:/set:ro"], "mounts[0].source", "lies in the workspace"),
        (["/home/ada/all:/all"], "mounts[0].source", "contains the workspace"),
    ],
)
def test_a_source_that_can_be_written_around_is_refused_in_any_order(mounts: list[str], key: str, why: str) -> None:
    workspace = "/home/ada/all/vision" if "/home/ada/all:/all" in mounts else PROJECT
    (problem,) = problems(*mounts, facts=replace(FACTS, workspace=workspace))
    assert problem.startswith(f"{key}: ")
    assert why in problem


@pytest.mark.parametrize(
    "mounts",
    [
        ["/data:/data:ro", "/data/set:/set"],
        ["/data:/data", "/data:/again:ro"],
        ["/data:/data", "/database:/database"],
        ["/home/ada/all:/all:ro"],
    ],
)
def test_a_source_that_nobody_inside_can_replace_is_mounted(mounts: list[str]) -> None:
    found = plan(*mounts, facts=replace(FACTS, workspace="/home/ada/all/vision"))
    assert [at(found, one.split(":")[1]).source for one in mounts] == [one.split(":")[0] for one in mounts]


@pytest.mark.parametrize("source", ["/data/key", f"{PROJECT}/key"])
def test_a_secret_that_can_be_turned_into_a_link_is_refused(source: str) -> None:
    facts = replace(FACTS, real_paths={"key": source}, secrets={"KEY": "0" * 64})
    with pytest.raises(ConfigError, match=r"secrets\.KEY\.file"):
        resolve(
            config.load("mounts: [{source: /data, target: /data}]\nsecrets: {KEY: {file: key}}"),
            PROJECT,
            "vision",
            replace(facts, real_paths={"key": source, "/data": "/data"}),
            ActualState(),
            None,
        )


OTHER = "what runs in the environment other can replace"
HERE = "of the environment other, which lies in"


@pytest.mark.proves("sources that another environment can replace are agreed to first", "real")
@pytest.mark.parametrize(
    ("mount", "bind", "expected"),
    [
        ("/srv/data/set:/d:ro", BindInfo("other", "/srv/data"), f"{OTHER} /srv/data/set"),
        ("/srv/data:/d", BindInfo("other", "/srv/data/set", read_only=True), f"replace /srv/data/set {HERE} /srv/data"),
        ("/x:/x", BindInfo("other", "/home/ada"), f"{OTHER} {PROJECT}"),
        ("/x:/x", BindInfo("other", f"{PROJECT}/sub"), f"replace {PROJECT}/sub {HERE} {PROJECT}"),
        ("/srv/data:/d", BindInfo("other", "/srv/data"), ""),  # shared by both, and neither can replace it
        ("/srv/data/set:/d", BindInfo("other", "/srv/data", read_only=True), ""),
        ("/srv/data:/d:ro", BindInfo("other", "/srv/data/set"), ""),
        ("/srv/data:/d", BindInfo("other", "/srv/database"), ""),
    ],
)
def test_what_another_environment_could_replace_is_agreed_to_first(mount: str, bind: BindInfo, expected: str) -> None:
    told = [one for one in plan(mount, others=(bind,)).access.entries if "replace" in one]
    assert len(told) == bool(expected)
    assert all(expected in one for one in told)


def test_the_config_is_read_only_wherever_it_shows() -> None:
    assert guards(plan()) == ["/workspace/envkit.yaml"]
    above = replace(FACTS, workspace="/home/ada/all", config_files={"/home/ada/all/vision/envkit.yaml": ""})
    assert guards(plan(facts=above)) == ["/workspace/vision/envkit.yaml"]
    beside = replace(FACTS, workspace="/home/ada/work", config_files={f"{PROJECT}/envkit.yaml": ""})
    assert guards(plan(f"{PROJECT}:/project", facts=beside)) == ["/project/envkit.yaml"]
    assert guards(plan(f"{PROJECT}:/project:ro", facts=beside)) == []
    assert guards(plan(facts=beside)) == []


def test_its_copy_is_written_only_where_it_is_mounted() -> None:
    beside = replace(FACTS, workspace="/home/ada/work")
    assert [one.path for one in plan().files.artifacts if "guard" in one.path] == ["guard/envkit.yaml"]
    assert [one.path for one in plan(facts=beside).files.artifacts if "guard" in one.path] == []


def test_what_another_mount_covers_is_not_guarded_as_the_copy_would_land_there() -> None:
    above = replace(
        FACTS,
        workspace="/home/ada/all",
        config_files={"/home/ada/all/vision/envkit.yaml": ""},
        real_paths={"./vision": "/home/ada/all/vision"},
    )
    assert guards(plan("/data:/workspace/vision", facts=above)) == []


def test_the_config_itself_cannot_be_mounted_to_be_written_or_covered() -> None:
    beside = replace(FACTS, workspace="/home/ada/work")
    (problem,) = problems(f"{PROJECT}/envkit.yaml:/c", facts=beside)
    assert problem.startswith("mounts[0].source: ")
    assert at(plan(f"{PROJECT}/envkit.yaml:/c:ro", facts=beside), "/c").read_only
    facts = replace(FACTS, real_paths={"./envkit.yaml": f"{PROJECT}/envkit.yaml"})
    (problem,) = problems("/data/c:/workspace/envkit.yaml", facts=facts)
    assert problem.startswith("mounts[0].target: ")


NESTED = ["/data:/d:ro", "/other:/d/new"]


def test_a_nested_target_needs_its_folder_in_the_mount_around_it() -> None:
    # Otherwise the engine would make it in the host's folder, as root's.
    (problem,) = problems(*NESTED)
    assert problem.startswith("mounts[1].target: ")
    assert "mkdir -p /data/new" in problem
    there = replace(FACTS, real_paths={"/data/new": "/data/new"})
    assert at(plan(*NESTED, facts=there), "/d/new").source == "/other"


def test_a_link_out_of_the_mount_around_is_no_such_folder() -> None:
    (problem,) = problems(*NESTED, facts=replace(FACTS, real_paths={"/data/new": "/elsewhere"}))
    assert problem.startswith("mounts[1].target: ")


def test_a_volume_in_a_folder_of_the_host_needs_that_folder_too() -> None:
    text = "volumes: {cache: /d/cache}\nmounts: [{source: /data, target: /d}]"
    facts = replace(FACTS, real_paths={"/data": "/data"})
    with pytest.raises(ConfigError, match=r"volumes\.cache.*mkdir -p /data/cache"):
        resolve(config.load(text), PROJECT, "vision", facts, ActualState(), None)


def test_a_target_in_a_volume_needs_nothing_of_the_host() -> None:
    text = "volumes: {cache: /workspace/cache}\nmounts: [{source: /data, target: /workspace/cache/data}]"
    facts = replace(FACTS, real_paths={"/data": "/data", "./cache": f"{PROJECT}/cache"})
    found = resolve(config.load(text), PROJECT, "vision", facts, ActualState(), None)
    assert at(found, "/workspace/cache/data").source == "/data"
