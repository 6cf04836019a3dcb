"""Whatever is wrong with a config, a command line, the engine or the machine: one message, the hint, nothing left."""

from __future__ import annotations

import os
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.functional.engine_gate import Gate
from tests.functional.messages import told, told_of_config
from tests.functional.traces import forgotten, state_folder
from tests.functional.workspaces import Workspaces, leftovers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import docker

    from tests.functional.account import User
    from tests.functional.workspaces import Envkit

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.fixture(scope="module")
def folder(user: User, projects: Path, run_envkit: Envkit, engine: docker.DockerClient) -> Iterator[Path]:
    """Yield a project folder that all these mistakes are made in."""
    workspaces = Workspaces(user, projects, run_envkit, engine)
    yield workspaces(name="trying")
    workspaces.close()


@pytest.fixture
def trying(folder: Path, engine: docker.DockerClient, user: User) -> Iterator[Path]:
    """Yield the folder with a good config, and insist that what was tried there left nothing."""
    for path in folder.iterdir():
        path.unlink()
    (folder / "envkit.yaml").write_text("gpu: off\n")
    user.own(folder / "envkit.yaml", 0o644)
    yield folder
    assert leftovers(engine, str(folder)) == {}
    assert forgotten(user, folder)


@pytest.mark.parametrize(
    ("config", "problems"),
    [
        ("tensorflw: '2.9.0'\n", ["envkit.yaml:1 tensorflw: unknown key 'tensorflw'; did you mean 'tensorflow'?"]),
        ("limits: {memory: 16}\nname: no/name\n", ["envkit.yaml:1 limits.memory: ", "envkit.yaml:2 name: "]),
        ("tensorflow: 2.10\n", ["envkit.yaml:1 tensorflow: expected a string, got the number 2.1"]),
        pytest.param(BOMB, ["envkit.yaml:"], id="bomb"),
        pytest.param("[" * 5000, ["envkit.yaml:1: "], id="deep"),
        (
            "apt: ['vim; rm -rf /']\npython: ['x --index-url=y']\n",
            ["envkit.yaml:1 apt[0]: ", "envkit.yaml:2 python[0]: "],
        ),
        ("python: [pandas, 'protobuf>=4']\n", ["envkit.yaml:1 python[1]: protobuf>=4 cannot be installed beside"]),
        ("python: {requirements: missing.txt}\n", ["envkit.yaml:1 python.requirements: missing.txt does not exist"]),
        ("mounts: [{source: ../absent, target: /x}]\n", ["envkit.yaml:1 mounts[0].source: ../absent does not exist"]),
        ("mounts: [{source: /var/run/docker.sock, target: /x}]\n", ["envkit.yaml:1 mounts[0].source: "]),
        ("volumes: {mine: /opt/envkit}\n", ["envkit.yaml:1 volumes.mine: "]),
        ("secrets: {KEY: {file: absent}}\n", ["envkit.yaml:1 secrets.KEY.file: absent does not exist"]),
        ("ssh: {keys: [absent.pub]}\n", ["envkit.yaml:1 ssh.keys[0]: absent.pub does not exist"]),
    ],
)
@pytest.mark.proves("all mistakes in the config are told at once", "real")
def test_a_mistake_in_the_config_is_told_with_file_line_and_key(
    config: str, problems: list[str], trying: Path, run_envkit: Envkit
) -> None:
    (trying / "envkit.yaml").write_text(config)
    told_of_config(run_envkit(["up"], cwd=trying), *problems)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("workspace: nowhere\n", "nowhere does not exist"),
        ("workspace: /\n", "/ cannot be a workspace"),
        ("workspace: '~'\n", "home folder"),
    ],
)
def test_a_workspace_that_cannot_be_one_is_refused(config: str, says: str, trying: Path, run_envkit: Envkit) -> None:
    (trying / "envkit.yaml").write_text(config)
    told(run_envkit(["up"], cwd=trying), 2, says)


