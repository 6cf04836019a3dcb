"""What lands in compose.yaml, in an SSH config and in a web page arrives as the same bytes, or is refused."""

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
from envkit.model.run import Mount, Tmpfs
from envkit.render import compose, ssh_config
from envkit.render.filters import UnsafeValueError
from envkit.render.jinja import render_template
from tests.unit.worlds import PROJECT, run_plan, wanted

# Control characters never pass the config; every other text must arrive.
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
    """Parse as Compose does: YAML, then `$$` is a dollar and a single one would be a variable of the host."""

    def interpolated(value: Any) -> Any:
        if isinstance(value, str):
            assert not re.search(r"(?<!\$)\$(?:\$\$)*(?!\$)", value), "a single $ takes a variable of the host"
            return value.replace("$$", "$")
        if isinstance(value, dict):
            return {key: interpolated(one) for key, one in value.items()}
        return [interpolated(one) for one in value] if isinstance(value, list) else value

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where it is there: ten times faster
    return interpolated(yaml.load(rendered, Loader=loader))  # noqa: S506 - both are safe loaders


def environment_of(value: str) -> Any:
    rendered = compose.render(wanted(env={"VALUE": value})).text
    return read_as_compose(rendered)["services"][naming.SERVICE]["environment"]["VALUE"]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_arrives_in_compose_as_the_same_text(value: str) -> None:
    assert environment_of(value) == value


@pytest.mark.proves("any value arrives in compose.yaml as it was written", "real")
@given(PRINTABLE)
def test_any_value_arrives_in_compose_as_the_same_text(value: str) -> None:
    assert environment_of(value) == value


@given(PRINTABLE)
def test_any_mount_source_arrives_in_compose_whole(source: str) -> None:
    plan = wanted(mounts=(Mount("bind", f"/data/{source}", "/data", read_only=True),))
    service = read_as_compose(compose.render(plan).text)["services"][naming.SERVICE]
    assert service["volumes"][0]["source"] == f"/data/{source}"
    assert service["volumes"][0]["read_only"] is True


def test_the_compose_file_says_every_hardening_of_the_plan() -> None:
    service = read_as_compose(compose.render(wanted()).text)["services"][naming.SERVICE]
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


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (Tmpfs("/scratch", 64, 0o1777, executable=True), "rw,nosuid,nodev,exec,size=64m,mode=1777"),
        (Tmpfs("/run/x", 16, 0o700), "rw,nosuid,nodev,noexec,size=16m,mode=0700"),
        (
            Tmpfs("/run/x", 16, 0o700, owner=run_plan().user),
            "rw,nosuid,nodev,noexec,size=16m,mode=0700,uid=1000,gid=1000",
        ),
    ],
)
def test_a_tmpfs_says_whether_files_in_it_may_be_run(one: Tmpfs, expected: str) -> None:
    assert compose.tmpfs_options(one) == expected


def proxy_of(rendered: str) -> list[str]:
    line = next(line for line in rendered.splitlines() if "ProxyCommand" in line)
    return shlex.split(line.split("ProxyCommand ", 1)[1].replace("%%", "%"))


@given(PRINTABLE)
def test_any_path_arrives_in_the_ssh_config_or_is_refused(part: str) -> None:
    folder, proxy = f"/home/{part}/state", [f"/opt/{part}/python", "-m", "envkit", "ssh-proxy", "envkit-1000-vision"]
    try:
        rendered = ssh_config.render("vision", "envkit-1000-vision", folder, proxy).text
    except UnsafeValueError:
        assert '"' in part
        return
    assert proxy_of(rendered) == proxy
    assert f'IdentityFile "{folder.replace("%", "%%")}/id_ed25519"' in rendered
    assert rendered.count("\n") == ssh_config.render("v", "h", "/f", ["p"]).text.count("\n")


@pytest.mark.parametrize("part", ["a\nProxyCommand evil", "a\rb", "a\0b", 'a"b'])
def test_a_path_that_no_quoting_can_carry_is_refused(part: str) -> None:
    with pytest.raises(UnsafeValueError):
        ssh_config.render("vision", "envkit-1000-vision", f"/home/{part}", ["python"])


def test_the_ssh_config_pins_the_host_key_and_forwards_nothing() -> None:
    lines = {line.strip() for line in ssh_config.render("v", "envkit-1-v", "/f", ["p"]).text.splitlines()}
    assert {"StrictHostKeyChecking yes", "HostKeyAlias envkit-1-v", "IdentitiesOnly yes", "ForwardAgent no"} <= lines


@given(st.text(max_size=60))
def test_any_address_arrives_in_the_page_and_cannot_end_its_script(address: str) -> None:
    page = render_template("open.html.j2", name="vision", target=address)
    script = page.split("<script>location.replace(", 1)[1].split(");</script>", 1)[0]
    assert json.loads(script) == address
    assert page.count("</script>") == 1


def test_a_page_is_the_same_but_for_its_values() -> None:
    rendered = compose.render(wanted()).text
    assert rendered == compose.render(replace(wanted())).text
    assert PROJECT in rendered
