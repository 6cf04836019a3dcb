"""`scripts/setup/engine.sh` and its ping: a running engine, or an error with a hint."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.fake_machine import Machine, answering, pretend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OK_RESPONSE = b"HTTP/1.0 200 OK\r\n\r\nOK"


@pytest.fixture
def machine(tmp_path: Path, root: Path) -> Machine:
    return pretend(tmp_path, root)


def test_ping_reports_whether_an_engine_answers(machine: Machine) -> None:
    for number, (answer, code) in enumerate(((OK_RESPONSE, 0), (b"HTTP/1.0 500 no\r\n\r\n", 1), (b"", 1))):
        path = machine.top / f"{number}.sock"
        with answering(path, answer):
            result = machine.run(sys.executable, "scripts/setup/ping_engine.py", str(path))
        assert result.returncode == code, answer


def test_ping_without_a_socket_exits_with_1(machine: Machine) -> None:
    assert machine.run(sys.executable, "scripts/setup/ping_engine.py", str(machine.socket)).returncode == 1


@pytest.mark.proves("an engine that answers is used unchanged", "stand-in")
def test_running_engine_is_not_changed(machine: Machine) -> None:
    with answering(machine.socket, OK_RESPONSE):
        result = machine.run("scripts/setup/engine.sh")
    assert (result.returncode, result.stderr, machine.calls()) == (0, "", [])


@pytest.mark.proves(
    "if no engine answers, `make up` announces the installation of one, installs it and starts it", "stand-in"
)
def test_missing_engine_is_installed_and_started(machine: Machine) -> None:
    # The fake apt-get installs the program.
    (machine.top / "package").mkdir()
    body = machine.dockerd()
    program = machine.top / "package/dockerd"
    program.write_text(f"#!/bin/sh\necho dockerd >>{machine.top}/calls\n{body}\n")
    program.chmod(0o755)
    machine.command("apt-get", f'case "$*" in *install*) cp {program} {machine.commands};; esac')
    result = machine.run("scripts/setup/engine.sh")
    assert result.returncode == 0, result.stderr
    update, install, start = machine.calls()
    assert update.endswith("update")
    assert "install --yes --no-install-recommends docker.io iptables mmdebstrap" in install
    assert start == "dockerd"
    assert "for a container engine: docker.io iptables" in result.stderr


def test_installed_engine_is_only_started(machine: Machine) -> None:
    machine.command("dockerd", machine.dockerd())
    result = machine.run("scripts/setup/engine.sh", ENVKIT_NO_ENGINE_INSTALL="1")
    assert result.returncode == 0, result.stderr
    assert machine.calls() == ["dockerd "]
    assert f"log in {machine.top}/envkit-dockerd.log" in result.stderr


def test_systemd_starts_the_engine(machine: Machine) -> None:
    (machine.top / "systemd").mkdir()
    machine.command("dockerd")
    machine.command("systemctl", f"( {machine.dockerd()} ) >/dev/null 2>&1 &")
    result = machine.run("scripts/setup/engine.sh")
    assert result.returncode == 0, result.stderr
    assert machine.calls() == ["systemctl start docker"]


@pytest.mark.proves("ENVKIT_NO_ENGINE_INSTALL=1 prevents the installation of an engine", "stand-in")
def test_forbidden_install_fails_with_a_hint(machine: Machine) -> None:
    result = machine.run("scripts/setup/engine.sh", ENVKIT_NO_ENGINE_INSTALL="1")
    assert (result.returncode, machine.calls()) == (3, [])
    assert "ENVKIT_NO_ENGINE_INSTALL=1" in result.stderr
    assert "apt-get install docker.io iptables" in result.stderr


def test_dry_run_prints_the_commands(machine: Machine) -> None:
    result = machine.run("scripts/setup/engine.sh", "--dry-run")
    assert (result.returncode, machine.calls()) == (0, [])
    assert "would run: env DEBIAN_FRONTEND=noninteractive apt-get" in result.stderr
    assert "nohup dockerd" in result.stderr


def test_crashed_engine_prints_the_end_of_its_log(machine: Machine) -> None:
    machine.command("dockerd", "echo 'failed to mount overlay: no such device'; exit 1")
    result = machine.run("scripts/setup/engine.sh")
    assert result.returncode == 3
    assert "it exited" in result.stderr
    assert f"{machine.top}/envkit-dockerd.log" in result.stderr
    assert result.stderr.endswith("failed to mount overlay: no such device\n")


def test_engine_without_an_answer_fails_at_the_deadline(machine: Machine) -> None:
    machine.command("dockerd", "exec sleep 3")
    result = machine.run("scripts/setup/engine.sh", ENVKIT_ENGINE_WAIT_S="1")
    assert result.returncode == 3
    assert "does not answer" in result.stderr
    assert "no answer within 1 seconds" in result.stderr


def test_denied_access_has_a_hint(machine: Machine) -> None:
    machine.command("python3", f'case "$*" in *ping*) exit 4;; esac\nexec {sys.executable} "$@"')
    for groups, hint in (("ada", "sudo usermod -aG docker ada"), ("ada docker", "log in again")):
        machine.command("id", f'case "$1" in -un) echo ada;; -nG) echo {groups};; *) echo 1000;; esac')
        result = machine.run("scripts/setup/engine.sh")
        assert (result.returncode, machine.calls()) == (3, []), groups
        assert hint in result.stderr, groups


def test_remote_engine_is_not_set_up(machine: Machine) -> None:
    for address in ("tcp://build-box:2376", "ssh://ada@build-box"):
        result = machine.run("scripts/setup/engine.sh", DOCKER_HOST=address)
        assert (result.returncode, machine.calls()) == (0, []), address
        assert address in result.stderr


@pytest.fixture
def context(machine: Machine) -> Callable[[str], str]:
    """Return a function that creates and selects a Docker context for an address, and returns the config folder."""

    def create(address: str) -> str:
        folder = machine.top / "client"
        meta = folder / "contexts/meta" / hashlib.sha256(b"mine").hexdigest() / "meta.json"
        meta.parent.mkdir(parents=True)
        meta.write_text(json.dumps({"Name": "mine", "Endpoints": {"docker": {"Host": address}}}))
        (folder / "config.json").write_text('{"currentContext": "mine"}')
        return str(folder)

    return create


def test_engine_of_the_current_context_is_used(machine: Machine, context: Callable[[str], str]) -> None:
    folder = context(f"unix://{machine.top}/other.sock")
    for env, path in (({"DOCKER_CONFIG": folder}, machine.top / "other.sock"), ({}, machine.socket)):
        with answering(path, OK_RESPONSE):
            result = machine.run("scripts/setup/engine.sh", **env)
        assert (result.returncode, result.stderr, machine.calls()) == (0, "", []), path


def test_stopped_engine_of_a_context_is_not_replaced(machine: Machine, context: Callable[[str], str]) -> None:
    result = machine.run("scripts/setup/engine.sh", DOCKER_CONFIG=context(f"unix://{machine.top}/other.sock"))
    assert (result.returncode, machine.calls()) == (3, [])
    assert "the Docker context mine" in result.stderr
    assert "docker context use default" in result.stderr


def test_remote_context_is_not_set_up(machine: Machine, context: Callable[[str], str]) -> None:
    result = machine.run("scripts/setup/engine.sh", DOCKER_CONFIG=context("ssh://ada@build-box"))
    assert (result.returncode, machine.calls()) == (0, [])
    assert "ssh://ada@build-box" in result.stderr


def test_unreadable_context_of_docker_fails_with_a_hint(machine: Machine) -> None:
    result = machine.run("scripts/setup/engine.sh", DOCKER_CONFIG=str(machine.top), DOCKER_CONTEXT="missing")
    assert (result.returncode, machine.calls()) == (3, [])
    assert "missing" in result.stderr
    assert "hint: " in result.stderr


def test_denied_socket_of_docker_host_names_its_group(machine: Machine) -> None:
    machine.command("id", 'case "$1" in -un) echo ada;; *) echo 1000;; esac')
    machine.command("stat", "echo wheel")
    machine.command("python3", f'case "$*" in *ping*) exit 4;; esac\nexec {sys.executable} "$@"')
    result = machine.run("scripts/setup/engine.sh", DOCKER_HOST=f"unix://{machine.top}/other.sock")
    assert (result.returncode, machine.calls()) == (3, ["stat -Lc %G " + f"{machine.top}/other.sock"])
    assert "sudo usermod -aG wheel ada" in result.stderr


def test_dead_socket_of_docker_host_is_not_replaced(machine: Machine) -> None:
    result = machine.run("scripts/setup/engine.sh", DOCKER_HOST=f"unix://{machine.top}/other.sock")
    assert (result.returncode, machine.calls()) == (3, [])
    assert "unset DOCKER_HOST" in result.stderr