@pytest.mark.parametrize(
    ("mode", "content", "says"),
    [
        (0o644, b"name: \xff\n", "is not UTF-8 text"),
        (0o000, b"gpu: off\n", "cannot be read"),
        (0o644, b"# much\n" * 200_000, "is larger than"),
    ],
)
def test_a_config_that_cannot_be_read_is_refused(
    mode: int, content: bytes, says: str, trying: Path, run_envkit: Envkit, user: User
) -> None:
    (trying / "envkit.yaml").write_bytes(content)
    user.own(trying / "envkit.yaml", mode)
    told(run_envkit(["up"], cwd=trying), 2, str(trying / "envkit.yaml"), says)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["up", "--project", "nowhere"], "nowhere does not exist"),
        (["up", "--project", "envkit.yaml"], "envkit.yaml is not a folder"),
        (["down"], "has no environment"),
        (["logs", "--name", "absent"], "there is no environment 'absent'"),
        (["frobnicate"], "frobnicate"),
        (["up", "--gpus", "1", "--no-gpu"], "cannot be combined"),
    ],
)
def test_a_wrong_command_line_is_refused(arguments: list[str], says: str, trying: Path, run_envkit: Envkit) -> None:
    told(run_envkit(arguments, cwd=trying), 2, says)


LISTEN = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"


@pytest.mark.proves("a port that the config names is not replaced: who holds it is told", "real")
def test_a_port_of_the_config_that_is_taken_is_refused_with_who_holds_it(
    trying: Path, run_envkit: Envkit, user: User
) -> None:
    with user.start([run_envkit.program.parent / "python", "-c", LISTEN]) as somebody:
        assert somebody.stdout is not None
        port = somebody.stdout.readline().strip()
        (trying / "envkit.yaml").write_text(f"gpu: off\njupyter: {{port: {port}}}\n")
        ran = run_envkit(["up"], cwd=trying)
        somebody.communicate("\n")
    told_of_config(ran, f"envkit.yaml:2 jupyter.port: port {port} is taken by python")
    assert f"(process {somebody.pid})" in ran.err


@pytest.mark.proves("`up --gpu` where no GPU can be used names the layer and creates nothing", "real")
def test_without_a_gpu_insisting_on_one_names_the_layer_and_leaves_nothing(trying: Path, run_envkit: Envkit) -> None:
    for options in (["--gpu"], ["--gpus", "0,1"], ["--gpu", "--dry-run"]):
        told(run_envkit(["up", *options], cwd=trying), 5, "no GPU can be used (host)")


@pytest.mark.parametrize("verb", ["up", "status", "prune"])
def test_without_an_engine_the_hint_says_how_to_get_to_one(verb: str, trying: Path, run_envkit: Envkit) -> None:
    nowhere = {"DOCKER_HOST": f"unix://{trying}/docker.sock"}
    told(run_envkit([verb], cwd=trying, env=nowhere), 3, "the socket does not exist", "unset DOCKER_HOST")


def test_an_engine_that_accepts_and_says_nothing_of_use_is_told(trying: Path, run_envkit: Envkit) -> None:
    path = trying / "docker.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
        path.chmod(0o666)  # bound and not listening: what a crashed engine leaves
        told(run_envkit(["up"], cwd=trying, env={"DOCKER_HOST": f"unix://{path}"}), 3, "does not answer")
        path.chmod(0o600)
        closed = {"DOCKER_HOST": f"unix://{path}"}
        told(run_envkit(["up"], cwd=trying, env=closed), 3, "you may not use the container engine", "as root")


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:2375", "https://engine.example.com"])
@pytest.mark.proves("rootless engines, and those of other machines, are refused", "real")
def test_an_engine_of_another_machine_is_refused(address: str, trying: Path, run_envkit: Envkit) -> None:
    told(run_envkit(["up"], cwd=trying, env={"DOCKER_HOST": address}), 2, address, "remote engine", "DOCKER_HOST")


