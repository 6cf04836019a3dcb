"""A remote engine over `ssh://`: a real SSH server and a real engine in a separate network namespace."""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkit import naming
from envkit.net import http
from tests.support.error_assertions import assert_error
from tests.support.remote_environment import SECRET, RemoteEnvironment, brought_up, port_of
from tests.support.remote_machine import Machine, base_image_ref, beyond_loopback, remote_machine
from tests.support.waiting import wait_until
from tests.support.workspaces import Workspaces, leftovers

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

    from tests.support.account import User
    from tests.support.workspaces import Envkit


@pytest.fixture(scope="module")
def machine(user: User, run_folder: Path, engine: docker.DockerClient, image: str) -> Iterator[Machine]:
    with remote_machine(user, run_folder, engine, [base_image_ref(engine), image]) as remote:
        yield remote


@pytest.fixture(scope="module")
def remote_env(
    machine: Machine, user: User, projects: Path, run_envkit: Envkit, engine: docker.DockerClient
) -> Iterator[RemoteEnvironment]:
    with brought_up(machine, Workspaces(user, projects, run_envkit, engine), run_envkit) as environment:
        yield environment


def token(remote_env: RemoteEnvironment) -> str:
    return remote_env.envkit("token", "--show").out.strip()


def kill_tunnel(remote_env: RemoteEnvironment, port: int) -> None:
    """Kill the SSH tunnel, and wait until its forwarded port is closed."""
    (tunnel,) = remote_env.tunnels
    os.kill(tunnel, signal.SIGKILL)
    wait_until(lambda: http.get(port, "/api").status == 0, "the port is closed")


@pytest.mark.proves("`ssh://` selects an engine on another machine", "stand-in")
@pytest.mark.proves("`--engine` takes precedence over environment variables", "real")
def test_jupyterlab_answers_at_the_printed_address_with_token(remote_env: RemoteEnvironment) -> None:
    port = port_of(remote_env.up)
    authorized = {"Authorization": f"token {token(remote_env)}"}
    assert http.get(port, "/api/status", headers=authorized).status == 200
    assert http.get(port, "/api/status").status == 403
    containers = [container.name for container in remote_env.machine.engine.containers.list()]
    assert containers == [f"envkit-{remote_env.machine.user.uid}-far"]


@pytest.mark.proves("for a remote engine, both machines listen only on loopback", "stand-in")
def test_only_loopback_listens_on_both_machines(remote_env: RemoteEnvironment) -> None:
    port_of(remote_env.status())
    local_tables = "".join(Path(f"/proc/net/{table}").read_text() for table in ("tcp", "tcp6"))
    assert beyond_loopback(local_tables, remote_env.machine.user.uid) == set()
    remote_addresses = remote_env.machine.listening_addresses()
    assert {int(address.rpartition(":")[2], 16) for address in remote_addresses} == {2222}  # sshd


@pytest.mark.proves("no argument of any process shows a secret, on either machine", "stand-in")
def test_no_process_argument_shows_a_secret(remote_env: RemoteEnvironment) -> None:
    (folder,) = remote_env.machine.user.home.glob(".local/state/envkit/engine-*/far-*")
    keys = [(folder / name).read_text().splitlines()[2] for name in ("mount/ssh_host_ed25519_key", "client/id_ed25519")]
    assert len(remote_env.command_lines) > 10
    for secret in (SECRET, token(remote_env), *keys):
        assert not any(secret.encode() in command_lines for command_lines in remote_env.command_lines)


def test_mounted_secrets_are_private_and_read_only(remote_env: RemoteEnvironment) -> None:
    output = remote_env.sh('cat "$TEAM_KEY_FILE"; stat -Lc " %a %U" "$TEAM_KEY_FILE" /run/secrets/envkit/token; id -un')
    assert output.split() == [SECRET, "600", "dev", "600", "dev", "dev"]
    refused = remote_env.envkit("exec", "sh", "-c", "echo x > /run/secrets/envkit/token")
    assert refused.code != 0
    assert "Read-only" in refused.err


@pytest.mark.proves("`ssh://` selects an engine on another machine", "stand-in")
def test_workspace_is_copied_without_links_that_leave_it(remote_env: RemoteEnvironment) -> None:
    files = remote_env.sh("find . -type f | sort").split()
    assert files == ["./envkit.yaml", "./gone.txt", "./src/deep/a.txt", "./train.py"]
    assert "leads-out" in remote_env.up.out


