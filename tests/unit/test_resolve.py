"""Config, host and engine -> a plan; what cannot be honoured is told with its line, what is dangerous is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from envkit import config, naming
from envkit.commands.render import DryRun
from envkit.errors import ConfigError, PreconditionError
from envkit.model.engine_state import ActualState, ContainerInfo, ImageInfo, NetworkInfo
from envkit.model.facts import Account, Facts, HostQuery, PublicKey
from envkit.model.report import Report
from envkit.model.state import State
from envkit.report.json import to_json
from envkit.resolve import environment_name, resolve, sticky

if TYPE_CHECKING:
    from envkit.model.plan import Plan

PROJECT = "/home/ada/vision"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBxk5m5B0Jw1r0Fzq0m0q0m0q0m0q0m0q0m0q0m0q0m0 ada"
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
    keys=(PublicKey(KEY, "~/.ssh/id_ed25519.pub"),),
    state="/home/ada/.local/state/envkit/local/vision-1",
)
FOUND = ActualState(base=ImageInfo("sha256:base", {}, ref="envkit-base:bookworm"))


def plan(text: str = "", facts: Facts = FACTS, state: State | None = None) -> Plan:
    loaded = config.load(text)
    return resolve(loaded, PROJECT, environment_name(loaded, PROJECT, state, {}), facts, FOUND, state)


def problems(text: str, facts: Facts = FACTS) -> list[str]:
    with pytest.raises(ConfigError) as error:
        plan(text, facts)
    return [str(problem) for problem in error.value.problems]


def seeing(**paths: str) -> Facts:
    return replace(FACTS, real_paths={key.replace("_", "/"): value for key, value in paths.items()})


def mount(source: str, target: str = "/data", **more: Any) -> str:
    return json.dumps({"mounts": [{"source": source, "target": target, **more}]})


def test_the_plan_of_no_config_is_hardened_throughout() -> None:
    run = plan().run
    assert (run.read_only, run.privileged, run.cap_drop, run.cap_add) == (True, False, ("ALL",), ())
    assert run.security_opt == ("no-new-privileges:true",)
    assert [port.address for port in run.ports] == ["127.0.0.1"]
    assert (run.ipc, run.cgroupns, run.user) == ("private", "private", Account(1000, 1000))
    assert run.limits.memory_mib < FACTS.memory_mib


def test_the_config_is_mounted_read_only_from_a_copy() -> None:
    guarded = [one for one in plan().run.mounts if one.target == "/workspace/envkit.yaml"]
    assert [(one.source, one.read_only) for one in guarded] == [(f"{FACTS.state}/guard/envkit.yaml", True)]


@pytest.mark.parametrize(
    ("real", "why"),
    [
        ("/home/ada/vision/data", "in the workspace"),
        ("/home/ada", "home"),
        ("/home/ada/.ssh", "credentials"),
        ("/home/ada/.local/state/envkit/local/other-2", "credentials"),
        ("/etc", "belongs to the host"),
        ("/srv/docker.sock", "socket"),
    ],
)
def test_a_mount_that_hands_over_the_host_is_refused_with_its_key(real: str, why: str) -> None:
    (problem,) = problems(mount("/it"), seeing(_it=real))
    assert "mounts[0].source" in problem
    assert why in problem


def test_a_mount_below_another_that_can_be_written_is_refused() -> None:
    text = json.dumps({"mounts": [{"source": "/a", "target": "/a"}, {"source": "/b", "target": "/b"}]})
    (problem,) = problems(text, seeing(_a="/data", _b="/data/set"))
    assert "mounts[1].source" in problem


def test_homes_of_everybody_concerned_are_no_workspaces() -> None:
    facts = replace(
        FACTS,
        caller=Account(0, 0),
        home="/root",
        homes=("/home/ada", "/root"),
        workspace="/home/ada",
        sudo_caller=Account(1000, 1000),
    )
    with pytest.raises(PreconditionError, match="home"):
        plan("", facts)


def test_a_secret_inside_the_workspace_is_refused() -> None:
    facts = replace(seeing(s=f"{PROJECT}/s"), secrets={"KEY": "0" * 64})
    (problem,) = problems("secrets: {KEY: {file: s}}", facts)
    assert "secrets.KEY.file" in problem


def test_a_mount_below_the_workspace_needs_its_folder_there() -> None:
    (problem,) = problems(mount("/it", "/workspace/data"), seeing(_it="/data"))
    assert "mkdir -p ./data" in problem
    facts = replace(FACTS, real_paths={"/it": "/data", "./data": f"{PROJECT}/data"})
    assert any(one.target == "/workspace/data" for one in plan(mount("/it", "/workspace/data"), facts).run.mounts)


def test_every_problem_is_told_at_once_with_its_line() -> None:
    text = "base: debian\npython: {requirements: /z}\nmounts:\n- {source: /x, target: /x}\nsecrets: {A: {file: /y}}\n"
    told = problems(text, seeing(_x=None, _y=None, _z=None))  # type: ignore[arg-type]
    assert [problem.split(" ")[0] for problem in told] == [f"envkit.yaml:{line}" for line in (2, 4, 5)]


def test_limits_above_the_host_are_capped_and_said_so() -> None:
    capped = plan("limits: {cpus: 64, memory: 999g}")
    assert (capped.run.limits.cpus, capped.run.limits.memory_mib) == (8, 32_000)
    assert len(capped.notes) == 2


@pytest.mark.parametrize("proxy", ["http://user:hunter2@proxy.example.com:3128", "user:hunter2@proxy:3128"])
def test_a_proxy_with_credentials_serves_the_build_and_no_environment(proxy: str) -> None:
    found = plan("", replace(FACTS, proxies={"https_proxy": proxy}, run_proxies={"https_proxy": proxy}))
    assert "hunter2" not in json.dumps(dict(found.run.env))
    assert found.build_proxies == {"https_proxy": proxy}
    assert "hunter2" not in repr(found)
    assert "hunter2" not in to_json(Report("up", "vision", DryRun(found, "ref", ())))
    assert "hunter2" not in str(sticky.choices_to_save(replace(FACTS, run_proxies={"https_proxy": proxy}), WANTS))


NETRC = "build: {index: 'https://packages.example.com', netrc: /n}"


def test_the_login_of_an_index_is_named_by_its_real_path_and_lent_to_the_build() -> None:
    found = plan(NETRC, replace(seeing(_n="/srv/n"), secrets={"build.netrc": "5ec7e7" * 10}))
    assert (found.netrc, found.image.private_index, found.notes) == ("/srv/n", True, ())
    assert "5ec7e7" not in repr(found)
    assert "5ec7e7" not in to_json(Report("up", "vision", DryRun(found, "x", ())))
    clear = plan(NETRC.replace("https", "http"), replace(seeing(_n="/srv/n"), secrets={"build.netrc": "0"}))
    assert clear.notes == ("build.index begins with http://, so its login crosses the network unencrypted",)


@pytest.mark.parametrize(
    ("real", "sha256", "says"),
    [
        (f"{PROJECT}/n", "0" * 64, "lies in the workspace, where all can read it"),
        ("/srv/n", None, "is not there or cannot be read"),
        (None, None, "is not there or cannot be read"),
    ],
)
def test_a_login_that_others_can_read_or_nobody_is_refused(real: str | None, sha256: str | None, says: str) -> None:
    (problem,) = problems(NETRC, replace(FACTS, real_paths={"/n": real}, secrets={"build.netrc": sha256}))
    assert problem.startswith("envkit.yaml:1 build.netrc: /n ")
    assert says in problem


def test_a_secrets_digest_is_shown_no_more_than_the_secret() -> None:
    # A short secret is guessed from its digest in no time.
    facts = replace(seeing(_s="/srv/s"), secrets={"KEY": "5ec7e7" * 10})
    found = plan("secrets: {KEY: {file: /s}}", facts)
    assert [secret.sha256 for secret in found.files.secrets] == ["5ec7e7" * 10]
    assert "5ec7e7" not in to_json(Report("up", "vision", DryRun(found, "ref", ()))) + repr(found) + repr(facts)


@pytest.mark.proves("a secret's file that everybody may read is told, with the hint", "real")
@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("~/.wandb", "~/.wandb"),
        ("~/a key", "'/srv/a key'"),
        ("k", "'/srv/a key'"),
    ],
)
def test_a_secret_that_everybody_may_read_is_told_and_not_refused(path: str, shown: str) -> None:
    facts = replace(FACTS, real_paths={path: "/srv/a key"}, secrets={"KEY": "0" * 64})
    text = f"secrets: {{KEY: {{file: {path}}}}}"
    assert plan(text, facts).notes == ()
    assert plan(text, replace(facts, exposed_secrets=("KEY",))).notes == (
        f"secrets.KEY.file: {path} may be read by everybody on this machine; chmod 600 {shown}",
    )


def test_a_login_that_everybody_may_read_is_told() -> None:
    facts = replace(seeing(_n="/srv/n"), secrets={"build.netrc": "0"}, exposed_secrets=("build.netrc",))
    (told,) = plan(NETRC, facts).notes
    assert told == "build.netrc: /n may be read by everybody on this machine; chmod 600 /n"


def test_loopback_never_goes_through_the_proxy() -> None:
    env = plan("", replace(FACTS, run_proxies={"http_proxy": "http://proxy:3128", "no_proxy": "corp"})).run.env
    assert env["no_proxy"] == "corp,localhost,127.0.0.1"


def test_a_proxy_of_the_config_keeps_what_the_caller_reaches_without_one() -> None:
    text = "build: {proxy: 'http://named:3128'}"
    facts = replace(FACTS, proxies={"https_proxy": "http://own:3128", "no_proxy": "mirror.corp"}, run_proxies={})
    assert plan(text, facts).build_proxies == {
        "http_proxy": "http://named:3128",
        "https_proxy": "http://named:3128",
        "no_proxy": "mirror.corp",
    }
    assert plan("build: {proxy: off}", facts).build_proxies == {}


def test_access_lists_what_goes_beyond_the_project() -> None:
    assert plan().access.entries == ()
    facts = replace(seeing(_d="/data"), keys=(PublicKey(KEY, "team.pub"),))
    entries = plan("mounts: [{source: /d, target: /d}]\nssh: {keys: [team.pub]}\n", facts).access.entries
    assert len(entries) == 2
    assert any("/data" in entry for entry in entries)
    assert any(KEY.split()[1] in entry for entry in entries)


def test_the_name_is_the_folders_with_a_suffix_when_that_is_taken() -> None:
    loaded = config.load("")
    assert environment_name(loaded, "/home/ada/My Vision!", None, {}) == "my-vision"
    assert environment_name(loaded, PROJECT, None, {"vision": "/p"}).startswith("vision-")


def test_a_name_that_is_taken_is_refused_with_who_has_it_and_the_hint() -> None:
    with pytest.raises(ConfigError, match=r"another project.*: /data/other \(running\);.*down --volumes --name vision"):
        environment_name(config.load("name: vision"), PROJECT, None, {"vision": "/data/other (running)"})


WANTS = HostQuery(PROJECT)


@pytest.mark.parametrize(
    ("status", "remembered", "port"),
    [
        ("running", 8890, 8890),
        ("paused", 8890, 8890),  # a paused container keeps its port, and is no reason to pick another
        ("running", None, 8890),  # and so does one whose state was lost
        ("exited", 8890, 8891),  # its port is somebody else's now
    ],
)
def test_the_port_of_our_own_container_is_not_taken(status: Any, remembered: int | None, port: int) -> None:
    labels = {**naming.labels(1000, "vision", PROJECT), naming.PORT: "8890"}
    found = replace(FOUND, container=ContainerInfo("c", status, labels, "i"))
    facts = replace(FACTS, busy_ports={8890: "docker-proxy", 8888: "", 8889: ""} if status == "exited" else {8890: ""})
    state = State("vision", PROJECT, port=remembered) if remembered else None
    decided = resolve(config.load(""), PROJECT, "vision", facts, found, state)
    assert decided.run.ports[0].host == port


@pytest.mark.parametrize(
    ("pool", "subnet"),
    [
        ("10.183.0.0/16", "10.183.7.8/29"),  # the network that is there
        ("10.184.0.0/16", "10.184.0.0/29"),  # which another pool does not hold
    ],
)
def test_the_network_that_is_there_stays_while_it_lies_in_the_pool(pool: str, subnet: str) -> None:
    found = replace(FOUND, network=NetworkInfo("n", {}, "10.183.7.8/29"))
    facts = replace(FACTS, routes=("10.183.7.8/29",))  # the route to that network itself
    state = State("vision", PROJECT, subnet="10.183.7.8/29")
    decided = resolve(config.load(f"network: {{pool: {pool}}}"), PROJECT, "vision", facts, found, state)
    assert decided.run.network.subnet == subnet


def test_what_was_found_at_the_first_up_stays() -> None:
    chosen = sticky.choices_to_save(replace(FACTS, run_proxies={"http_proxy": "http://a"}), WANTS)
    later = replace(FACTS, cpus=16, memory_mib=33_000, run_proxies={})
    assert sticky.apply_choices(later, chosen, WANTS) == replace(
        later, cpus=8, memory_mib=32_000, run_proxies={"http_proxy": "http://a"}, gpu_offered=False
    )


def test_a_host_that_shrank_counts_as_it_is() -> None:
    smaller = replace(FACTS, cpus=2, memory_mib=8_000)
    assert sticky.apply_choices(smaller, sticky.choices_to_save(FACTS, WANTS), WANTS) == replace(
        smaller, gpu_offered=False
    )


def test_a_refresh_forgets_what_was_merely_picked() -> None:
    state = State(
        "vision", PROJECT, port=8899, base_id="b", choices={**sticky.choices_to_save(FACTS, WANTS), "name": "folder"}
    )
    fresh = sticky.reset_choices(state)
    assert (fresh.port, fresh.base_id, fresh.choices) == (0, "", {"name": "folder"})


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("2.9.0", ()),
        ("2.21.0", ()),
        ("2.10", ("envkit's own tests do not build TensorFlow 2.10.0; they build 2.9.0 on the same Python",)),
    ],
)
def test_a_release_that_no_test_builds_is_named(version: str, said: tuple[str, ...]) -> None:
    assert plan(f'tensorflow: "{version}"').notes == said
