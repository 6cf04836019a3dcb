"""An engine on another machine: what is planned for it, what is refused, and what is brought there."""

from __future__ import annotations

import io
import json
import os
import tarfile
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from envkit import config, host, naming, process, state
from envkit.backends.docker import buildx, client, create_options, inspect
from envkit.backends.docker.buildx import BuildxUnavailable
from envkit.commands import audit, doctor
from envkit.environment import builder, mounted_files, preflight
from envkit.environment.planning import PlanningResult
from envkit.environment.project import Environment
from envkit.environment.remote import ports, sync, transfer, upload
from envkit.errors import ConfigError, EngineError, PreconditionError, StartFailed
from envkit.model.artifact import Artifact
from envkit.model.engine_state import ActualState, ContainerInfo, VolumeInfo
from envkit.model.facts import Account, EngineFacts, Facts, HostGpu
from envkit.model.plan import FilesPlan, Plan, Secret
from envkit.model.run import Mount
from envkit.model.state import State
from envkit.reconcile import DesiredState
from envkit.render import compose
from envkit.resolve import remote, resolve
from tests.unit.worlds import wanted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from envkit.model.report import Progress

PROJECT, ME = "/home/ada/vision", Account(os.getuid(), os.getgid())
HERE = Facts(
    caller=Account(1000, 1000),
    sudo_caller=None,
    workspace=PROJECT,
    workspace_owner=Account(1000, 1000),
    home="/home/ada",
    config_files={f"{PROJECT}/envkit.yaml": ""},
    cpus=4,
    memory_mib=8192,
    machine="amd64",
    state="/home/ada/.local/state/envkit/x/vision",
    busy_ports={8888: "jupyter"},
    routes=("10.0.0.0/8",),
    gpu=HostGpu("535.1"),
    gpu_methods=("hook",),
    real_paths={"~/data": "/home/ada/data"},
)
THERE = EngineFacts(
    "ssh://far",
    "26.1.5",
    "amd64",
    rootless=False,
    userns=False,
    gpu_methods=("runtime",),
    cpus=64,
    memory_mib=262144,
    volumes_dir="/data/docker/volumes",
)
FACTS = remote.apply_engine_facts(HERE, THERE)
TITLE = "envkit-1000-vision"


def plan(text: str = "base: debian") -> Plan:
    return resolve(config.load(text), PROJECT, "vision", FACTS, ActualState(), None)


def test_the_other_machine_counts_in_the_place_of_this_one() -> None:
    made = plan()
    assert made.run.limits.cpus == 64
    assert made.run.limits.memory_mib > 200_000
    assert made.run.host_port(8888) == 8888  # what is taken here says nothing of there
    assert made.run.gpus is None
    assert any(one.startswith("gpu: the engine is on another machine") for one in made.notes)
    assert not plan("base: debian\ngpu: off").notes


@pytest.mark.proves("nothing of this machine is mounted on another one", "real")
def test_nothing_of_this_machine_is_mounted_there() -> None:
    made = plan("base: debian\nvolumes: {cache: /workspace/cache}")
    files = "/data/docker/volumes/envkit-1000-vision-files/_data"
    assert made.run.mounts == (
        Mount("volume", f"{TITLE}-workspace", "/workspace"),
        Mount("volume", f"{TITLE}-home", "/home/dev"),
        Mount("volume", f"{TITLE}-cache", "/workspace/cache"),
        Mount("volume", f"{TITLE}-files", "/run/secrets/envkit", read_only=True),
        Mount("within", f"{files}/passwd", "/etc/passwd", read_only=True),
        Mount("within", f"{files}/group", "/etc/group", read_only=True),
    )
    assert not any(one.path.startswith("guard/") for one in made.files.artifacts)


def test_a_file_within_a_volume_is_mounted_as_the_engine_insists_and_others_as_ever() -> None:
    mounts = (Mount("within", "/v/_data/passwd", "/etc/passwd", read_only=True), Mount("bind", "/p", "/workspace"))
    for one, propagation in zip(mounts, ("rslave", "rprivate"), strict=True):
        assert create_options._mount(one)["BindOptions"] == {"Propagation": propagation}
    service: Any = compose.document(wanted(mounts=mounts))["services"]
    told = [one["bind"]["propagation"] for one in service["workspace"]["volumes"]]
    assert told == ["rslave", "rprivate"]


def test_what_is_not_known_of_the_other_machine_is_taken_for_the_usual() -> None:
    bare = remote.apply_engine_facts(HERE, None)
    assert (bare.remote_volumes_dir, bare.cpus, bare.memory_mib) == ("/var/lib/docker/volumes", 4, 8192)


