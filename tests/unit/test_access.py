"""Access entries: they name what a config really grants, and each needs approval once."""

from __future__ import annotations

import pytest

from envkit import config
from envkit.model.facts import PublicKey
from envkit.resolve import unapproved_entries
from envkit.resolve.approvals import access
from tests.support.plan_samples import PROJECT, facts


def entries(text: str, **changes: object) -> tuple[str, ...]:
    return access(config.load(text), PROJECT, facts(**changes)).entries


def test_a_plain_config_needs_no_approval() -> None:
    assert entries('tensorflow: "2.9.0"\npython: [pandas]\nenv: {A: "1"}') == ()


def test_a_mount_inside_the_project_needs_no_approval() -> None:
    assert entries("mounts: [{source: data, target: /data}]", real_paths={"data": f"{PROJECT}/data"}) == ()


@pytest.mark.proves("the approval names exactly what a config grants beyond the default", "real")
def test_a_link_out_of_the_project_is_shown_with_its_target() -> None:
    for read_only, permission in [("false", "read and written"), ("true", "read")]:
        text = f"mounts: [{{source: data, target: /data, read_only: {read_only}}}]"
        assert entries(text, real_paths={"data": "/srv/data"}) == (
            f"/srv/data, outside the project folder, can be {permission} at /data",
        )


def test_a_secret_whose_link_changed_needs_approval_again() -> None:
    text = "secrets: {WANDB_API_KEY: {file: key.txt}}"
    before = entries(text, real_paths={"key.txt": f"{PROJECT}/key.txt"})
    after = access(config.load(text), PROJECT, facts(real_paths={"key.txt": "/home/ada/.netrc"}))
    assert unapproved_entries(after, before) == (
        "the content of /home/ada/.netrc can be read as the secret WANDB_API_KEY",
    )


def test_changed_certificates_need_approval_again() -> None:
    text = "build: {ca: ca.pem}"
    before = entries(text, texts={"ca.pem": "one"})
    after = access(config.load(text), PROJECT, facts(texts={"ca.pem": "two"}))
    assert unapproved_entries(after, before) == after.entries


def test_an_index_login_is_shown_with_its_real_path_and_url() -> None:
    text = "build: {index: 'https://a.example/simple', netrc: n}"
    index, login = entries(text, real_paths={"n": "/home/ada/.netrc"})
    assert index == "Python packages come from https://a.example/simple"
    assert "the login for https://a.example/simple in /home/ada/.netrc" in login


def test_a_key_is_shown_without_its_comment() -> None:
    (entry,) = entries("ssh: {keys: [~/k.pub]}", keys=(PublicKey("ssh-ed25519 AAAA ada@home", "~/k.pub"),))
    assert "the SSH key ssh-ed25519 AAAA can log in" in entry


def test_another_source_of_packages_needs_approval() -> None:
    for text, entry in [
        ("build: {index: 'https://a.example/simple'}", "Python packages come from https://a.example/simple"),
        ("build: {mirror: 'https://a.example/debian'}", "Debian packages come from https://a.example/debian"),
        ("build: {python_mirror: 'https://a.example/p'}", "Python itself comes from https://a.example/p"),
        ("base: team/image:1", "the workspace is built on the image team/image:1"),
        ("build: {proxy: 'http://a.example:3128'}", "the build uses the proxy http://a.example:3128"),
    ]:
        assert entries(text) == (entry,)


@pytest.mark.proves("only access without an earlier approval needs approval", "real")
def test_only_new_entries_need_approval() -> None:
    both = access(config.load("build: {index: 'https://a.example/s', mirror: 'https://a.example/d'}"), PROJECT, facts())
    index = access(config.load("build: {index: 'https://a.example/s'}"), PROJECT, facts())
    assert unapproved_entries(both, both.entries) == ()
    assert unapproved_entries(index, both.entries) == ()
    assert unapproved_entries(both, index.entries) == ("Debian packages come from https://a.example/d",)
