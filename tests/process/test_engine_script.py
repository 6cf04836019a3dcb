"""`scripts/engine.sh` and the ping it asks with: an engine that answers, whatever it takes, or the hint."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.process.pretended import Machine, answering, pretend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WELL = b"HTTP/1.0 200 OK\r\n\r\nOK"


@pytest.fixture
def machine(tmp_path: Path, root: Path) -> Machine:
    return pretend(tmp_path, root)


@pytest.mark.parametrize(("answer", "code"), [(WELL, 0), (b"HTTP/1.0 500 no\r\n\r\n", 1), (b"", 1)])
def test_ping_says_whether_an_engine_answered(machine: Machine, answer: bytes, code: int) -> None:
    with answering(machine.socket, answer):
        done = machine.run(sys.executable, "scripts/ping_engine.py", str(machine.socket))
    assert done.returncode == code


def test_ping_without_a_socket_says_that_nothing_answers(machine: Machine) -> None:
    assert machine.run(sys.executable, "scripts/ping_engine.py", str(machine.socket)).returncode == 1


@pytest.mark.proves("an engine that answers is used as it is", "stand-in")
def test_an_engine_that_answers_is_left_alone(machine: Machine) -> None:
    with answering(machine.socket, WELL):
        done = machine.run("scripts/engine.sh")
    assert (done.returncode, done.stderr, machine.calls()) == (0, "", [])


@pytest.mark.proves("where no engine answers, one is installed, which is said before, and started", "stand-in")
def test_where_there_is_none_the_engine_is_installed_started_and_waited_for(machine: Machine) -> None:
    # The package brings the program, as apt would.
    (machine.top / "package").mkdir()
    body = machine.dockerd()
    program = machine.top / "package/dockerd"
    program.write_text(f"#!/bin/sh\necho dockerd >>{machine.top}/calls\n{body}\n")
    program.chmod(0o755)
    machine.command("apt-get", f'case "$*" in *install*) cp {program} {machine.commands};; esac')
    done = machine.run("scripts/engine.sh")
    assert done.returncode == 0, done.stderr
    update, install, start = machine.calls()
    assert update.endswith("update")
    assert "install --yes --no-install-recommends docker.io iptables mmdebstrap" in install
    assert start == "dockerd"
    assert "for a container engine: docker.io iptables" in done.stderr


def test_an_engine_that_is_installed_is_only_started(machine: Machine) -> None:
    machine.command("dockerd", machine.dockerd())
    done = machine.run("scripts/engine.sh", ENVKIT_NO_ENGINE_INSTALL="1")
    assert done.returncode == 0, done.stderr
    assert machine.calls() == ["dockerd "]
    assert f"log in {machine.top}/envkit-dockerd.log" in done.stderr


def test_systemd_starts_the_engine_where_it_looks_after_services(machine: Machine) -> None:
    (machine.top / "systemd").mkdir()
    machine.command("dockerd")
    machine.command("systemctl", f"( {machine.dockerd()} ) >/dev/null 2>&1 &")
    done = machine.run("scripts/engine.sh")
    assert done.returncode == 0, done.stderr
    assert machine.calls() == ["systemctl start docker"]


@pytest.mark.proves("ENVKIT_NO_ENGINE_INSTALL=1 forbids to install an engine", "stand-in")
def test_an_install_that_is_forbidden_is_refused_with_the_hint(machine: Machine) -> None:
    done = machine.run("scripts/engine.sh", ENVKIT_NO_ENGINE_INSTALL="1")
    assert (done.returncode, machine.calls()) == (3, [])
    assert "ENVKIT_NO_ENGINE_INSTALL=1 forbids" in done.stderr
    assert "apt-get install docker.io iptables" in done.stderr


def test_a_dry_run_changes_nothing_and_says_what_would_be_done(machine: Machine) -> None:
    done = machine.run("scripts/engine.sh", "--dry-run")
    assert (done.returncode, machine.calls()) == (0, [])
    assert "would run: env DEBIAN_FRONTEND=noninteractive apt-get" in done.stderr
    assert "nohup dockerd" in done.stderr


def test_an_engine_that_dies_shows_its_last_lines(machine: Machine) -> None:
    machine.command("dockerd", "echo 'failed to mount overlay: no such device'; exit 1")
    done = machine.run("scripts/engine.sh")
    assert done.returncode == 3
    assert "it ended" in done.stderr
    assert f"its log: {machine.top}/envkit-dockerd.log" in done.stderr
    assert done.stderr.endswith("failed to mount overlay: no such device\n")


def test_an_engine_that_never_answers_is_given_up_at_the_deadline(machine: Machine) -> None:
    machine.command("dockerd", "exec sleep 3")
    done = machine.run("scripts/engine.sh", ENVKIT_ENGINE_WAIT_S="1")
    assert done.returncode == 3
    assert "does not answer" in done.stderr
    assert "not within 1 seconds" in done.stderr


@pytest.mark.parametrize(
    ("groups", "hint"),
    [("ada", "sudo usermod -aG docker ada"), ("ada docker", "log in again")],
)
def test_an_engine_closed_to_the_caller_names_the_hint(machine: Machine, groups: str, hint: str) -> None:
    machine.command("id", f'case "$1" in -un) echo ada;; -nG) echo {groups};; *) echo 1000;; esac')
    machine.command("python3", f'case "$*" in *ping*) exit 4;; esac\nexec {sys.executable} "$@"')
    done = machine.run("scripts/engine.sh")
    assert (done.returncode, machine.calls()) == (3, [])
    assert hint in done.stderr


@pytest.mark.parametrize("address", ["tcp://build-box:2376", "ssh://ada@build-box"])
def test_an_engine_elsewhere_is_left_to_its_owner(machine: Machine, address: str) -> None:
    done = machine.run("scripts/engine.sh", DOCKER_HOST=address)
    assert (done.returncode, machine.calls()) == (0, [])
    assert address in done.stderr


@pytest.fixture
def context(machine: Machine) -> Callable[[str], str]:
    """Return what makes a Docker context for an address the current one; it gives the client's config folder."""

    def made(address: str) -> str:
        folder = machine.top / "client"
        meta = folder / "contexts/meta" / hashlib.sha256(b"mine").hexdigest() / "meta.json"
        meta.parent.mkdir(parents=True)
        meta.write_text(json.dumps({"Name": "mine", "Endpoints": {"docker": {"Host": address}}}))
        (folder / "config.json").write_text('{"currentContext": "mine"}')
        return str(folder)

    return made


