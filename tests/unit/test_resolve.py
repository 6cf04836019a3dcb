"""Resolve a config, a host and an engine to a plan; invalid keys are reported with their lines."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from envkit import config, naming
from envkit.environment.dry_run import DryRun
from envkit.errors import ConfigError, PreconditionError
from envkit.model.engine_state import ActualState, ContainerInfo, ImageInfo, NetworkInfo
from envkit.model.facts import Account, HostGpu, HostNetwork, HostQuery, HostResources, PublicKey
from envkit.model.report import Report
from envkit.model.run_options import MTU, network_options
from envkit.model.state import State
from envkit.report.json import to_json
from envkit.resolve import environment_name, resolve, sticky
from tests.support import plan_samples
from tests.support.plan_samples import PROJECT

if TYPE_CHECKING:
    from envkit.model.facts import Facts
    from envkit.model.plan import Plan
    from envkit.problem import Problem

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBxk5m5B0Jw1r0Fzq0m0q0m0q0m0q0m0q0m0q0m0q0m0 ada"
FACTS = plan_samples.facts(
    config_files={f"{PROJECT}/envkit.yaml": "gpu: auto\n"}, keys=(PublicKey(KEY, "~/.ssh/id_ed25519.pub"),)
)
ACTUAL = ActualState(base=ImageInfo("sha256:base", {}, ref="envkit-base:bookworm"))
QUERY = HostQuery(PROJECT)
SHA256 = "5ec7e7" * 10


def plan(text: str = "", facts: Facts = FACTS, state: State | None = None, actual: ActualState = ACTUAL) -> Plan:
    loaded = config.load(text)
    return resolve(loaded, PROJECT, environment_name(loaded, PROJECT, state, {}), facts, actual, state)


def problems(text: str, facts: Facts = FACTS) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as error:
        plan(text, facts)
    return error.value.problems


def facts_with(**real_paths: str | None) -> Facts:
    """Return facts with real paths; `_` in a keyword stands for `/`."""
    return replace(FACTS, real_paths={key.replace("_", "/"): value for key, value in real_paths.items()})


def mount(source: str, target: str = "/data") -> str:
    return json.dumps({"mounts": [{"source": source, "target": target}]})


def dry_run_json(resolved: Plan) -> str:
    return to_json(Report("up", "vision", DryRun(resolved, "ref", ())))


def test_the_plan_of_an_empty_config_is_hardened() -> None:
    run = plan().run
    hardening = run.hardening
    assert (hardening.read_only, hardening.privileged) == (True, False)
    assert (hardening.cap_drop, hardening.cap_add) == (("ALL",), ())
    assert hardening.security_opt == ("no-new-privileges:true",)
    assert (hardening.ipc, hardening.cgroupns, run.user) == ("private", "private", Account(1000, 1000))
    assert [port.address for port in run.ports] == ["127.0.0.1"]
    assert run.limits.memory_mib < FACTS.resources.memory_mib


def test_the_config_is_mounted_read_only_from_a_copy() -> None:
    guards = [item for item in plan().run.mounts if item.target == "/workspace/envkit.yaml"]
    assert [(item.source, item.read_only) for item in guards] == [(f"{FACTS.state}/guard/envkit.yaml", True)]


def test_a_mount_that_exposes_the_host_is_refused() -> None:
    for real_path, reason in [
        ("/home/ada/vision/data", "in the workspace"),
        ("/home/ada", "home"),
        ("/home/ada/.ssh", "credentials"),
        ("/home/ada/.local/state/envkit/local/other-2", "credentials"),
        ("/etc", "belongs to the host"),
        ("/srv/docker.sock", "socket"),
    ]:
        (problem,) = problems(mount("/it"), facts_with(_it=real_path))
        assert (problem.key, problem.code) == ("mounts[0].source", "mount-source-denied"), real_path
        assert reason in problem.message, real_path


def test_a_mount_inside_a_writable_mount_is_refused() -> None:
    text = json.dumps({"mounts": [{"source": "/a", "target": "/a"}, {"source": "/b", "target": "/b"}]})
    (problem,) = problems(text, facts_with(_a="/data", _b="/data/set"))
    assert (problem.key, problem.code) == ("mounts[1].source", "mount-source-denied")


def test_a_home_folder_cannot_be_a_workspace() -> None:
    facts = replace(
        FACTS,
        caller=Account(0, 0),
        home="/root",
        homes=("/home/ada", "/root"),
        workspace="/home/ada",
        sudo_caller=Account(1000, 1000),
    )
    with pytest.raises(PreconditionError, match="home") as error:
        plan("", facts)
    assert error.value.code == "workspace-denied"


def test_a_secret_inside_the_workspace_is_refused() -> None:
    facts = replace(facts_with(s=f"{PROJECT}/s"), secrets={"KEY": "0" * 64})
    (problem,) = problems("secrets: {KEY: {file: s}}", facts)
    assert (problem.key, problem.code) == ("secrets.KEY.file", "secret-file-exposed")


def test_a_mount_below_the_workspace_needs_an_existing_folder() -> None:
    text = mount("/it", "/workspace/data")
    (problem,) = problems(text, facts_with(_it="/data"))
    assert problem.code == "mount-target-missing"
    assert "mkdir -p ./data" in problem.message
    facts = replace(FACTS, real_paths={"/it": "/data", "./data": f"{PROJECT}/data"})
    assert any(item.target == "/workspace/data" for item in plan(text, facts).run.mounts)


def test_all_problems_are_reported_at_once_with_their_lines() -> None:
    text = "base: debian\npython: {requirements: /z}\nmounts:\n- {source: /x, target: /x}\nsecrets: {A: {file: /y}}\n"
    assert [(problem.line, problem.code) for problem in problems(text, facts_with(_x=None, _y=None, _z=None))] == [
        (2, "requirements-unreadable"),
        (4, "mount-source-missing"),
        (5, "secret-file-missing"),
    ]


def test_limits_above_the_host_are_capped_with_a_note() -> None:
    resolved = plan("limits: {cpus: 64, memory: 999g}")
    assert (resolved.run.limits.cpus, resolved.run.limits.memory_mib) == (8, 32_000)
    assert len(resolved.notes) == 2


def test_a_proxy_with_credentials_is_used_only_for_the_build() -> None:
    for proxy in ("http://user:hunter2@proxy.example.com:3128", "user:hunter2@proxy:3128"):
        settings = {"https_proxy": proxy}
        facts = replace(FACTS, network=HostNetwork(proxies=settings, run_proxies=settings))
        resolved = plan("", facts)
        assert resolved.build_proxies == settings
        outputs = [
            json.dumps(dict(resolved.run.env)),
            repr(resolved),
            repr(facts),
            dry_run_json(resolved),
            str(sticky.choices_to_save(facts, QUERY)),
        ]
        assert not any("hunter2" in output for output in outputs), proxy


INDEX_LOGIN = "build: {index: 'https://packages.example.com', netrc: /n}"


def test_an_index_login_is_passed_to_the_build_by_its_real_path() -> None:
    resolved = plan(INDEX_LOGIN, replace(facts_with(_n="/srv/n"), secrets={"build.netrc": SHA256}))
    assert (resolved.netrc, resolved.image.private_index, resolved.notes) == ("/srv/n", True, ())
    assert "5ec7e7" not in repr(resolved)
    assert "5ec7e7" not in dry_run_json(resolved)


def test_an_index_login_over_http_has_a_note() -> None:
    text = INDEX_LOGIN.replace("https", "http")
    (note,) = plan(text, replace(facts_with(_n="/srv/n"), secrets={"build.netrc": "0"})).notes
    assert "unencrypted" in note


def test_an_unusable_file_of_an_index_login_is_refused() -> None:
    for real_path, sha256, code in [
        (f"{PROJECT}/n", "0" * 64, "secret-file-exposed"),
        ("/srv/n", None, "secret-file-missing"),
        (None, None, "secret-file-missing"),
    ]:
        facts = replace(FACTS, real_paths={"/n": real_path}, secrets={"build.netrc": sha256})
        (problem,) = problems(INDEX_LOGIN, facts)
        assert (problem.line, problem.key, problem.code) == (1, "build.netrc", code)
        assert problem.message.startswith("/n ")


def test_the_digest_of_a_secret_is_never_shown() -> None:
    # A short secret can be guessed from its digest.
    facts = replace(facts_with(_s="/srv/s"), secrets={"KEY": SHA256})
    resolved = plan("secrets: {KEY: {file: /s}}", facts)
    assert [secret.sha256 for secret in resolved.files.secrets] == [SHA256]
    assert "5ec7e7" not in dry_run_json(resolved) + repr(resolved) + repr(facts)


@pytest.mark.proves("a secret's file that every user can read is reported with a hint", "real")
def test_a_secret_that_every_user_can_read_has_a_note() -> None:
    for path, shell_path in [("~/.wandb", "~/.wandb"), ("~/a key", "'/srv/a key'"), ("k", "'/srv/a key'")]:
        facts = replace(FACTS, real_paths={path: "/srv/a key"}, secrets={"KEY": "0" * 64})
        text = f"secrets: {{KEY: {{file: {path}}}}}"
        assert plan(text, facts).notes == (), path
        (note,) = plan(text, replace(facts, exposed_secrets=("KEY",))).notes
        assert note.startswith("secrets.KEY.file: "), path
        assert note.endswith(f" can read {path}; chmod 600 {shell_path}"), path


def test_an_index_login_that_every_user_can_read_has_a_note() -> None:
    facts = replace(facts_with(_n="/srv/n"), secrets={"build.netrc": "0"}, exposed_secrets=("build.netrc",))
    (note,) = plan(INDEX_LOGIN, facts).notes
    assert note.startswith("build.netrc: ")
    assert note.endswith("; chmod 600 /n")


def test_loopback_is_excluded_from_the_proxy() -> None:
    network = HostNetwork(run_proxies={"http_proxy": "http://proxy:3128", "no_proxy": "corp"})
    assert plan("", replace(FACTS, network=network)).run.env["no_proxy"] == "corp,localhost,127.0.0.1"


def test_a_proxy_in_the_config_keeps_the_callers_no_proxy() -> None:
    network = HostNetwork(proxies={"https_proxy": "http://own:3128", "no_proxy": "mirror.corp"})
    facts = replace(FACTS, network=network)
    assert plan("build: {proxy: 'http://named:3128'}", facts).build_proxies == {
        "http_proxy": "http://named:3128",
        "https_proxy": "http://named:3128",
        "no_proxy": "mirror.corp",
    }
    assert plan("build: {proxy: off}", facts).build_proxies == {}


def test_access_lists_grants_beyond_the_project() -> None:
    assert plan().access.entries == ()
    facts = replace(facts_with(_d="/data"), keys=(PublicKey(KEY, "team.pub"),))
    entries = plan("mounts: [{source: /d, target: /d}]\nssh: {keys: [team.pub]}\n", facts).access.entries
    assert len(entries) == 2
    assert any("/data" in entry for entry in entries)
    assert any(KEY.split()[1] in entry for entry in entries)


def test_the_name_is_the_folder_name_with_a_suffix_if_taken() -> None:
    loaded = config.load("")
    assert environment_name(loaded, "/home/ada/My Vision!", None, {}) == "my-vision"
    assert environment_name(loaded, PROJECT, None, {"vision": "/p"}).startswith("vision-")


def test_a_taken_name_in_the_config_is_refused() -> None:
    with pytest.raises(ConfigError) as error:
        environment_name(config.load("name: vision"), PROJECT, None, {"vision": "/data/other (running)"})
    (problem,) = error.value.problems
    assert problem.code == "environment-name-taken"
    assert "/data/other (running)" in problem.message
    assert "down --volumes --name vision" in problem.message


def test_the_port_of_the_own_container_is_kept() -> None:
    labels = {**naming.labels(1000, "vision", PROJECT), naming.PORT: "8890"}
    cases: list[tuple[Any, int | None, dict[int, str], int]] = [
        ("running", 8890, {8890: ""}, 8890),
        ("paused", 8890, {8890: ""}, 8890),  # a paused container occupies its port
        ("running", None, {8890: ""}, 8890),  # the state was lost
        ("exited", 8890, {8890: "docker-proxy", 8888: "", 8889: ""}, 8891),  # another process took the port
    ]
    for status, saved_port, busy, expected in cases:
        actual = replace(ACTUAL, container=ContainerInfo("c", status, labels, "i"))
        facts = replace(FACTS, network=HostNetwork(busy_ports=busy))
        state = State("vision", PROJECT, port=saved_port) if saved_port else None
        assert plan("", facts, state, actual).run.ports[0].host == expected, (status, saved_port)


def test_an_existing_network_is_kept_while_it_is_in_the_pool() -> None:
    actual = replace(ACTUAL, network=NetworkInfo("n", {}, "10.183.7.8/29"))
    facts = replace(FACTS, network=HostNetwork(routes=("10.183.7.8/29",)))  # the route to that network itself
    state = State("vision", PROJECT, subnet="10.183.7.8/29")
    for pool, expected in [("10.183.0.0/16", "10.183.7.8/29"), ("10.184.0.0/16", "10.184.0.0/29")]:
        assert plan(f"network: {{pool: {pool}}}", facts, state, actual).run.network.subnet == expected, pool


def test_choices_of_the_first_up_are_kept() -> None:
    first_facts = replace(FACTS, network=HostNetwork(run_proxies={"http_proxy": "http://a"}))
    choices = sticky.choices_to_save(first_facts, QUERY)
    later_facts = replace(FACTS, resources=HostResources(16, 33_000, "amd64"))
    assert sticky.apply_choices(later_facts, choices, QUERY) == replace(first_facts, gpu_offered=False)


def test_a_host_with_fewer_resources_counts_as_it_is() -> None:
    smaller = replace(FACTS, resources=HostResources(2, 8_000, "amd64"))
    choices = sticky.choices_to_save(FACTS, QUERY)
    assert sticky.apply_choices(smaller, choices, QUERY) == replace(smaller, gpu_offered=False)


def test_a_refresh_resets_automatic_choices() -> None:
    choices = {**sticky.choices_to_save(FACTS, QUERY), "name": "folder"}
    state = sticky.reset_choices(State("vision", PROJECT, port=8899, ssh_port=2230, base_id="b", choices=choices))
    assert (state.port, state.ssh_port, state.base_id, state.choices) == (0, 0, "", {"name": "folder"})


def test_a_gpu_without_code_has_a_note_before_the_build() -> None:
    for device_id, text, has_note in (
        (0x2B85, "gpu: on", True),
        (0x2B85, "gpu: off", False),
        (0x2684, "gpu: on", False),
    ):
        gpu = HostGpu("580.65.06", device_ids=(device_id,))
        notes = plan(text, replace(FACTS, gpu=gpu, gpu_methods=("hook",))).notes
        assert any("base: nvidia" in note for note in notes) == has_note, (device_id, text)


def test_an_untested_release_has_a_note() -> None:
    for version, count in [("2.9.0", 0), ("2.21.0", 0), ("2.10", 1)]:
        notes = plan(f'tensorflow: "{version}"').notes
        assert len(notes) == count, version
        assert all("TensorFlow 2.10.0" in note and "2.9.0" in note for note in notes), version


def test_the_pool_of_the_config_wins_over_other_ranges() -> None:
    facts = replace(FACTS, network=HostNetwork(routes=("10.0.0.0/8",)))
    assert plan("", facts).run.network.subnet == "172.30.0.0/29"
    assert plan("network: {pool: 100.64.0.0/16}", facts).run.network.subnet == "100.64.0.0/29"
    with pytest.raises(PreconditionError) as error:
        plan("network: {pool: 10.183.0.0/16}", facts)
    assert (error.value.code, error.value.detail) == ("no-free-subnet", "10.0.0.0/8 is a route of this host")


def test_the_network_has_the_mtu_of_the_engine() -> None:
    resolved = plan(actual=replace(ACTUAL, mtu=1400))
    assert network_options(resolved.run.network)[MTU] == "1400"
    assert MTU not in network_options(plan().run.network)


def test_a_proxy_on_the_hosts_loopback_is_not_passed_on() -> None:
    for address in ("http://127.0.0.1:3128", "localhost:8080", "http://ada:x@[::1]:3128", "socks5://127.1.2.3:1"):
        own = {"https_proxy": address, "http_proxy": "http://proxy:3128", "no_proxy": "corp"}
        facts = replace(FACTS, network=HostNetwork(proxies=own, run_proxies=own))
        resolved = plan("", facts)
        assert resolved.build_proxies == {"http_proxy": "http://proxy:3128", "no_proxy": "corp"}, address
        assert "https_proxy" not in resolved.run.env, address
        assert resolved.host_proxies == own, address
        (note,) = (note for note in resolved.notes if "loopback" in note)
        assert "ada" not in note
    assert problems("build: {proxy: 'http://127.0.0.1:3128'}")[0].key == "build.proxy"


def test_a_requirements_file_in_another_encoding_is_named() -> None:
    facts = replace(FACTS, real_paths={"r.txt": f"{PROJECT}/r.txt"}, encodings={"r.txt": "UTF-16"})
    (problem,) = problems("python: {requirements: r.txt}", facts)
    assert problem.code == "requirements-unreadable"
    assert "UTF-16" in problem.message


def test_errors_of_a_requirements_file_are_capped_in_line_order() -> None:
    facts = replace(FACTS, real_paths={"r.txt": f"{PROJECT}/r.txt"}, texts={"r.txt": "-e .\n" * 1200})
    found = [problem for problem in problems("python: {requirements: r.txt}", facts) if problem.file == "r.txt"]
    assert [problem.line for problem in found] == list(range(1, 22))
    assert found[-1].message == "1180 more lines are not valid; fix these first"


def test_a_user_id_beyond_the_engines_range_is_refused() -> None:
    facts = replace(FACTS, caller=Account(2**31, 100), workspace_owner=Account(2**31, 100))
    with pytest.raises(PreconditionError) as error:
        plan("", facts)
    assert error.value.code == "user-id-unsupported"