@pytest.mark.proves("what an engine on another machine cannot honour is refused by key", "real")
@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        ("mounts: [{source: ~/data, target: /data}]", "mounts[0].source", "`volumes:`"),
        ("volumes: {workspace: /x}", "volumes.workspace", "another name"),
        ("volumes: {files: /x}", "volumes.files", "another name"),
        ("gpu: on", "gpu", "run envkit on that machine"),
        ("gpu: [0]", "gpu", "write auto or off"),
        ("ssh: {publish: true}", "ssh.publish", "envkit ssh"),
    ],
)
def test_what_it_cannot_honour_is_refused_by_key(text: str, key: str, hint: str) -> None:
    with pytest.raises(ConfigError) as error:
        plan(f"base: debian\n{text}")
    assert [one.key for one in error.value.problems] == [key]
    assert hint in error.value.message


def test_root_is_refused() -> None:
    facts = replace(FACTS, caller=Account(0, 0))
    with pytest.raises(PreconditionError, match="as root you would write what comes back"):
        resolve(config.load("base: debian"), PROJECT, "vision", facts, ActualState(), None)


@pytest.fixture
def made(tmp_path: Path) -> tuple[state.StateDir, Plan]:
    import hashlib

    (tmp_path / "wandb").write_text("key")
    secrets = (Secret("WANDB", str(tmp_path / "wandb"), hashlib.sha256(b"key").hexdigest()),)
    artifacts = (Artifact("mount/settings.json", "{}\n", 0o600), Artifact("etc/passwd", "dev\n"))
    own = replace(wanted(user=ME).plan, files=FilesPlan(artifacts, secrets))
    place = state.StateDir(tmp_path / "state")
    mounted_files.replace_files(place, own)
    return place, own


def test_the_files_travel_with_owner_and_mode_and_what_was_taken_out_goes(made: tuple[state.StateDir, Plan]) -> None:
    place, own = made
    with tarfile.open(fileobj=io.BytesIO(upload._build_archive(place, own))) as tar:
        entries = [(one.name, one.isdir(), one.mode, one.uid) for one in tar]
        (token,) = (tar.extractfile(one) for one in tar if one.name == "0/token")
        assert token is not None
        assert token.read() == (place.mount / "token").read_bytes()
    assert {uid for *_, uid in entries} == {ME.uid}
    assert [one[:3] for one in entries] == [
        # The folder of secrets is replaced by a file and made anew: the engine takes nothing out of a folder.
        ("0", True, 0o700),
        ("0/secrets", False, 0o600),
        ("0/secrets", True, 0o700),
        ("0/token", False, 0o600),
        ("0/ssh_host_ed25519_key", False, 0o600),
        ("0/settings.json", False, 0o600),
        ("0/passwd", False, 0o644),
        ("0/secrets/WANDB", False, 0o600),
    ]


def test_a_delivery_is_told_by_content_and_by_the_volume_that_got_it(made: tuple[state.StateDir, Plan]) -> None:
    place, own = made
    volumes = {upload.volume_name(own): VolumeInfo({}, "first")}
    before = upload.fingerprint(place, own, volumes)
    assert before == upload.fingerprint(place, own, volumes)
    assert before != upload.fingerprint(place, own, {upload.volume_name(own): VolumeInfo({}, "second")})
    assert before != upload.fingerprint(place, own, {})
    (place.mount / "secrets/WANDB").write_text("other")
    assert before != upload.fingerprint(place, own, volumes)


@pytest.fixture
def known(tmp_path: Path) -> Environment:
    place = state.StateDir(tmp_path / "state")
    place.folder.mkdir(mode=0o700)
    return Environment("vision", PROJECT, 1000, place, State("vision", PROJECT), "ssh://far")


VOLUME = {f"{TITLE}-workspace": VolumeInfo({}, "made")}
CONTAINER = ContainerInfo("c1", "running", {}, "i1")


def kept(known: Environment, which: str = "1:2 made", *, back: bool = False) -> None:
    record = {"which": which, "back": back, "paths": {}}
    (known.state_dir.folder / sync.RECORD_FILE).write_text(json.dumps(record))


def brought_back(known: Environment, found: ActualState, *, last: bool) -> list[str]:
    said: list[Progress] = []
    nothing: Any = None
    sync.pull_back(known, nothing, actual=found, is_final=last, on_progress=said.append)
    return [one.text for one in said]


@pytest.mark.proves("`down` copies back what only the other machine has; `--volumes` loses nothing of it", "fake")
@pytest.mark.parametrize("status", ["exited", None])
def test_a_copy_that_cannot_be_looked_at_is_not_thrown_away(known: Environment, status: Any) -> None:
    kept(known)
    found = ActualState(container=replace(CONTAINER, status=status) if status else None, volumes=VOLUME)
    with pytest.raises(PreconditionError, match="may hold what is not here") as error:
        brought_back(known, found, last=True)
    assert "--discard" in error.value.hint
    assert "its volume keeps it" in brought_back(known, found, last=False)[0]