@pytest.mark.parametrize("chosen", ["context", "nothing"])
def test_the_engine_of_the_current_docker_context_is_used_as_it_is(
    machine: Machine, context: Callable[[str], str], chosen: str
) -> None:
    folder = context(f"unix://{machine.top}/other.sock")
    env = {"DOCKER_CONFIG": folder} if chosen == "context" else {}
    with answering(machine.top / "other.sock" if chosen == "context" else machine.socket, WELL):
        done = machine.run("scripts/engine.sh", **env)
    assert (done.returncode, done.stderr, machine.calls()) == (0, "", [])


def test_the_dead_engine_of_a_docker_context_is_not_replaced_by_another(
    machine: Machine, context: Callable[[str], str]
) -> None:
    done = machine.run("scripts/engine.sh", DOCKER_CONFIG=context(f"unix://{machine.top}/other.sock"))
    assert (done.returncode, machine.calls()) == (3, [])
    assert "the Docker context mine" in done.stderr
    assert "docker context use default" in done.stderr


def test_a_docker_context_of_another_machine_is_left_to_its_owner(
    machine: Machine, context: Callable[[str], str]
) -> None:
    done = machine.run("scripts/engine.sh", DOCKER_CONFIG=context("ssh://ada@build-box"))
    assert (done.returncode, machine.calls()) == (0, [])
    assert "ssh://ada@build-box" in done.stderr


def test_a_docker_config_that_cannot_be_read_is_told_with_the_hint(machine: Machine) -> None:
    (machine.top / "config.json").write_text("{")
    done = machine.run("scripts/engine.sh", DOCKER_CONFIG=str(machine.top))
    assert (done.returncode, machine.calls()) == (3, [])
    assert "it is no JSON" in done.stderr
    assert "mend that file" in done.stderr


def test_a_chosen_socket_closed_to_the_caller_names_its_own_group(machine: Machine) -> None:
    machine.command("id", 'case "$1" in -un) echo ada;; *) echo 1000;; esac')
    machine.command("stat", "echo wheel")
    machine.command("python3", f'case "$*" in *ping*) exit 4;; esac\nexec {sys.executable} "$@"')
    done = machine.run("scripts/engine.sh", DOCKER_HOST=f"unix://{machine.top}/other.sock")
    assert (done.returncode, machine.calls()) == (3, ["stat -Lc %G " + f"{machine.top}/other.sock"])
    assert "sudo usermod -aG wheel ada" in done.stderr


def test_a_chosen_socket_that_is_dead_is_not_replaced_by_another_engine(machine: Machine) -> None:
    done = machine.run("scripts/engine.sh", DOCKER_HOST=f"unix://{machine.top}/other.sock")
    assert (done.returncode, machine.calls()) == (3, [])
    assert "unset DOCKER_HOST" in done.stderr
