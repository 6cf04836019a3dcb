"""Remote engines: their plan, unsupported keys, uploads, and the copy of the workspace."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from envkit import backends, config, host, process, state
from envkit.backends.docker import create_options
from envkit.commands import audit, doctor
from envkit.commands import sync as sync_command
from envkit.environment import builder, mounted_files, preflight
from envkit.environment.planning import PlanningResult
from envkit.environment.project import Environment
from envkit.environment.remote import ports, sync, transfer, upload
from envkit.errors import ConfigError, EngineError, PreconditionError, StartFailed
from envkit.model.artifact import Artifact
from envkit.model.engine_state import ActualState, ContainerInfo, VolumeInfo
from envkit.model.facts import Account, EngineFacts, HostGpu, HostNetwork, HostResources
from envkit.model.plan import FilesPlan, Plan, Secret
from envkit.model.run import Mount
from envkit.model.state import State
from envkit.reconcile import DesiredState
from envkit.render import compose
from envkit.resolve import remote, resolve
from tests.support import plan_samples
from tests.support.engine_states import desired_state
from tests.support.fake_backend import REMOTE, FakeBackend
from tests.support.plan_samples import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

    from envkit.model.report import Progress

CALLER = Account(os.getuid(), os.getgid())
LOCAL_FACTS = plan_samples.facts(
    config_files={f"{PROJECT}/envkit.yaml": ""},
    resources=HostResources(4, 8192, "amd64"),
    network=HostNetwork(busy_ports={8888: "jupyter"}, routes=("10.0.0.0/8",)),
    gpu=HostGpu("535.1"),
    gpu_methods=("hook",),
    real_paths={"~/data": "/home/ada/data"},
)
ENGINE_FACTS = EngineFacts(
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
FACTS = replace(remote.apply_engine_facts(LOCAL_FACTS, ENGINE_FACTS), capabilities=REMOTE)
TITLE = "envkit-1000-vision"


def plan(text: str = "base: debian") -> Plan:
    return resolve(config.load(text), PROJECT, "vision", FACTS, ActualState(), None)


def test_the_remote_machines_resources_count() -> None:
    resolved = plan()
    assert resolved.run.limits.cpus == 64
    assert resolved.run.limits.memory_mib > 200_000
    assert resolved.run.host_port(8888) == 8888  # the local listener on 8888 does not matter
    assert resolved.run.gpus is None
    assert any(note.startswith("gpu: ") for note in resolved.notes)
    assert not plan("base: debian\ngpu: off").notes


@pytest.mark.proves("no folder of this machine is mounted on another one", "real")
def test_nothing_of_this_machine_is_mounted() -> None:
    resolved = plan("base: debian\nvolumes: {cache: /workspace/cache}")
    files = "/data/docker/volumes/envkit-1000-vision-files/_data"
    assert resolved.run.mounts == (
        Mount("volume", f"{TITLE}-workspace", "/workspace"),
        Mount("volume", f"{TITLE}-home", "/home/dev"),
        Mount("volume", f"{TITLE}-cache", "/workspace/cache"),
        Mount("volume", f"{TITLE}-files", "/run/secrets/envkit", read_only=True),
        Mount("within", f"{files}/passwd", "/etc/passwd", read_only=True),
        Mount("within", f"{files}/group", "/etc/group", read_only=True),
    )
    assert not any(artifact.path.startswith("guard/") for artifact in resolved.files.artifacts)


def test_a_file_in_a_volume_is_mounted_as_the_engine_requires() -> None:
    mounts = (Mount("within", "/v/_data/passwd", "/etc/passwd", read_only=True), Mount("bind", "/p", "/workspace"))
    expected = ["rslave", "rprivate"]
    assert [create_options._mount(mount)["BindOptions"]["Propagation"] for mount in mounts] == expected
    services: Any = compose.document(desired_state(mounts=mounts))["services"]
    assert [volume["bind"]["propagation"] for volume in services["workspace"]["volumes"]] == expected


def test_unknown_facts_of_the_remote_machine_have_defaults() -> None:
    facts = remote.apply_engine_facts(LOCAL_FACTS, None)
    assert (facts.remote_volumes_dir, facts.resources) == ("/var/lib/docker/volumes", LOCAL_FACTS.resources)


@pytest.mark.proves("keys that a remote engine cannot support are refused by name", "real")
def test_unsupported_keys_are_refused_with_a_hint() -> None:
    for text, key, code, hint in [
        ("mounts: [{source: ~/data, target: /data}]", "mounts[0].source", "remote-unsupported", "`volumes:`"),
        ("volumes: {workspace: /x}", "volumes.workspace", "volume-name-reserved", "another name"),
        ("volumes: {files: /x}", "volumes.files", "volume-name-reserved", "another name"),
        ("gpu: on", "gpu", "remote-unsupported", "run envkit on that machine"),
        ("gpu: [0]", "gpu", "remote-unsupported", "auto or off"),
        ("ssh: {publish: true}", "ssh.publish", "remote-unsupported", "envkit ssh"),
    ]:
        with pytest.raises(ConfigError) as error:
            plan(f"base: debian\n{text}")
        assert [(problem.key, problem.code) for problem in error.value.problems] == [(key, code)], text
        assert hint in error.value.message, text


def test_root_is_refused() -> None:
    facts = replace(FACTS, caller=Account(0, 0))
    with pytest.raises(PreconditionError) as error:
        resolve(config.load("base: debian"), PROJECT, "vision", facts, ActualState(), None)
    assert error.value.code == "remote-as-root"


@pytest.fixture
def state_dir(tmp_path: Path) -> state.StateDir:
    return state.StateDir(tmp_path / "state")


@pytest.fixture
def files_plan(state_dir: state.StateDir, tmp_path: Path) -> Plan:
    """Return a plan whose files are in `state_dir`."""
    (tmp_path / "wandb").write_text("key")
    secrets = (Secret("WANDB", str(tmp_path / "wandb"), hashlib.sha256(b"key").hexdigest()),)
    artifacts = (Artifact("mount/settings.json", "{}\n", 0o600), Artifact("etc/passwd", "dev\n"))
    files_plan = replace(desired_state(user=CALLER).plan, files=FilesPlan(artifacts, secrets))
    mounted_files.replace_files(state_dir, files_plan)
    return files_plan


def test_files_are_uploaded_with_owner_and_mode(state_dir: state.StateDir, files_plan: Plan) -> None:
    backend = FakeBackend()
    upload.upload_files(backend, state_dir, files_plan, "i", {})
    (entries,) = backend.uploads.values()
    assert {entry.path: entry.content for entry in entries}["token"] == (state_dir.mount / "token").read_bytes()
    assert {entry.uid for entry in entries} == {CALLER.uid}
    assert [(entry.path, entry.content is None, entry.mode) for entry in entries] == [
        # A file replaces the folder of secrets before it is recreated: the engine removes nothing from a folder.
        (".", True, 0o700),
        ("secrets", False, 0o600),
        ("secrets", True, 0o700),
        ("token", False, 0o600),
        ("ssh_host_ed25519_key", False, 0o600),
        ("settings.json", False, 0o600),
        ("passwd", False, 0o644),
        ("secrets/WANDB", False, 0o600),
    ]


def test_the_upload_fingerprint_depends_on_content_and_volume(state_dir: state.StateDir, files_plan: Plan) -> None:
    volumes = {upload.volume_name(files_plan): VolumeInfo({}, "first")}
    other_volumes = {upload.volume_name(files_plan): VolumeInfo({}, "second")}
    fingerprint = upload.fingerprint(state_dir, files_plan, volumes)
    assert fingerprint == upload.fingerprint(state_dir, files_plan, volumes)
    assert fingerprint != upload.fingerprint(state_dir, files_plan, other_volumes)
    assert fingerprint != upload.fingerprint(state_dir, files_plan, {})
    (state_dir.mount / "secrets/WANDB").write_text("other")
    assert fingerprint != upload.fingerprint(state_dir, files_plan, volumes)


@pytest.fixture
def environment(state_dir: state.StateDir) -> Environment:
    state_dir.folder.mkdir(mode=0o700)
    return Environment("vision", PROJECT, 1000, state_dir, State("vision", PROJECT), "ssh://far")


VOLUMES = {f"{TITLE}-workspace": VolumeInfo({}, "made")}
CONTAINER = ContainerInfo("c1", "running", {}, "i1")
RUNNING = ActualState(container=CONTAINER, volumes=VOLUMES)
REMOVED = ActualState(volumes=VOLUMES)


def write_record(environment: Environment, *, back: bool = False) -> None:
    record = {"which": "1:2 made", "back": back, "paths": {}}
    (environment.state_dir.folder / sync.RECORD_FILE).write_text(json.dumps(record))


def pull_back(environment: Environment, actual: ActualState, *, is_final: bool) -> list[str]:
    """Pull back, and return the progress messages."""
    messages: list[Progress] = []
    engine: Any = None
    sync.pull_back(environment, engine, actual=actual, is_final=is_final, on_progress=messages.append)
    return [message.text for message in messages]


@pytest.mark.proves(
    "`down` copies back changes that only the other machine has, and `--volumes` loses none of them", "fake"
)
def test_an_unreadable_copy_is_not_deleted(environment: Environment) -> None:
    write_record(environment)
    for actual in (replace(RUNNING, container=replace(CONTAINER, status="exited")), REMOVED):
        with pytest.raises(PreconditionError) as error:
            pull_back(environment, actual, is_final=True)
        assert error.value.code == "unsynced-changes"
        assert "--discard" in error.value.hint
        assert "the volume keeps the changes" in pull_back(environment, actual, is_final=False)[0]


def test_a_copy_that_cannot_be_pulled_is_not_deleted(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise EngineError("rsync could not copy", code="engine-request-failed")

    monkeypatch.setattr(sync, "sync", fail)
    write_record(environment, back=True)
    with pytest.raises(PreconditionError, match="rsync could not copy"):
        pull_back(environment, RUNNING, is_final=True)
    assert pull_back(environment, RUNNING, is_final=False)
    with pytest.raises(PreconditionError) as error:  # also after the container was removed
        pull_back(environment, REMOVED, is_final=True)
    assert error.value.code == "unsynced-changes"


def test_a_pulled_copy_may_be_deleted_later(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "sync", lambda *_, **__: sync.SyncResult("vision"))
    write_record(environment)
    assert pull_back(environment, RUNNING, is_final=False) == []
    assert pull_back(environment, REMOVED, is_final=True) == []


def test_a_volume_that_was_never_synced_may_be_deleted(environment: Environment) -> None:
    write_record(environment)
    other_volume = ActualState(volumes={f"{TITLE}-workspace": VolumeInfo({}, "another")})
    for actual in (ActualState(), other_volume):
        assert pull_back(environment, actual, is_final=True) == [], actual


def test_a_copy_of_another_workspace_is_refused() -> None:
    unused: Any = None
    for previous, volumes, is_refused in [
        ("/elsewhere", VOLUMES, True),
        ("/elsewhere", {}, False),
        (PROJECT, VOLUMES, False),
        ("", VOLUMES, False),
    ]:
        planning = PlanningResult(DesiredState(plan(), unused, "r"), (), FACTS, ActualState(volumes=volumes))
        with pytest.raises(PreconditionError) if is_refused else nullcontext() as error:
            preflight.check_remote_copy(planning, State("vision", PROJECT, previous))
        assert error is None or error.value.code == "workspace-changed"


def test_buildx_inside_the_project_is_not_used() -> None:
    # It is not mounted, but a sync brings changes of container code back.
    assert builder.builder_request(plan()).writable_folders == (PROJECT,)


@pytest.mark.proves("the token is sent only to ports that envkit's own connection holds", "real")
def test_audit_sends_no_token_without_a_forwarded_port(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = FakeBackend(containers={environment.container_name: CONTAINER})
    backend.inspection = {"NetworkSettings": {"Ports": {"8888/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8888"}]}}}
    monkeypatch.setattr(backends, "connect", lambda _: backend)
    monkeypatch.setattr(ports, "local_port", lambda *_: 0)
    with pytest.raises(StartFailed) as error:
        audit.audit(environment, on_progress=lambda _: None)
    assert error.value.code == "forward-missing"


def test_doctor_refuses_a_remote_engine() -> None:
    project: Any = SimpleNamespace(endpoint="ssh://far")
    with pytest.raises(PreconditionError) as error:
        doctor.doctor(project, gpu=False)
    assert error.value.code == "engine-remote"


def test_the_local_gpu_does_not_count_for_a_remote_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "gpu", lambda: HostGpu("535.1"))
    assert ports.host_gpu("unix:///x") == HostGpu("535.1")
    assert ports.host_gpu("ssh://far") == HostGpu()


def test_a_damaged_baseline_is_ignored(environment: Environment) -> None:
    for text in ("", "{", "[]", '{"which": 3}', '{"which": "1:2 made", "back": 1, "paths": {"a": [1]}}'):
        (environment.state_dir.folder / sync.RECORD_FILE).write_text(text)
        assert sync._load_baseline(environment, "1:2 made") == {}, text


def test_a_baseline_of_other_folders_is_ignored(environment: Environment) -> None:
    entry = ["f", 1, 1, 1, 420, ""]
    record = {"which": "1:2 made", "back": False, "paths": {"a": [entry, entry]}}
    (environment.state_dir.folder / sync.RECORD_FILE).write_text(json.dumps(record))
    assert set(sync._load_baseline(environment, "1:2 made")) == {"a"}
    assert sync._load_baseline(environment, "1:3 made") == sync._load_baseline(environment, "1:2 other") == {}


def test_the_config_is_protected_at_its_path_in_the_workspace(environment: Environment) -> None:
    for workspace, expected in [
        ("", {"envkit.yaml", "envkit.lock"}),
        ("/home/ada", {"vision/envkit.yaml", "vision/envkit.lock"}),
        (f"{PROJECT}/src", set()),
        ("/data", set()),
    ]:
        synced = replace(environment, state=State("vision", PROJECT, workspace))
        assert sync._protected_paths(synced) == expected, workspace


def test_sync_refuses_a_local_engine(environment: Environment) -> None:
    with pytest.raises(PreconditionError) as error:
        sync_command.sync(replace(environment, endpoint="unix:///x"), dry_run=False, on_progress=lambda _: None)
    assert error.value.code == "engine-local"


def test_sync_needs_rsync(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "which", lambda program: None if program == "rsync" else program)
    with pytest.raises(PreconditionError) as error:
        transfer.find_tools()
    assert error.value.code == "sync-tools-missing"
    assert error.value.hint == "sudo apt-get install rsync openssh-client"