@pytest.mark.proves("changes in the workspace or in its copy reach the other side, including deletions", "stand-in")
def test_sync_copies_changes_both_ways(remote_env: RemoteEnvironment) -> None:
    remote_env.sh("mkdir -p out && echo result > 'out/a b\n\"c' && chmod 755 out/* && rm gone.txt && ln -s out link")
    remote_env.write("train.py", "print(2)\n")
    changes = remote_env.sync()
    assert changes["pushed"] == ["train.py"]
    assert changes["removed"] == ["gone.txt"]
    pulled = remote_env.project / 'out/a b\n"c'
    assert pulled.read_text() == "result\n"
    assert (pulled.stat().st_uid, pulled.stat().st_mode & 0o777) == (remote_env.machine.user.uid, 0o755)
    assert (remote_env.project / "link").readlink() == Path("out")
    assert not (remote_env.project / "gone.txt").exists()
    assert remote_env.sh("cat train.py") == "print(2)\n"
    (remote_env.project / "src/deep/a.txt").unlink()
    assert remote_env.sync()["removed_remote"] == ["src/deep/a.txt"]
    second = remote_env.sync()
    assert not any(second[key] for key in ("pushed", "pulled", "removed", "removed_remote", "conflicts", "unstable"))


@pytest.mark.proves("if a file changed on both sides, both versions are kept", "stand-in")
@pytest.mark.proves("a sync loses no file that exists on one side only", "stand-in")
def test_sync_keeps_both_versions_of_a_conflict(remote_env: RemoteEnvironment) -> None:
    remote_env.write("both.txt", "first\n")
    remote_env.sync()
    remote_env.sh("echo theirs > both.txt")
    remote_env.write("both.txt", "mine\n")
    preview = remote_env.envkit("sync", "--dry-run")
    assert "conflict: the remote version would be both.txt.conflict-remote" in preview.out
    assert remote_env.sync()["conflicts"] == ["both.txt.conflict-remote"]
    assert (remote_env.project / "both.txt").read_text() == "mine\n"
    assert (remote_env.project / "both.txt.conflict-remote").read_text() == "theirs\n"
    assert remote_env.sh("cat both.txt both.txt.conflict-remote") == "mine\ntheirs\n"


@pytest.mark.proves("the config is never copied back from the container", "stand-in")
@pytest.mark.proves("no path and no link from the container leads out of the workspace", "stand-in")
def test_sync_pulls_no_config_and_no_escaping_links(remote_env: RemoteEnvironment) -> None:
    config = (remote_env.project / "envkit.yaml").read_text()
    remote_env.sh("echo 'ssh: {publish: true}' > envkit.yaml; ln -s /etc evil; ln -s ../.. up; mkfifo pipe; mkdir own")
    changes = remote_env.sync()
    assert (remote_env.project / "envkit.yaml").read_text() == config
    assert remote_env.sh("cat envkit.yaml") == config
    assert {"evil", "pipe", "up"} <= set(changes["skipped"])
    assert not any(os.path.lexists(remote_env.project / name) for name in ("evil", "pipe", "up"))
    # A local link replaces a folder that has files on the remote: nothing is written through the link.
    outside = remote_env.machine.user.folder(remote_env.project.parent / "outside")
    (remote_env.project / "own").rmdir()
    (remote_env.project / "own").symlink_to(outside)
    remote_env.sh("echo planted > own/file")
    assert "own" in remote_env.sync()["skipped"]
    assert list(outside.iterdir()) == []
    (remote_env.project / "own").unlink()
    remote_env.sh("rm -rf evil pipe up own")


def test_ssh_exec_status_and_logs_work(remote_env: RemoteEnvironment) -> None:
    assert remote_env.envkit("ssh", "id -un").out == "dev\n"
    assert remote_env.envkit("exec", "cat", text="through\n").out == "through\n"
    assert remote_env.envkit("exec", "sh", "-c", "exit 7").code == 7
    assert "computes on CPU" in remote_env.verdict()
    assert remote_env.envkit("logs").code == 0


def test_audit_and_probe_work_and_doctor_refuses(remote_env: RemoteEnvironment) -> None:
    audit = remote_env.envkit("audit", "--format", "json")
    assert audit.code == 0, str(audit)
    assert "passed" in {finding["status"] for finding in json.loads(audit.out)["findings"]}
    assert remote_env.envkit("probe").code == 0
    assert_error(remote_env.envkit("doctor", "--format", "json"), 2, code="engine-remote")


@pytest.mark.proves("the next command restores a lost connection to another machine", "stand-in")
@pytest.mark.parametrize("verb", ["status", "up", "open"])
def test_lost_tunnel_is_reopened_by_the_next_command(remote_env: RemoteEnvironment, verb: str) -> None:
    port = port_of(remote_env.status())
    kill_tunnel(remote_env, port)
    if verb == "open":
        opened = remote_env.machine.envkit(
            remote_env.run_envkit,
            "open",
            "--project",
            remote_env.project,
            BROWSER="/bin/true",
            ENVKIT_OPEN_TIMEOUT_S="0",
        )
        assert f"http://127.0.0.1:{port}" in opened.out + opened.err, str(opened)
    else:
        assert port_of(remote_env.status() if verb == "status" else remote_env.envkit("up")) == port
    assert http.get(port, "/api").status == 200
    assert len(remote_env.tunnels) == 1


