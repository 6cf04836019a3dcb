"""SSH on a published port: it refuses the same as SSH through the engine, and it survives a kill."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from socket import create_connection
from typing import TYPE_CHECKING

import pytest

from tests.support.environment_traces import container
from tests.support.error_assertions import assert_error
from tests.support.openssh import install_ssh_audit, listens, send_and_receive, ssh_audit_problems
from tests.support.published_ssh import FIRST_UP_S, Published, brought_up
from tests.support.waiting import wait_until
from tests.support.workspaces import Workspaces, leftovers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import docker

    from tests.support.account import CommandResult, User
    from tests.support.workspaces import Envkit

PUBLISHED = "gpu: off\nssh: {publish: true}\n"
STRICT = "gpu: off\nssh: {publish: true, agent: true, kex: pq-only}\n"
OLD_CLIENT = "KexAlgorithms=curve25519-sha256"
REFUSED = "Permission denied (publickey)."
PRINT_AGENT = 'echo "${SSH_AUTH_SOCK:-no agent}"'


@pytest.fixture(scope="module")
def project(user: User, projects: Path, run_envkit: Envkit, engine: docker.DockerClient) -> Iterator[Path]:
    workspaces = Workspaces(user, projects, run_envkit, engine)
    yield workspaces(PUBLISHED, name="published")
    workspaces.close()


@pytest.fixture(scope="module")
def unapproved_up(project: Path, run_envkit: Envkit, engine: docker.DockerClient) -> tuple[CommandResult, list[str]]:
    """Return an `up` without approval, and the resources that it created on the engine."""
    up = run_envkit(["up", "--format", "json", "--project", project], timeout_s=FIRST_UP_S)
    return up, list(leftovers(engine, str(project)))


@pytest.fixture(scope="module")
def published(
    unapproved_up: tuple[CommandResult, list[str]],
    project: Path,
    user: User,
    run_envkit: Envkit,
    engine: docker.DockerClient,
) -> Published:
    return brought_up(project, user, run_envkit, engine)


@pytest.fixture(scope="module")
def strict(
    published: Published, project: Path, user: User, run_envkit: Envkit, engine: docker.DockerClient
) -> Published:
    """Return the same environment with another config; the tests before it use the first one."""
    (project / "envkit.yaml").write_text(STRICT)
    return brought_up(project, user, run_envkit, engine)


@pytest.fixture
def folder(user: User, tmp_path_factory: pytest.TempPathFactory, run_folder: Path) -> Path:
    return user.folder(run_folder / tmp_path_factory.mktemp("published").name)


# Approval.


@pytest.mark.proves(
    "an `up` that grants more access shows the difference and asks; without a terminal it refuses", "real"
)
def test_publishing_ssh_needs_approval(unapproved_up: tuple[CommandResult, list[str]]) -> None:
    up, resources = unapproved_up
    assert_error(up, 2, "SSH listens on a port of 127.0.0.1", "--yes", code="approval-required")
    assert resources == []


# Access.


@pytest.mark.proves("`ssh.publish` admits users with a key, only through a port of 127.0.0.1", "real")
def test_port_is_published_on_loopback_only(published: Published) -> None:
    ports = container(published.engine, published.ssh.user, published.project).ports
    assert ports["2222/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": str(published.port)}]
    assert listens(published.port)


@pytest.mark.proves("`ssh.publish` admits users with a key, only through a port of 127.0.0.1", "real")
def test_client_without_access_to_the_engine_can_log_in(published: Published) -> None:
    ssh = replace(published.ssh, user=replace(published.ssh.user, groups=()))
    assert ssh.user.run(["test", "-w", "/var/run/docker.sock"]).code == 1
    assert ssh("id -un; pwd").out == "dev\n/home/dev\n"


def test_envkit_ssh_uses_the_port(published: Published, run_envkit: Envkit) -> None:
    login = run_envkit(["ssh", "--project", published.project, 'echo "$SSH_CONNECTION"; exit 7'])
    assert (login.code, login.out.split()[-1]) == (7, "2222")


@pytest.mark.parametrize("protocol", ["-s", "-O"], ids=["sftp", "scp"])
def test_files_are_copied_and_belong_to_the_user(published: Published, folder: Path, protocol: str) -> None:
    source = folder / "sent"
    source.write_bytes(bytes(range(256)) * 4096)
    published.ssh.user.own(source, 0o644)
    scp = published.ssh.program("scp", protocol, source, f"{published.ssh.host}:/workspace/sent")
    received = published.project / "sent"
    assert scp.code == 0, str(scp)
    assert received.read_bytes() == source.read_bytes()
    assert (received.stat().st_uid, received.stat().st_mode & 0o777) == (published.ssh.user.uid, 0o644)


def test_session_finds_the_workspaces_python(published: Published) -> None:
    programs = published.ssh("command -v python pip").out.splitlines()
    assert programs[0].startswith("/home/dev/.local/share/envkit/tensorflow-2.9.0")
    assert programs[1] == "/opt/envkit/bin/pip"


def test_client_without_post_quantum_exchange_can_log_in(published: Published) -> None:
    assert published.ssh("-o", OLD_CLIENT, "HOST", "true").code == 0


# Refusals.


@pytest.mark.proves("a published SSH server refuses everything that the one without a port refuses", "real")
def test_unknown_key_is_refused(published: Published, folder: Path) -> None:
    login = published.ssh.with_settings(folder, IdentityFile=published.ssh.new_key(folder))("true")
    assert (login.code, login.err.strip()) == (255, f"dev@127.0.0.1: {REFUSED}")


@pytest.mark.proves("a published SSH server refuses everything that the one without a port refuses", "real")
def test_other_users_are_refused_with_the_key(published: Published) -> None:
    for name in ("root", "nosuch", "nobody"):
        login = published.ssh("-l", name, "HOST", "true")
        assert (login.code, login.err.strip()) == (255, f"{name}@127.0.0.1: {REFUSED}"), name


@pytest.mark.proves("a published SSH server refuses everything that the one without a port refuses", "real")
def test_public_key_is_the_only_login_method(published: Published) -> None:
    for method in ("none", "password", "keyboard-interactive"):
        options = ["-o", "PubkeyAuthentication=no", "-o", f"PreferredAuthentications={method}"]
        login = published.ssh("-v", *options, "HOST", "true")
        assert login.code == 255, method
        assert "Authentications that can continue: publickey\n" in login.err.replace("\r", ""), method


@pytest.mark.proves("a published SSH server refuses everything that the one without a port refuses", "real")
def test_forwards_to_other_machines_and_the_host_are_refused(published: Published) -> None:
    for options, reason in (
        (["-W", "169.254.169.254:80"], "administratively prohibited"),
        (["-N", "-o", "ExitOnForwardFailure=yes", "-R", "19999:127.0.0.1:22"], "remote port forwarding failed"),
    ):
        login = published.ssh(*options, "HOST")
        assert (login.code, reason in login.err) == (255, True), options


@pytest.mark.proves("a published SSH server refuses everything that the one without a port refuses", "real")
def test_no_socket_is_forwarded(published: Published) -> None:
    with published.ssh.forwarded("/run/envkit/any.sock") as port:
        assert send_and_receive(port) == b""


@pytest.mark.proves("a published SSH server refuses everything that the one without a port refuses", "real")
def test_no_agent_is_forwarded(published: Published) -> None:
    client = published.ssh
    login = client.user.run(["ssh-agent", *client.remote_shell.split(), "-A", client.host, PRINT_AGENT])
    assert login.out == "no agent\n"


@pytest.mark.proves("the host key is pinned: a changed one is refused", "real")
def test_host_key_is_pinned_for_the_port(published: Published, folder: Path) -> None:
    client = published.ssh
    known_hosts = (client.config.parent / "known_hosts").read_text().split()
    assert f"[127.0.0.1]:{published.port}" in known_hosts[0].split(",")
    kind, blob, *_ = client.new_key(folder).with_suffix(".pub").read_text().split()
    wrong_hosts = folder / "known_hosts"
    wrong_hosts.write_text(f"[127.0.0.1]:{published.port} {kind} {blob}\n")
    login = client.with_settings(folder, UserKnownHostsFile=client.user.own(wrong_hosts, 0o600))("true")
    assert (login.code, "Host key verification failed." in login.err) == (255, True)


def test_excess_connections_without_login_are_dropped(published: Published) -> None:
    with ExitStack() as connections:
        banners = [
            connections.enter_context(create_connection(("127.0.0.1", published.port), timeout=30)).recv(8)
            for _ in range(40)
        ]
    assert 10 <= banners.count(b"SSH-2.0-") <= 20
    wait_until(lambda: published.ssh("true").code == 0, "a login works again")


@pytest.mark.proves("ssh-audit warns only of quantum computers", "real")
def test_ssh_audit_warns_only_of_quantum_computers(published: Published) -> None:
    problems = ssh_audit_problems(published.port)
    assert problems["fail"] == []
    assert [text for text in problems["warn"] if "post-quantum" not in text] == []


@pytest.mark.proves("an environment withstands the attacks of `envkit audit`", "real")
def test_audit_runs_ssh_audit(published: Published, folder: Path, run_envkit: Envkit) -> None:
    env = {"PATH": f"{install_ssh_audit(folder)}:/usr/bin:/bin"}
    audit = run_envkit(["audit", "--project", published.project, "--format", "json"], env=env, timeout_s=180)
    statuses = {finding["check"]: finding["status"] for finding in json.loads(audit.out)["findings"]}
    assert (audit.code, statuses["audit/ssh-audit"]) == (0, "passed"), str(audit)


# Availability.


@pytest.mark.proves("an SSH server that exits is restarted, and open sessions survive", "real")
def test_killed_server_restarts_and_sessions_survive(published: Published) -> None:
    client, listener = published.ssh, ("pgrep", "-f", r"^sshd: .*\[listener\]")
    session = client.user.start([*client.remote_shell.split(), client.host, "echo in; cat"])
    try:
        assert session.stdin is not None
        assert session.stdout is not None
        assert session.stdout.readline() == "in\n"
        before = published.inside(*listener).out
        assert published.inside("kill", "-KILL", before.strip()).code == 0
        wait_until(lambda: published.inside(*listener).out not in {"", before}, "sshd was started again")
        wait_until(lambda: client("true").code == 0, "a login works again")
        session.stdin.write("still here\n")
        session.stdin.flush()
        assert session.stdout.readline() == "still here\n"
    finally:
        session.kill()
        session.communicate()


def test_health_check_connects_to_the_port(published: Published) -> None:
    attrs = container(published.engine, published.ssh.user, published.project).attrs
    _, *check = attrs["Config"]["Healthcheck"]["Test"]
    assert published.inside(*check).code == 0
    index = check.index("2222")
    assert published.inside(*check[:index], "2223", *check[index + 1 :]).code == 1
    wait_until(
        lambda: (
            container(published.engine, published.ssh.user, published.project).attrs["State"]["Health"]["Status"]
            == "healthy"
        ),
        "the engine reports it healthy",
    )


def test_second_up_and_down_keep_port_and_host_key(published: Published, run_envkit: Envkit) -> None:
    project, known_hosts = published.project, published.ssh.config.parent / "known_hosts"
    second, before = run_envkit(["up", "--project", project]), known_hosts.read_text()
    assert "nothing changed" in second.out
    assert f"port {published.port} of 127.0.0.1, user dev" in second.out
    assert run_envkit(["down", "--project", project]).code == 0
    after_down = run_envkit(["up", "--format", "json", "--project", project])
    assert json.loads(after_down.out)["result"]["ssh_port"] == published.port
    assert known_hosts.read_text() == before
    assert published.ssh("true").code == 0


# With an agent, and with post-quantum key exchanges only.


@pytest.mark.proves("with `ssh.kex: pq-only`, ssh-audit finds nothing", "real")
def test_ssh_audit_finds_nothing_with_pq_only(strict: Published) -> None:
    assert ssh_audit_problems(strict.port) == {"fail": [], "warn": []}


def test_old_client_is_refused_with_pq_only(strict: Published) -> None:
    login = strict.ssh("-o", OLD_CLIENT, "HOST", "true")
    assert (login.code, "no matching key exchange method found" in login.err) == (255, True)
    assert strict.ssh("true").code == 0


@pytest.mark.proves("`ssh.agent` needs approval, and each `up` prints a note about it", "real")
def test_requested_agent_is_forwarded_with_a_note(strict: Published, folder: Path) -> None:
    key, client = strict.ssh.new_key(folder), strict.ssh
    script = f"ssh-add -q {key} && {client.remote_shell} {client.host} ssh-add -L"
    login = client.user.run(["ssh-agent", "/bin/sh", "-c", script])
    assert login.out.split()[:2] == key.with_suffix(".pub").read_text().split()[:2], str(login)
    assert [note for note in strict.result["notes"] if note.startswith("ssh.agent: ")]


def test_removed_settings_close_port_and_agent(strict: Published, user: User, run_envkit: Envkit) -> None:
    (strict.project / "envkit.yaml").write_text("gpu: off\n")
    up = run_envkit(["up", "--project", strict.project])
    assert up.code == 0, str(up)
    assert set(container(strict.engine, user, strict.project).ports) == {"8888/tcp"}
    assert not listens(strict.port)
    login = strict.ssh.user.run(["ssh-agent", *strict.ssh.remote_shell.split(), "-A", strict.ssh.host, PRINT_AGENT])
    assert login.out == "no agent\n"
