"""SSH at a published port: it lets in as few as the way through the engine does, and it does not go away."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from socket import create_connection
from typing import TYPE_CHECKING

import pytest

from tests.functional.messages import assert_error
from tests.functional.openssh import install_ssh_audit, listens, send_and_receive, ssh_audit_problems
from tests.functional.published import FIRST_UP_S, Published, brought_up
from tests.functional.traces import container
from tests.functional.waiting import wait_until
from tests.functional.workspaces import Workspaces, leftovers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import docker

    from tests.functional.account import Ran, User
    from tests.functional.workspaces import Envkit

PUBLISHED = "gpu: off\nssh: {publish: true}\n"
STRICT = "gpu: off\nssh: {publish: true, agent: true, kex: pq-only}\n"
OLD_CLIENT = "KexAlgorithms=curve25519-sha256"
REFUSED = "Permission denied (publickey)."
AGENT = 'echo "${SSH_AUTH_SOCK:-no agent}"'


@pytest.fixture(scope="module")
def project(user: User, projects: Path, run_envkit: Envkit, engine: docker.DockerClient) -> Iterator[Path]:
    workspaces = Workspaces(user, projects, run_envkit, engine)
    yield workspaces(PUBLISHED, name="published")
    workspaces.close()


@pytest.fixture(scope="module")
def refused(project: Path, run_envkit: Envkit, engine: docker.DockerClient) -> tuple[Ran, list[str]]:
    """Return an `up` that nobody agreed to, and what it made on the engine."""
    up = run_envkit(["up", "--project", project], timeout_s=FIRST_UP_S)
    return up, list(leftovers(engine, str(project)))


@pytest.fixture(scope="module")
def published(
    refused: tuple[Ran, list[str]], project: Path, user: User, run_envkit: Envkit, engine: docker.DockerClient
) -> Published:
    return brought_up(project, user, run_envkit, engine)


@pytest.fixture(scope="module")
def strict(
    published: Published, project: Path, user: User, run_envkit: Envkit, engine: docker.DockerClient
) -> Published:
    """Return the same environment with another config: the tests that come before have seen the first."""
    (project / "envkit.yaml").write_text(STRICT)
    return brought_up(project, user, run_envkit, engine)


@pytest.fixture
def folder(user: User, tmp_path_factory: pytest.TempPathFactory, place: Path) -> Path:
    return user.folder(place / tmp_path_factory.mktemp("published").name)


# Asked for.


@pytest.mark.proves("An `up` that widens access shows the difference and asks; without a terminal it refuses", "real")
def test_a_port_for_ssh_is_not_opened_before_somebody_agreed(refused: tuple[Ran, list[str]]) -> None:
    up, made = refused
    assert_error(up, 2, "SSH listens on a port of 127.0.0.1, where every user of this host can try to log in", "--yes")
    assert made == []


# Getting in.


@pytest.mark.proves("`ssh.publish` lets those in who have a key, through a port of 127.0.0.1 alone", "real")
def test_the_port_is_on_loopback_alone(published: Published) -> None:
    ports = container(published.engine, published.ssh.user, published.project).ports
    assert ports["2222/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": str(published.port)}]
    assert listens(published.port)


@pytest.mark.proves("`ssh.publish` lets those in who have a key, through a port of 127.0.0.1 alone", "real")
def test_a_client_that_may_not_use_the_engine_logs_in(published: Published) -> None:
    outsider = replace(published.ssh, user=replace(published.ssh.user, groups=()))
    assert outsider.user.run(["test", "-w", "/var/run/docker.sock"]).code == 1
    assert outsider("id -un; pwd").out == "dev\n/home/dev\n"


def test_envkit_ssh_uses_the_port(published: Published, run_envkit: Envkit) -> None:
    done = run_envkit(["ssh", "--project", published.project, 'echo "$SSH_CONNECTION"; exit 7'])
    assert (done.code, done.out.split()[-1]) == (7, "2222")


@pytest.mark.parametrize("how", ["-s", "-O"], ids=["sftp", "the older way"])
def test_files_are_copied_and_belong_to_the_user(published: Published, folder: Path, how: str) -> None:
    sent = folder / "sent"
    sent.write_bytes(bytes(range(256)) * 4096)
    published.ssh.user.own(sent, 0o644)
    done = published.ssh.program("scp", how, sent, f"{published.ssh.host}:/workspace/sent")
    landed = published.project / "sent"
    assert done.code == 0, str(done)
    assert landed.read_bytes() == sent.read_bytes()
    assert (landed.stat().st_uid, landed.stat().st_mode & 0o777) == (published.ssh.user.uid, 0o644)


def test_a_session_finds_the_workspaces_own_python(published: Published) -> None:
    found = published.ssh("command -v python pip").out.splitlines()
    assert found[0].startswith("/home/dev/.local/share/envkit/tensorflow-2.9.0")
    assert found[1] == "/opt/envkit/bin/pip"


def test_a_client_without_post_quantum_key_exchange_still_gets_in(published: Published) -> None:
    assert published.ssh("-o", OLD_CLIENT, "HOST", "true").code == 0


# Staying out.


@pytest.mark.proves("a published SSH server refuses what the one without a port refuses", "real")
def test_an_unknown_key_is_refused(published: Published, folder: Path) -> None:
    done = published.ssh.with_settings(folder, IdentityFile=published.ssh.new_key(folder))("true")
    assert (done.code, done.err.strip()) == (255, f"dev@127.0.0.1: {REFUSED}")


@pytest.mark.proves("a published SSH server refuses what the one without a port refuses", "real")
@pytest.mark.parametrize("name", ["root", "nosuch", "nobody"])
def test_nobody_but_the_workspaces_user_can_log_in_not_even_with_the_key(published: Published, name: str) -> None:
    done = published.ssh("-l", name, "HOST", "true")
    assert (done.code, done.err.strip()) == (255, f"{name}@127.0.0.1: {REFUSED}")


@pytest.mark.proves("a published SSH server refuses what the one without a port refuses", "real")
@pytest.mark.parametrize("method", ["none", "password", "keyboard-interactive"])
def test_no_other_way_of_logging_in_is_offered(published: Published, method: str) -> None:
    options = ["-o", "PubkeyAuthentication=no", "-o", f"PreferredAuthentications={method}"]
    done = published.ssh("-v", *options, "HOST", "true")
    assert done.code == 255
    assert "Authentications that can continue: publickey\n" in done.err.replace("\r", "")


@pytest.mark.proves("a published SSH server refuses what the one without a port refuses", "real")
@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["-W", "169.254.169.254:80"], "administratively prohibited"),
        (["-N", "-o", "ExitOnForwardFailure=yes", "-R", "19999:127.0.0.1:22"], "remote port forwarding failed"),
    ],
    ids=["another machine", "back to the host"],
)
def test_nothing_is_forwarded_elsewhere(published: Published, options: list[str], says: str) -> None:
    done = published.ssh(*options, "HOST")
    assert done.code == 255
    assert says in done.err


@pytest.mark.proves("a published SSH server refuses what the one without a port refuses", "real")
def test_no_socket_of_the_workspace_is_forwarded(published: Published) -> None:
    with published.ssh.forwarded("/run/envkit/any.sock") as port:
        assert send_and_receive(port) == b""


@pytest.mark.proves("a published SSH server refuses what the one without a port refuses", "real")
def test_no_agent_is_forwarded(published: Published) -> None:
    client = published.ssh
    done = client.user.run(["ssh-agent", *client.remote_shell.split(), "-A", client.host, AGENT])
    assert done.out == "no agent\n"


@pytest.mark.proves("the host key is pinned: a changed one is refused", "real")
def test_the_host_key_is_pinned_for_the_port(published: Published, folder: Path) -> None:
    client = published.ssh
    known = (client.config.parent / "known_hosts").read_text().split()
    assert f"[127.0.0.1]:{published.port}" in known[0].split(",")
    kind, blob, *_ = client.new_key(folder).with_suffix(".pub").read_text().split()
    other = folder / "known_hosts"
    other.write_text(f"[127.0.0.1]:{published.port} {kind} {blob}\n")
    done = client.with_settings(folder, UserKnownHostsFile=client.user.own(other, 0o600))("true")
    assert (done.code, "Host key verification failed." in done.err) == (255, True)


def test_connections_that_never_log_in_are_dropped_from_the_twentieth_on(published: Published) -> None:
    with ExitStack() as held:
        greeted = [
            held.enter_context(create_connection(("127.0.0.1", published.port), timeout=30)).recv(8) for _ in range(40)
        ]
    assert 10 <= greeted.count(b"SSH-2.0-") <= 20
    wait_until(lambda: published.ssh("true").code == 0, "a login works again")


@pytest.mark.proves("ssh-audit finds nothing but what quantum computers may do", "real")
def test_ssh_audit_warns_of_nothing_but_what_quantum_computers_may_do(published: Published) -> None:
    found = ssh_audit_problems(published.port)
    assert found["fail"] == []
    assert [text for text in found["warn"] if "post-quantum" not in text] == []


@pytest.mark.proves("an environment withstands the attacks of `envkit audit`", "real")
def test_an_audit_asks_the_real_ssh_audit(published: Published, folder: Path, run_envkit: Envkit) -> None:
    path = {"PATH": f"{install_ssh_audit(folder)}:/usr/bin:/bin"}
    done = run_envkit(["audit", "--project", published.project, "--format", "json"], env=path, timeout_s=180)
    found = {one["check"]: one["status"] for one in json.loads(done.out)["findings"]}
    assert (done.code, found["audit/ssh-audit"]) == (0, "passed"), str(done)


# Staying there.


@pytest.mark.proves("an SSH server that ends is started again, and sessions outlive it", "real")
def test_a_server_that_is_killed_comes_back_and_sessions_outlive_it(published: Published) -> None:
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


def test_the_health_check_looks_at_the_port(published: Published) -> None:
    found = container(published.engine, published.ssh.user, published.project)
    _, *check = found.attrs["Config"]["Healthcheck"]["Test"]
    assert published.inside(*check).code == 0
    at = check.index("2222")
    assert published.inside(*check[:at], "2223", *check[at + 1 :]).code == 1
    wait_until(
        lambda: (
            container(published.engine, published.ssh.user, published.project).attrs["State"]["Health"]["Status"]
            == "healthy"
        ),
        "the engine calls it healthy",
    )


def test_a_second_up_does_nothing_and_one_after_down_keeps_port_and_host_key(
    published: Published, run_envkit: Envkit
) -> None:
    project, known = published.project, published.ssh.config.parent / "known_hosts"
    again, before = run_envkit(["up", "--project", project]), known.read_text()
    assert "nothing changed" in again.out
    assert f"port {published.port} of 127.0.0.1, user dev" in again.out
    assert run_envkit(["down", "--project", project]).code == 0
    back = run_envkit(["up", "--format", "json", "--project", project])
    assert json.loads(back.out)["result"]["ssh_port"] == published.port
    assert known.read_text() == before
    assert published.ssh("true").code == 0


# With an agent, and with nothing but post-quantum key exchanges.


@pytest.mark.proves("ssh-audit finds nothing at all with `ssh.kex: pq-only`", "real")
def test_ssh_audit_warns_of_nothing_with_post_quantum_key_exchanges_alone(strict: Published) -> None:
    assert ssh_audit_problems(strict.port) == {"fail": [], "warn": []}


def test_with_post_quantum_key_exchanges_alone_an_old_client_is_turned_away(strict: Published) -> None:
    done = strict.ssh("-o", OLD_CLIENT, "HOST", "true")
    assert (done.code, "no matching key exchange method found" in done.err) == (255, True)
    assert strict.ssh("true").code == 0


@pytest.mark.proves("`ssh.agent` is asked for and told each time", "real")
def test_an_agent_that_was_asked_for_is_forwarded_and_told_as_a_weakening(strict: Published, folder: Path) -> None:
    key, client = strict.ssh.new_key(folder), strict.ssh
    script = f"ssh-add -q {key} && {client.remote_shell} {client.host} ssh-add -L"
    done = client.user.run(["ssh-agent", "/bin/sh", "-c", script])
    assert done.out.split()[:2] == key.with_suffix(".pub").read_text().split()[:2], str(done)
    assert [one for one in strict.result["notes"] if one.startswith("ssh.agent: ")]


def test_what_is_taken_back_is_closed(strict: Published, user: User, run_envkit: Envkit) -> None:
    (strict.project / "envkit.yaml").write_text("gpu: off\n")
    up = run_envkit(["up", "--project", strict.project])
    assert up.code == 0, str(up)
    assert set(container(strict.engine, user, strict.project).ports) == {"8888/tcp"}
    assert not listens(strict.port)
    done = strict.ssh.user.run(["ssh-agent", *strict.ssh.remote_shell.split(), "-A", strict.ssh.host, AGENT])
    assert done.out == "no agent\n"
