"""An engine on another machine, by ssh://: a real SSH server and a real engine whose loopback is not ours."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkit import naming
from envkit.net import http
from tests.functional.far import Machine, base_of, beyond_loopback, other_machine
from tests.functional.there import SECRET, There, brought_up, port_of
from tests.functional.waiting import wait_until
from tests.functional.workspaces import Workspaces, leftovers

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

    from tests.functional.account import User
    from tests.functional.workspaces import Envkit


@pytest.fixture(scope="module")
def machine(user: User, place: Path, engine: docker.DockerClient, image: str) -> Iterator[Machine]:
    with other_machine(user, place, engine, [base_of(engine), image]) as made:
        yield made


@pytest.fixture(scope="module")
def there(
    machine: Machine, user: User, projects: Path, run_envkit: Envkit, engine: docker.DockerClient
) -> Iterator[There]:
    with brought_up(machine, Workspaces(user, projects, run_envkit, engine), run_envkit) as made:
        yield made


def token(there: There) -> str:
    return there.envkit("token", "--show").out.strip()


@pytest.mark.proves("an engine on another machine is served by `ssh://`", "stand-in")
@pytest.mark.proves("`--engine` comes before what the environment says", "real")
def test_jupyterlab_of_another_machine_answers_at_the_address_that_is_told_with_the_token_alone(there: There) -> None:
    port = port_of(there.up)
    authorized = {"Authorization": f"token {token(there)}"}
    assert http.get(port, "/api/status", headers=authorized).status == 200
    assert http.get(port, "/api/status").status == 403
    assert [one.name for one in there.machine.engine.containers.list()] == [f"envkit-{there.machine.user.uid}-far"]


@pytest.mark.proves("nothing but loopback listens for an engine on another machine, here or there", "stand-in")
def test_nothing_listens_beyond_loopback_on_either_side(there: There) -> None:
    port_of(there.status())
    here = "".join(Path(f"/proc/net/{table}").read_text() for table in ("tcp", "tcp6"))
    assert beyond_loopback(here, there.machine.user.uid) == set()
    sshd = {one for one in there.machine.listening() if int(one.rpartition(":")[2], 16) == 2222}
    assert there.machine.listening() == sshd != set()


@pytest.mark.proves("no argument of any process shows a secret, on either machine", "stand-in")
def test_no_argument_of_any_process_shows_a_secret(there: There) -> None:
    (folder,) = there.machine.user.home.glob(".local/state/envkit/engine-*/far-*")
    keys = [(folder / name).read_text().splitlines()[2] for name in ("mount/ssh_host_ed25519_key", "client/id_ed25519")]
    assert len(there.seen) > 10
    for secret in (SECRET, token(there), *keys):
        assert not any(secret.encode() in one for one in there.seen)


def test_token_keys_and_secrets_arrive_for_the_workspaces_user_alone(there: There) -> None:
    said = there.inside('cat "$TEAM_KEY_FILE"; stat -Lc " %a %U" "$TEAM_KEY_FILE" /run/secrets/envkit/token; id -un')
    assert said.split() == [SECRET, "600", "dev", "600", "dev", "dev"]
    refused = there.envkit("exec", "sh", "-c", "echo x > /run/secrets/envkit/token")
    assert refused.code != 0
    assert "Read-only" in refused.err


@pytest.mark.proves("an engine on another machine is served by `ssh://`", "stand-in")
def test_the_workspace_is_there_and_what_leads_out_of_it_is_not(there: There) -> None:
    files = there.inside("find . -type f | sort").split()
    assert files == ["./envkit.yaml", "./gone.txt", "./src/deep/a.txt", "./train.py"]
    assert "leads-out" in there.up.out


@pytest.mark.proves("what changed in the workspace or in its copy reaches the other side, deletions too", "stand-in")
def test_changes_travel_both_ways_and_belong_to_the_user(there: There) -> None:
    there.inside("mkdir -p out && echo result > 'out/a b\n\"c' && chmod 755 out/* && rm gone.txt && ln -s out link")
    there.write("train.py", "print(2)\n")
    done = there.sync()
    assert done["pushed"] == ["train.py"]
    assert done["removed"] == ["gone.txt"]
    came = there.project / 'out/a b\n"c'
    assert came.read_text() == "result\n"
    assert (came.stat().st_uid, came.stat().st_mode & 0o777) == (there.machine.user.uid, 0o755)
    assert (there.project / "link").readlink() == Path("out")
    assert not (there.project / "gone.txt").exists()
    assert there.inside("cat train.py") == "print(2)\n"
    (there.project / "src/deep/a.txt").unlink()
    assert there.sync()["removed_remote"] == ["src/deep/a.txt"]
    again = there.sync()
    assert not any(again[key] for key in ("pushed", "pulled", "removed", "removed_remote", "conflicts", "unstable"))


@pytest.mark.proves("what changed on both sides is kept twice", "stand-in")
@pytest.mark.proves("a sync loses nothing that only one side had", "stand-in")
def test_what_changed_on_both_sides_is_kept_twice(there: There) -> None:
    there.write("both.txt", "first\n")
    there.sync()
    there.inside("echo theirs > both.txt")
    there.write("both.txt", "mine\n")
    foretold = there.envkit("sync", "--dry-run")
    assert "conflict: the remote version would be both.txt.conflict-remote" in foretold.out
    assert there.sync()["conflicts"] == ["both.txt.conflict-remote"]
    assert (there.project / "both.txt").read_text() == "mine\n"
    assert (there.project / "both.txt.conflict-remote").read_text() == "theirs\n"
    assert there.inside("cat both.txt both.txt.conflict-remote") == "mine\ntheirs\n"


@pytest.mark.proves("the config never comes back from inside", "stand-in")
@pytest.mark.proves("no path and no link from inside leads out of the workspace", "stand-in")
def test_neither_the_config_nor_a_way_out_comes_back(there: There) -> None:
    config = (there.project / "envkit.yaml").read_text()
    there.inside("echo 'ssh: {publish: true}' > envkit.yaml; ln -s /etc evil; ln -s ../.. up; mkfifo pipe; mkdir own")
    done = there.sync()
    assert (there.project / "envkit.yaml").read_text() == config
    assert there.inside("cat envkit.yaml") == config
    assert {"evil", "pipe", "up"} <= set(done["skipped"])
    assert not any(os.path.lexists(there.project / one) for one in ("evil", "pipe", "up"))
    # A link of ours stands where their folder has files: nothing is written through it.
    outside = there.machine.user.folder(there.project.parent / "outside")
    (there.project / "own").rmdir()
    (there.project / "own").symlink_to(outside)
    there.inside("echo planted > own/file")
    assert "own" in there.sync()["skipped"]
    assert list(outside.iterdir()) == []
    (there.project / "own").unlink()
    there.inside("rm -rf evil pipe up own")


def test_logins_and_programs_reach_it(there: There) -> None:
    assert there.envkit("ssh", "id -un").out == "dev\n"
    assert there.envkit("exec", "cat", text="through\n").out == "through\n"
    assert there.envkit("exec", "sh", "-c", "exit 7").code == 7
    assert "conv2d" in there.status().out
    assert there.envkit("logs").code == 0


def test_audit_and_probe_look_at_it_there(there: There) -> None:
    audit = there.envkit("audit", "--format", "json")
    assert audit.code == 0, str(audit)
    checks = {one["check"]: one["status"] for one in json.loads(audit.out)["findings"]}
    assert "passed" in checks.values()
    assert there.envkit("probe").code == 0
    doctor = there.envkit("doctor")
    assert doctor.code == 2
    assert "on another machine" in doctor.err


@pytest.mark.proves("a lost way to another machine is made anew by the next command", "stand-in")
@pytest.mark.parametrize("verb", ["status", "up", "open"])
def test_a_lost_way_is_made_anew(there: There, verb: str) -> None:
    port = port_of(there.status())
    (master,) = there.master
    os.kill(master, signal.SIGKILL)
    wait_until(lambda: http.get(port, "/api").status == 0, "the port is gone")
    if verb == "open":
        opened = there.machine.envkit(
            there.run, "open", "--project", there.project, BROWSER="/bin/true", ENVKIT_OPEN_TIMEOUT_S="0"
        )
        assert f"http://127.0.0.1:{port}" in opened.out + opened.err, str(opened)
    else:
        assert port_of(there.status() if verb == "status" else there.envkit("up")) == port
    assert http.get(port, "/api").status == 200
    assert len(there.master) == 1


@pytest.mark.proves("the token goes to no port that our own way does not hold", "stand-in")
def test_a_port_that_somebody_else_took_meanwhile_is_not_told_and_gets_no_token(there: There) -> None:
    import socket

    port = port_of(there.status())
    (master,) = there.master
    os.kill(master, signal.SIGKILL)
    wait_until(lambda: http.get(port, "/api").status == 0, "the port is gone")
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", port))
        thief.listen()
        assert f":{port}/" not in there.status().out
        opened = there.machine.envkit(there.run, "open", "--project", there.project, BROWSER="/bin/true")
        assert opened.code == 3, str(opened)
        up = there.envkit("up")
        assert port_of(up) != port
        thief.settimeout(0)
        with pytest.raises(BlockingIOError):
            thief.accept()
    assert http.get(port_of(up), "/api").status == 200


@pytest.mark.proves("a machine that cannot be reached, is not known or lets nobody in is told, with 3", "stand-in")
@pytest.mark.parametrize(
    ("fault", "why", "hint"),
    [
        ("unknown", "its host key is unknown or differs from the known one", "compare it with"),
        ("refused", "it accepts none of your SSH keys", "ssh-copy-id"),
        ("unreachable", "it cannot be reached over SSH", "check that ssh"),
    ],
)
def test_a_machine_that_cannot_be_used_is_told(
    machine: Machine, user: User, run_envkit: Envkit, projects: Path, fault: str, why: str, hint: str
) -> None:
    way, address = machine.way, machine.address
    if fault == "unknown":
        way = machine.another_way("unknown")
    elif fault == "refused":
        key = machine.way.parent / "stranger"
        assert user.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key]).code == 0
        way = machine.another_way("refused", key=key, known_hosts=(machine.way / "known_hosts").read_text())
    else:
        address = address.replace(":2222", ":2223")
    state = user.folder(projects / f"state-{fault}")
    done = run_envkit(["status"], env=machine.path(way) | {"DOCKER_HOST": address, "XDG_STATE_HOME": str(state)})
    assert done.code == 3, str(done)
    assert why in done.err
    assert hint in done.err
    assert len(done.err.splitlines()) == 3


def test_prune_there_takes_what_nobody_uses_and_leaves_the_environment(there: There) -> None:
    name, labels = "envkit-prune-forgotten", {naming.MANAGED: "1", naming.OWNER: str(there.machine.user.uid)}
    there.machine.engine.networks.create(name, labels=labels)
    dry = there.envkit_alone("prune", "--dry-run")
    assert (dry.code, f"would remove network {name}" in dry.out) == (0, True), str(dry)
    assert there.machine.engine.networks.list(names=[name])
    prune = there.envkit_alone("prune", "--format", "json")
    assert json.loads(prune.out)["result"]["removed"] == [f"network {name}"], str(prune)
    assert f"prune: step 1 of 1: removing network {name}" in prune.err
    assert "conv2d" in there.status().out


@pytest.mark.proves("what an engine on another machine cannot honour is refused by key", "stand-in")
def test_what_cannot_be_honoured_is_refused_before_anything_is_made(machine: Machine, there: There) -> None:
    config = (there.project / "envkit.yaml").read_text()
    (there.project / "envkit.yaml").write_text(
        f"{config}mounts: [{{source: /usr/share, target: /share}}]\nssh: {{publish: true}}\nvolumes: {{files: /x}}\n"
    )
    try:
        done = there.envkit("up", "--gpu")
    finally:
        (there.project / "envkit.yaml").write_text(config)
    assert done.code == 2, str(done)
    for key in ("mounts[0].source", "ssh.publish", "volumes.files", "--gpu"):
        assert f" {key}: " in done.err, str(done)


@pytest.mark.proves("`down` copies back what only the other machine has; `--volumes` loses nothing of it", "stand-in")
def test_down_brings_back_what_is_there_alone_and_leaves_nothing(there: There) -> None:
    there.inside("echo late > late.txt")
    (container,) = there.machine.engine.containers.list()
    container.stop(timeout=0)
    refused = there.envkit("down", "--volumes")
    assert refused.code == 2, str(refused)
    assert "may hold what is not here" in refused.err
    assert there.envkit("up").code == 0
    down = there.envkit("down")
    assert down.code == 0, str(down)
    assert (there.project / "late.txt").read_text() == "late\n"
    assert there.master == []
    again = there.envkit("down", "--volumes")
    assert again.code == 0, str(again)
    assert not leftovers(there.machine.engine, str(there.project))