def test_a_copy_that_fails_to_come_back_is_not_thrown_away(known: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise EngineError("rsync could not copy")

    monkeypatch.setattr(sync, "sync", fails)
    kept(known, back=True)
    found = ActualState(container=CONTAINER, volumes=VOLUME)
    with pytest.raises(PreconditionError, match="rsync could not copy"):
        brought_back(known, found, last=True)
    assert brought_back(known, found, last=False)
    with pytest.raises(PreconditionError, match="it does not run"):  # also after the container was taken away
        brought_back(known, ActualState(volumes=VOLUME), last=True)


def test_a_copy_that_came_back_may_go_also_later(known: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "sync", lambda *_, **__: sync.SyncResult("vision"))
    kept(known)
    assert brought_back(known, ActualState(container=CONTAINER, volumes=VOLUME), last=False) == []
    assert brought_back(known, ActualState(volumes=VOLUME), last=True) == []


@pytest.mark.parametrize(
    "found", [ActualState(), ActualState(volumes={f"{TITLE}-workspace": VolumeInfo({}, "another")})]
)
def test_what_was_never_copied_may_go(known: Environment, found: ActualState) -> None:
    kept(known)
    assert brought_back(known, found, last=True) == []


@pytest.mark.parametrize(
    ("before", "there", "refused"),
    [
        ("/elsewhere", True, True),
        ("/elsewhere", False, False),
        (PROJECT, True, False),
        ("", True, False),
    ],
)
def test_two_workspaces_are_not_mixed_in_one_copy(before: str, *, there: bool, refused: bool) -> None:
    nothing: Any = None
    found = ActualState(volumes=VOLUME if there else {})
    surveyed = PlanningResult(DesiredState(plan(), nothing, "r"), (), FACTS, found)
    with pytest.raises(PreconditionError, match="is of /elsewhere") if refused else nullcontext():
        preflight.check_remote_copy(surveyed, State("vision", PROJECT, before))


def test_a_builder_that_lies_in_the_project_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def find(writable: Iterable[str]) -> BuildxUnavailable:
        asked.append(list(writable))
        return BuildxUnavailable("")

    monkeypatch.setattr(buildx, "find", find)
    assert builder._find_buildx(plan()) is None
    assert asked == [[PROJECT]]  # what changes inside comes back there, although nothing of it is mounted


@pytest.mark.proves("the token goes to no port that our own way does not hold", "real")
def test_audit_sends_the_token_to_no_port_that_does_not_lead_there(
    known: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing: Any = None
    monkeypatch.setattr(client, "connect", lambda _: nothing)
    monkeypatch.setattr(inspect, "container", lambda *_: replace(CONTAINER, labels={naming.PORT: "8888"}))
    monkeypatch.setattr(ports, "local_port", lambda *_: 0)
    with pytest.raises(StartFailed, match="no port of this machine leads to JupyterLab"):
        audit.audit(known, on_progress=lambda _: None)


def test_doctor_looks_at_no_other_machine_and_says_so() -> None:
    elsewhere: Any = SimpleNamespace(endpoint="ssh://far")
    with pytest.raises(PreconditionError, match="looks at the one it runs on"):
        doctor.doctor(elsewhere, gpu=False)


def test_a_gpu_of_this_machine_says_nothing_of_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "gpu", lambda: HostGpu("535.1"))
    assert ports.host_gpu("unix:///x") == HostGpu("535.1")
    assert ports.host_gpu("ssh://far") == HostGpu()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"which": 3}',
        '{"which": "1:2 made", "back": 1, "paths": {"a": [1]}}',
    ],
)
def test_a_damaged_record_deletes_nothing(known: Environment, text: str) -> None:
    (known.state_dir.folder / sync.RECORD_FILE).write_text(text)
    assert sync._load_baseline(known, "1:2 made") == {}


def test_what_was_agreed_between_other_folders_counts_for_nothing(known: Environment) -> None:
    entry = ["f", 1, 1, 1, 420, ""]
    record = {"which": "1:2 made", "back": False, "paths": {"a": [entry, entry]}}
    (known.state_dir.folder / sync.RECORD_FILE).write_text(json.dumps(record))
    assert set(sync._load_baseline(known, "1:2 made")) == {"a"}
    assert sync._load_baseline(known, "1:3 made") == sync._load_baseline(known, "1:2 other") == {}


@pytest.mark.parametrize(
    ("workspace", "expected"),
    [
        ("", {"envkit.yaml", "envkit.lock"}),
        ("/home/ada", {"vision/envkit.yaml", "vision/envkit.lock"}),
        (f"{PROJECT}/src", set()),
        ("/data", set()),
    ],
)
def test_the_config_is_guarded_wherever_it_shows(known: Environment, workspace: str, expected: set[str]) -> None:
    assert sync._protected_paths(replace(known, state=State("vision", PROJECT, workspace))) == expected


def test_sync_with_an_engine_of_this_machine_is_refused(known: Environment) -> None:
    with pytest.raises(PreconditionError, match="the engine is on this machine"):
        sync.run(replace(known, endpoint="unix:///x"), dry_run=False, on_progress=lambda _: None)


def test_without_rsync_nothing_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "which", lambda program: None if program == "rsync" else program)
    with pytest.raises(PreconditionError, match="lacks one of them") as error:
        transfer.find_tools()
    assert error.value.hint == "sudo apt-get install rsync openssh-client"
