"""Bad configurations, command lines, engines and disks: one message with a hint, and nothing is left behind."""

from __future__ import annotations

import os
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.engine_gate import Gate
from tests.support.environment_traces import has_no_state, state_folder
from tests.support.error_assertions import assert_config_problems, assert_error
from tests.support.workspaces import Workspaces, leftovers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import docker

    from tests.support.account import User
    from tests.support.workspaces import Envkit

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.fixture(scope="module")
def folder(user: User, projects: Path, run_envkit: Envkit, engine: docker.DockerClient) -> Iterator[Path]:
    """Yield the project folder of these tests."""
    workspaces = Workspaces(user, projects, run_envkit, engine)
    yield workspaces(name="bad-input")
    workspaces.close()


@pytest.fixture
def project(folder: Path, engine: docker.DockerClient, user: User) -> Iterator[Path]:
    """Yield the folder with a valid config; afterwards, check that nothing is left of an environment."""
    for path in folder.iterdir():
        path.unlink()
    (folder / "envkit.yaml").write_text("gpu: off\n")
    user.own(folder / "envkit.yaml", 0o644)
    yield folder
    assert leftovers(engine, str(folder)) == {}
    assert has_no_state(user, folder)


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
@pytest.mark.proves("all mistakes in the config are reported at once", "real")
def test_config_problem_names_file_line_and_key(
    config: str, problems: list[str], project: Path, run_envkit: Envkit
) -> None:
    (project / "envkit.yaml").write_text(config)
    assert_config_problems(run_envkit(["up"], cwd=project), *problems)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("workspace: nowhere\n", "nowhere does not exist"),
        ("workspace: /\n", "/ cannot be a workspace"),
        ("workspace: '~'\n", "home folder"),
    ],
)
def test_unsuitable_workspace_is_refused(config: str, expected: str, project: Path, run_envkit: Envkit) -> None:
    (project / "envkit.yaml").write_text(config)
    assert_error(run_envkit(["up"], cwd=project), 2, expected)


@pytest.mark.parametrize(
    ("mode", "content", "expected"),
    [
        (0o644, b"name: \xff\n", "is not UTF-8 text"),
        (0o000, b"gpu: off\n", "cannot be read"),
        (0o644, b"# much\n" * 200_000, "is larger than"),
    ],
)
def test_unreadable_config_is_refused(
    mode: int, content: bytes, expected: str, project: Path, run_envkit: Envkit, user: User
) -> None:
    (project / "envkit.yaml").write_bytes(content)
    user.own(project / "envkit.yaml", mode)
    assert_error(run_envkit(["up"], cwd=project), 2, str(project / "envkit.yaml"), expected)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["up", "--project", "nowhere"], "nowhere does not exist"),
        (["up", "--project", "envkit.yaml"], "envkit.yaml is not a folder"),
        (["down"], "has no environment"),
        (["logs", "--name", "absent"], "there is no environment 'absent'"),
        (["frobnicate"], "frobnicate"),
        (["up", "--gpus", "1", "--no-gpu"], "cannot be combined"),
    ],
)
def test_wrong_command_line_is_refused(arguments: list[str], expected: str, project: Path, run_envkit: Envkit) -> None:
    assert_error(run_envkit(arguments, cwd=project), 2, expected)


LISTEN = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"


@pytest.mark.proves(
    "a taken port that the config names is not replaced, and the error names the process that holds it", "real"
)
def test_taken_port_of_the_config_names_its_process(project: Path, run_envkit: Envkit, user: User) -> None:
    with user.start([run_envkit.program.parent / "python", "-c", LISTEN]) as listener:
        assert listener.stdout is not None
        port = listener.stdout.readline().strip()
        (project / "envkit.yaml").write_text(f"gpu: off\njupyter: {{port: {port}}}\n")
        result = run_envkit(["up"], cwd=project)
        listener.communicate("\n")
    assert_config_problems(result, f"envkit.yaml:2 jupyter.port: port {port} is taken by python")
    assert f"(process {listener.pid})" in result.err


@pytest.mark.proves("if the host shows that no GPU is usable, `up --gpu` names the layer and creates nothing", "real")
def test_required_gpu_that_is_missing_names_the_layer(project: Path, run_envkit: Envkit) -> None:
    for options in (["--gpu"], ["--gpus", "0,1"], ["--gpu", "--dry-run"]):
        assert_error(run_envkit(["up", *options], cwd=project), 5, "no GPU can be used (host)")


@pytest.mark.parametrize("verb", ["up", "status", "prune"])
def test_missing_engine_has_a_hint(verb: str, project: Path, run_envkit: Envkit) -> None:
    env = {"DOCKER_HOST": f"unix://{project}/docker.sock"}
    assert_error(run_envkit([verb], cwd=project, env=env), 3, "the socket does not exist", "unset DOCKER_HOST")