@pytest.fixture
def gate(place: Path, trying: Path) -> Iterator[Gate]:
    """Yield a gate before the real engine, which answers some requests in its place."""
    address = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    with Gate(place / "answering.sock", address.removeprefix("unix://")) as made:
        yield made


@pytest.mark.parametrize(
    ("info", "says"),
    [
        ('{"Architecture": "aarch64", "SecurityOptions": []}', "arm64"),
        ('{"Architecture": "x86_64", "SecurityOptions": ["name=rootless"]}', "runs rootless"),
        ('{"Architecture": "x86_64", "SecurityOptions": ["name=userns"]}', "maps container users"),
        ('{"Architecture": "amd64", "ServerVersion": "5.4.2", "BuildahVersion": "1.39.3"}', "is Podman 5.4.2"),
    ],
)
@pytest.mark.proves("rootless engines, and those of other machines, are refused", "stand-in")
def test_an_engine_that_cannot_be_locked_down_yet_is_refused(
    info: str, says: str, trying: Path, run_envkit: Envkit, gate: Gate
) -> None:
    gate.answer("GET .*/info", "200 OK", info)
    told(run_envkit(["up"], cwd=trying, env=gate.env), 2, says)


@pytest.mark.parametrize(
    ("request_", "status", "body", "says"),
    [
        (
            "POST .*/build.*",
            "200 OK",
            '{"error": "write /var/lib/docker/x: no space left on device"}',
            "free disk space",
        ),
        ("POST .*/build.*", "200 OK", '{"stream": "Step 1/2 : FROM base\\n"}', "without an image"),
        ("POST .*/build.*", "500 Server Error", '{"message": "no space left on device"}', "free disk space"),
        ("GET .*/networks.*", "500 Server Error", '{"message": "something is wrong"}', "something is wrong"),
        ("GET .*/networks.*", "200 OK", "this is no JSON", ""),
    ],
)
def test_an_engine_that_fails_is_told_in_its_own_words(
    request_: str, status: str, body: str, says: str, trying: Path, run_envkit: Envkit, gate: Gate
) -> None:
    (trying / "envkit.yaml").write_text("gpu: off\napt: [tree]\nbuild: {builder: classic}\n")
    gate.answer(request_, status, body)
    ran = run_envkit(["build"], cwd=trying, env=gate.env)
    gate.open()
    run_envkit(["down", "--volumes"], cwd=trying, env=gate.env)
    told(ran, 3, says)


def test_a_build_without_a_network_is_told_with_the_hint(trying: Path, run_envkit: Envkit) -> None:
    (trying / "envkit.yaml").write_text("gpu: off\nbuild: {mirror: 'http://127.0.0.1:9/debian'}\n")
    told(run_envkit(["build", "--yes"], cwd=trying), 3, "building the image failed", "could not reach a server")
    assert run_envkit(["down", "--volumes"], cwd=trying).code == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can make a small disk")
@pytest.mark.parametrize("kib", [8, 16, 48])
def test_a_full_disk_is_told_and_leaves_nothing_half_made(
    kib: int, trying: Path, run_envkit: Envkit, place: Path, image: str
) -> None:
    disk = place / "small"
    disk.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k,mode=777", "tmpfs", disk], check=True)
    try:
        small = {"XDG_STATE_HOME": str(disk)}
        told(run_envkit(["up"], cwd=trying, env=small), 2, f"envkit: {disk}/", "No space left", "free disk space")
        assert not list(disk.rglob("*.new"))
        subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
        assert run_envkit(["up", "--dry-run"], cwd=trying, env=small).code == 0
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("mode", [0o777, 0o755])
def test_a_state_folder_that_is_open_to_others_is_refused(
    mode: int, trying: Path, run_envkit: Envkit, user: User
) -> None:
    folder = state_folder(user, trying)
    if not folder.parent.exists():
        run_envkit(["build"], cwd=trying)
    user.folder(folder, mode)
    told(run_envkit(["up"], cwd=trying), 2, f"{folder} is not private", f"chmod 700 {folder}")
    folder.rmdir()
