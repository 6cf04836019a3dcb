"""What a plan lets in beyond the default: each entry names what it really is, whatever the config calls it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from envkit import config
from envkit.model.facts import Account, Facts, PublicKey
from envkit.resolve import unapproved_entries
from envkit.resolve.approvals import access

PROJECT = "/home/ada/vision"
FACTS = Facts(
    caller=Account(1000, 1000),
    sudo_caller=None,
    workspace=PROJECT,
    workspace_owner=Account(1000, 1000),
    home="/home/ada",
    config_files={},
    cpus=4,
    memory_mib=8192,
    machine="amd64",
)


def entries(text: str, facts: Facts = FACTS) -> tuple[str, ...]:
    return access(config.load(text), PROJECT, facts).entries


def test_a_plain_config_lets_in_nothing() -> None:
    assert entries('tensorflow: "2.9.0"\npython: [pandas]\nenv: {A: "1"}') == ()


def test_a_mount_inside_the_project_needs_no_agreement() -> None:
    text = "mounts: [{source: data, target: /data}]"
    assert entries(text, replace(FACTS, real_paths={"data": f"{PROJECT}/data"})) == ()


@pytest.mark.proves("what a config lets in beyond the default is told as what it really is", "real")
@pytest.mark.parametrize(("read_only", "can"), [("false", "read and written"), ("true", "read")])
def test_a_link_out_of_the_project_is_told_as_what_it_leads_to(read_only: str, can: str) -> None:
    text = f"mounts: [{{source: data, target: /data, read_only: {read_only}}}]"
    found = entries(text, replace(FACTS, real_paths={"data": "/srv/data"}))
    assert found == (f"/srv/data, outside the project folder, can be {can} at /data",)


def test_a_secret_is_told_by_its_real_path_so_that_a_turned_link_asks_again() -> None:
    text = "secrets: {WANDB_API_KEY: {file: key.txt}}"
    before = access(config.load(text), PROJECT, replace(FACTS, real_paths={"key.txt": f"{PROJECT}/key.txt"}))
    after = access(config.load(text), PROJECT, replace(FACTS, real_paths={"key.txt": "/home/ada/.netrc"}))
    assert unapproved_entries(after, before.entries) == (
        "the content of /home/ada/.netrc can be read as the secret WANDB_API_KEY",
    )


def test_certificates_are_told_with_their_content_so_that_another_content_asks_again() -> None:
    text = "build: {ca: ca.pem}"
    before = access(config.load(text), PROJECT, replace(FACTS, texts={"ca.pem": "one"}))
    after = access(config.load(text), PROJECT, replace(FACTS, texts={"ca.pem": "two"}))
    assert unapproved_entries(after, before.entries) == after.entries


def test_a_login_is_told_by_its_real_path_and_for_whom_it_is() -> None:
    text = "build: {index: 'https://a.example/simple', netrc: n}"
    assert entries(text, replace(FACTS, real_paths={"n": "/home/ada/.netrc"})) == (
        "Python packages come from https://a.example/simple",
        "what the build installs can read the login that /home/ada/.netrc holds for https://a.example/simple",
    )


def test_a_key_is_told_by_the_key_and_not_by_its_comment() -> None:
    facts = replace(FACTS, keys=(PublicKey("ssh-ed25519 AAAA ada@home", "~/k.pub"),))
    assert entries("ssh: {keys: [~/k.pub]}", facts) == ("whoever holds the SSH key ssh-ed25519 AAAA can log in",)


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("build: {index: 'https://a.example/simple'}", "Python packages come from https://a.example/simple"),
        ("build: {mirror: 'https://a.example/debian'}", "Debian packages come from https://a.example/debian"),
        ("build: {python_mirror: 'https://a.example/p'}", "Python itself comes from https://a.example/p"),
        ("base: team/image:1", "the workspace is built on the image team/image:1"),
        ("build: {proxy: 'http://a.example:3128'}", "the build goes through the proxy http://a.example:3128"),
    ],
)
def test_another_source_of_packages_needs_agreement(text: str, entry: str) -> None:
    assert entries(text) == (entry,)


@pytest.mark.proves("only what nobody agreed to before is asked", "real")
def test_what_was_agreed_to_is_not_asked_again_and_what_is_less_neither() -> None:
    both = access(config.load("build: {index: 'https://a.example/s', mirror: 'https://a.example/d'}"), PROJECT, FACTS)
    one = access(config.load("build: {index: 'https://a.example/s'}"), PROJECT, FACTS)
    assert unapproved_entries(both, both.entries) == ()
    assert unapproved_entries(one, both.entries) == ()
    assert unapproved_entries(both, one.entries) == ("Debian packages come from https://a.example/d",)