@pytest.mark.proves("the token is sent only to ports that envkit's own connection holds", "stand-in")
def test_port_of_another_process_gets_no_token(remote_env: RemoteEnvironment) -> None:
    port = port_of(remote_env.status())
    kill_tunnel(remote_env, port)
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", port))
        thief.listen()
        assert f":{port}/" not in remote_env.status().out
        opened = remote_env.machine.envkit(
            remote_env.run_envkit, "open", "--project", remote_env.project, BROWSER="/bin/true"
        )
        assert opened.code == 3, str(opened)
        up = remote_env.envkit("up")
        assert port_of(up) != port
        thief.settimeout(0)
        with pytest.raises(BlockingIOError):
            thief.accept()
    assert http.get(port_of(up), "/api").status == 200


@pytest.mark.proves(
    "a machine that is unreachable, unknown or rejects the login is reported, with exit code 3", "stand-in"
)
@pytest.mark.parametrize(
    ("fault", "code", "hint"),
    [
        ("unknown", "ssh-host-key-unknown", "compare it with"),
        ("refused", "ssh-login-denied", "ssh-copy-id"),
        ("unreachable", "ssh-host-unreachable", "check that ssh"),
    ],
)
def test_unusable_remote_machine_is_one_error_with_a_hint(
    machine: Machine, user: User, run_envkit: Envkit, projects: Path, fault: str, code: str, hint: str
) -> None:
    ssh_wrapper, address = machine.ssh_wrapper, machine.address
    known_hosts = (ssh_wrapper / "known_hosts").read_text()
    if fault == "unknown":
        ssh_wrapper = machine.add_ssh_wrapper("unknown")
    elif fault == "refused":
        key = machine.ssh_wrapper.parent / "other-key"
        assert user.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key]).code == 0
        ssh_wrapper = machine.add_ssh_wrapper("refused", key=key, known_hosts=known_hosts)
    else:
        address = address.replace(":2222", ":2223")
    state = user.folder(projects / f"state-{fault}")
    env = machine.path_variable(ssh_wrapper) | {"DOCKER_HOST": address, "XDG_STATE_HOME": str(state)}
    status = run_envkit(["status", "--format", "json"], env=env)
    assert_error(status, 3, hint, code=code)
    assert len(status.err.splitlines()) == 3


def test_prune_removes_unused_resources_on_the_remote(remote_env: RemoteEnvironment) -> None:
    name, labels = "envkit-prune-forgotten", {naming.MANAGED: "1", naming.OWNER: str(remote_env.machine.user.uid)}
    remote_env.machine.engine.networks.create(name, labels=labels)
    dry_run = remote_env.envkit_without_project("prune", "--dry-run", "--format", "json")
    assert json.loads(dry_run.out)["result"]["removed"] == [f"network {name}"], str(dry_run)
    assert remote_env.machine.engine.networks.list(names=[name])
    prune = remote_env.envkit_without_project("prune", "--format", "json")
    assert json.loads(prune.out)["result"]["removed"] == [f"network {name}"], str(prune)
    assert f"prune: step 1 of 1: removing network {name}" in prune.err
    assert "computes on CPU" in remote_env.verdict()


@pytest.mark.proves("keys that a remote engine cannot support are refused by name", "stand-in")
def test_unsupported_settings_are_refused_by_key(remote_env: RemoteEnvironment) -> None:
    config = (remote_env.project / "envkit.yaml").read_text()
    (remote_env.project / "envkit.yaml").write_text(
        f"{config}mounts: [{{source: /usr/share, target: /share}}]\nssh: {{publish: true}}\nvolumes: {{files: /x}}\n"
    )
    try:
        up = remote_env.envkit("up", "--gpu", "--format", "json")
    finally:
        (remote_env.project / "envkit.yaml").write_text(config)
    assert up.code == 2, str(up)
    keys = {problem["key"] for problem in json.loads(up.out)["error"]["problems"]}
    assert {"mounts[0].source", "ssh.publish", "volumes.files", "--gpu"} <= keys, str(up)


@pytest.mark.proves(
    "`down` copies back changes that only the other machine has, and `--volumes` loses none of them", "stand-in"
)
def test_down_copies_back_changes_and_leaves_nothing(remote_env: RemoteEnvironment) -> None:
    remote_env.sh("echo late > late.txt")
    (container,) = remote_env.machine.engine.containers.list()
    container.stop(timeout=0)
    assert_error(remote_env.envkit("down", "--volumes", "--format", "json"), 2, code="unsynced-changes")
    assert remote_env.envkit("up").code == 0
    down = remote_env.envkit("down")
    assert down.code == 0, str(down)
    assert (remote_env.project / "late.txt").read_text() == "late\n"
    assert remote_env.tunnels == []
    removal = remote_env.envkit("down", "--volumes")
    assert removal.code == 0, str(removal)
    assert not leftovers(remote_env.machine.engine, str(remote_env.project))
