"""Values in compose.yaml, an SSH config and a web page are unchanged or refused."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from envkit import naming
from envkit.model import run_options
from envkit.model.run import Mount, Tmpfs
from envkit.render import compose, ssh_config
from envkit.render.filters import UnsafeValueError
from envkit.render.jinja import render_template
from tests.support.engine_states import desired_state, run_plan
from tests.support.plan_samples import PROJECT

# The config refuses control characters; every other text must be preserved.
PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp")), min_size=1, max_size=60)
HOSTILE = [
    "${AWS_SECRET_ACCESS_KEY}",
    "pa$word",
    "x${",
    "$$",
    "yes",
    "no",
    "null",
    "~",
    "22:22",
    "1.10",
    "*a",
    "&a",
    "a: b",
    "a #b",
    "2026-01-01",
    "- a",
    "{a: b}",
    "!!python/object:x",
    "'",
    '"',
    "\\",
    "`id`",
    "%YAML",
    "@",
    "|",
    ">",
]


def read_as_compose(rendered: str) -> Any:
    """Parse like Compose: YAML, then `$$` is a dollar, and a single one would expand a variable of the host."""

    def interpolate(value: Any) -> Any:
        if isinstance(value, str):
            assert not re.search(r"(?<!\$)\$(?:\$\$)*(?!\$)", value), value
            return value.replace("$$", "$")
        if isinstance(value, dict):
            return {key: interpolate(item) for key, item in value.items()}
        return [interpolate(item) for item in value] if isinstance(value, list) else value

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is ten times faster
    return interpolate(yaml.load(rendered, Loader=loader))  # noqa: S506 - both are safe loaders


def env_value_in_compose(value: str) -> Any:
    rendered = compose.render(desired_state(env={"VALUE": value})).text
    return read_as_compose(rendered)["services"][naming.SERVICE]["environment"]["VALUE"]


def test_hostile_values_are_unchanged_in_compose() -> None:
    for value in HOSTILE:
        assert env_value_in_compose(value) == value, value


@pytest.mark.proves("every config value appears in compose.yaml as written", "real")
@given(PRINTABLE)
def test_any_value_arrives_in_compose_as_the_same_text(value: str) -> None:
    assert env_value_in_compose(value) == value


@given(PRINTABLE)
def test_any_mount_source_is_unchanged_in_compose(source: str) -> None:
    plan = desired_state(mounts=(Mount("bind", f"/data/{source}", "/data", read_only=True),))
    service = read_as_compose(compose.render(plan).text)["services"][naming.SERVICE]
    assert service["volumes"][0]["source"] == f"/data/{source}"
    assert service["volumes"][0]["read_only"] is True


def test_the_compose_file_has_all_hardening_of_the_plan() -> None:
    service = read_as_compose(compose.render(desired_state()).text)["services"][naming.SERVICE]
    expected = {
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "privileged": False,
        "user": "1000:1000",
        "init": True,
        "ipc": "private",
        "cgroup": "private",
        "pids_limit": 1024,
    }
    assert {key: service[key] for key in expected} == expected
    assert [port["host_ip"] for port in service["ports"]] == ["127.0.0.1"]


def test_tmpfs_options_state_mode_owner_and_execution() -> None:
    for tmpfs, expected in (
        (Tmpfs("/scratch", 64, 0o1777, executable=True), "rw,nosuid,nodev,exec,size=64m,mode=1777"),
        (Tmpfs("/run/x", 16, 0o700), "rw,nosuid,nodev,noexec,size=16m,mode=0700"),
        (
            Tmpfs("/run/x", 16, 0o700, owner=run_plan().user),
            "rw,nosuid,nodev,noexec,size=16m,mode=0700,uid=1000,gid=1000",
        ),
    ):
        assert run_options.tmpfs_options(tmpfs) == expected, tmpfs


def proxy_command(rendered: str) -> list[str]:
    line = next(line for line in rendered.splitlines() if "ProxyCommand" in line)
    return shlex.split(line.split("ProxyCommand ", 1)[1].replace("%%", "%"))


@given(PRINTABLE)
def test_any_path_in_the_ssh_config_is_unchanged_or_refused(part: str) -> None:
    folder, proxy = f"/home/{part}/state", [f"/opt/{part}/python", "-m", "envkit", "ssh-proxy", "envkit-1000-vision"]
    try:
        rendered = ssh_config.render("vision", "envkit-1000-vision", folder, proxy).text
    except UnsafeValueError:
        assert '"' in part
        return
    assert proxy_command(rendered) == proxy
    assert f'IdentityFile "{folder.replace("%", "%%")}/id_ed25519"' in rendered
    assert rendered.count("\n") == ssh_config.render("v", "h", "/f", ["p"]).text.count("\n")


def test_a_path_that_cannot_be_quoted_is_refused() -> None:
    for part in ("a\nProxyCommand evil", "a\rb", "a\0b", 'a"b'):
        with pytest.raises(UnsafeValueError):
            ssh_config.render("vision", "envkit-1000-vision", f"/home/{part}", ["python"])


def test_the_ssh_config_pins_the_host_key_without_forwarding() -> None:
    lines = {line.strip() for line in ssh_config.render("v", "envkit-1-v", "/f", ["p"]).text.splitlines()}
    assert {"StrictHostKeyChecking yes", "HostKeyAlias envkit-1-v", "IdentitiesOnly yes", "ForwardAgent no"} <= lines


@given(st.text(max_size=60))
def test_any_url_is_unchanged_in_the_page_script(url: str) -> None:
    page = render_template("open.html.j2", name="vision", target=url)
    script = page.split("<script>location.replace(", 1)[1].split(");</script>", 1)[0]
    assert json.loads(script) == url
    assert page.count("</script>") == 1


def test_equal_plans_render_equal_compose_files() -> None:
    rendered = compose.render(desired_state()).text
    assert rendered == compose.render(replace(desired_state())).text
    assert PROJECT in rendered