def test_dead_and_inaccessible_sockets_are_reported(project: Path, run_envkit: Envkit) -> None:
    path = project / "docker.sock"
    with socket.socket(socket.AF_UNIX) as dead_socket:
        dead_socket.bind(str(path))
        path.chmod(0o666)  # bound and not listening, as after a crash of the engine
        assert_error(run_envkit(["up"], cwd=project, env={"DOCKER_HOST": f"unix://{path}"}), 3, "does not answer")
        path.chmod(0o600)
        env = {"DOCKER_HOST": f"unix://{path}"}
        assert_error(run_envkit(["up"], cwd=project, env=env), 3, "you may not use the container engine", "as root")


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:2375", "https://engine.example.com"])
@pytest.mark.proves("rootless engines and engines at unencrypted network addresses are refused", "real")
def test_unencrypted_remote_engine_is_refused(address: str, project: Path, run_envkit: Envkit) -> None:
    assert_error(
        run_envkit(["up"], cwd=project, env={"DOCKER_HOST": address}), 2, address, "remote engine", "DOCKER_HOST"
    )


@pytest.fixture
def gate(run_folder: Path, project: Path) -> Iterator[Gate]:
    """Yield a gate in front of the real engine, which answers some requests itself."""
    address = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    with Gate(run_folder / "answering.sock", address.removeprefix("unix://")) as engine_gate:
        yield engine_gate


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ('{"Architecture": "aarch64", "SecurityOptions": []}', "arm64"),
        ('{"Architecture": "x86_64", "SecurityOptions": ["name=rootless"]}', "runs rootless"),
        ('{"Architecture": "x86_64", "SecurityOptions": ["name=userns"]}', "maps container users"),
        ('{"Architecture": "amd64", "ServerVersion": "5.4.2", "BuildahVersion": "1.39.3"}', "is Podman 5.4.2"),
    ],
)
@pytest.mark.proves("rootless engines and engines at unencrypted network addresses are refused", "stand-in")
def test_unsupported_engine_is_refused(info: str, expected: str, project: Path, run_envkit: Envkit, gate: Gate) -> None:
    gate.answer("GET .*/info", "200 OK", info)
    assert_error(run_envkit(["up"], cwd=project, env=gate.env), 2, expected)


@pytest.mark.parametrize(
    ("request_", "status", "body", "expected"),
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
        ("GET .*/networks.*", "200 OK", "not JSON", ""),
    ],
)
def test_engine_errors_are_reported(
    request_: str, status: str, body: str, expected: str, project: Path, run_envkit: Envkit, gate: Gate
) -> None:
    (project / "envkit.yaml").write_text("gpu: off\napt: [tree]\nbuild: {builder: classic}\n")
    gate.answer(request_, status, body)
    result = run_envkit(["build"], cwd=project, env=gate.env)
    gate.open()
    run_envkit(["down", "--volumes"], cwd=project, env=gate.env)
    assert_error(result, 3, expected)


def test_build_without_a_network_has_a_hint(project: Path, run_envkit: Envkit) -> None:
    (project / "envkit.yaml").write_text("gpu: off\nbuild: {mirror: 'http://127.0.0.1:9/debian'}\n")
    assert_error(
        run_envkit(["build", "--yes"], cwd=project), 3, "building the image failed", "could not reach a server"
    )
    assert run_envkit(["down", "--volumes"], cwd=project).code == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
@pytest.mark.parametrize("kib", [8, 16, 48])
def test_full_disk_leaves_no_incomplete_files(
    kib: int, project: Path, run_envkit: Envkit, run_folder: Path, image: str
) -> None:
    disk = run_folder / "small"
    disk.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k,mode=777", "tmpfs", disk], check=True)
    try:
        env = {"XDG_STATE_HOME": str(disk)}
        assert_error(
            run_envkit(["up"], cwd=project, env=env), 2, f"envkit: {disk}/", "No space left", "free disk space"
        )
        assert not list(disk.rglob("*.new"))
        subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
        assert run_envkit(["up", "--dry-run"], cwd=project, env=env).code == 0
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("mode", [0o777, 0o755])
def test_state_folder_open_to_others_is_refused(mode: int, project: Path, run_envkit: Envkit, user: User) -> None:
    folder = state_folder(user, project)
    if not folder.parent.exists():
        run_envkit(["build"], cwd=project)
    user.folder(folder, mode)
    assert_error(run_envkit(["up"], cwd=project), 2, f"{folder} is not private", f"chmod 700 {folder}")
    folder.rmdir()
