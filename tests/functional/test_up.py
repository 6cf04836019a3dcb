"""`up`, and the everyday commands, as an ordinary user types them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from envkit import naming
from tests.support.environment_traces import container_name, start_identity, state_folder
from tests.support.error_assertions import assert_config_problems, assert_error
from tests.support.terminal import Terminal
from tests.support.workspaces import leftovers

if TYPE_CHECKING:
    import docker

    from tests.functional.conftest import SharedEnvironment
    from tests.support.account import CommandResult, User
    from tests.support.container_commands import Inside
    from tests.support.workspaces import Envkit, Workspaces


def parse_result(command: CommandResult) -> dict[str, Any]:
    """Return the result in a JSON report, which is the only output on stdout."""
    assert command.code == 0, str(command)
    report = json.loads(command.out)
    assert (report["format"], report["exit_code"]) == (1, 0)
    result: dict[str, Any] = report["result"]
    return result


@pytest.mark.proves(
    "`envkit up` ends with the addresses of JupyterLab, SSH and TensorBoard, and the verdict of the probe", "real"
)
def test_first_up_prints_the_addresses(shared_env: SharedEnvironment, user: User) -> None:
    lines = shared_env.up.out.splitlines()
    port = shared_env.container.attrs["HostConfig"]["PortBindings"]["8888/tcp"][0]["HostPort"]
    assert lines[0] == "shared is up"
    entries = {line.split()[0]: line for line in lines if line.startswith("  ")}
    assert entries["JupyterLab"].endswith(f" http://127.0.0.1:{port}/lab")
    assert f"envkit ssh         or ssh {container_name(user, shared_env.project)}" in entries["SSH"]
    assert f"http://127.0.0.1:{port}/tensorboard/" in entries["TensorBoard"]
    assert entries["Workspace"].endswith(str(shared_env.project))
    assert "TensorFlow 2.9.0 computes on CPU" in shared_env.up.out


@pytest.mark.proves("results go to stdout and progress to stderr", "real")
def test_progress_in_a_pipe_is_lines_on_stderr(shared_env: SharedEnvironment) -> None:
    lines = shared_env.up.err.splitlines()
    assert [line for line in lines if not re.fullmatch(r"\[ *\d+\.\ds\] [a-z]+: .+", line)] == []
    assert [line.split("] ")[1].split(":")[0] for line in lines][-3:] == ["start", "wait", "probe"]


@pytest.mark.proves("a second `up` does nothing", "real")
def test_second_up_changes_nothing(shared_env: SharedEnvironment, run_envkit: Envkit) -> None:
    before = start_identity(shared_env.container)
    second_up = run_envkit(["up"], cwd=shared_env.project)
    assert (second_up.code, second_up.err) == (0, ""), str(second_up)
    first, second = shared_env.up.out.splitlines(), second_up.out.splitlines()
    assert (first[1:], second[0]) == (second[1:], "shared is already up; nothing changed")
    result = parse_result(run_envkit(["up", "--format", "json"], cwd=shared_env.project))
    assert (result["changed"], result["name"]) == ([], "shared")
    shared_env.container.reload()
    assert start_identity(shared_env.container) == before


@pytest.mark.proves("a project is found from any folder below it", "real")
def test_up_in_a_subfolder_finds_the_project(shared_env: SharedEnvironment, run_envkit: Envkit, user: User) -> None:
    user.folder(shared_env.project / "below")
    result = parse_result(run_envkit(["up", "--format", "json"], cwd=shared_env.project / "below"))
    assert (result["changed"], result["workspace"]) == ([], str(shared_env.project))


@pytest.mark.proves("`envkit up --dry-run` prints the steps and changes nothing", "real")
def test_dry_run_prints_the_steps_and_changes_nothing(
    workspace: Workspaces, run_envkit: Envkit, engine: docker.DockerClient, user: User, image: str
) -> None:
    project = workspace("gpu: off\n", name="dry")
    result = parse_result(run_envkit(["up", "--dry-run", "--format", "json"], cwd=project))
    assert ("CreateContainer" in result["steps"], result["image"]) == (True, image)
    # It prints the approvals that an `up` would ask for, and exits like an `up` without a terminal.
    (project / "envkit.yaml").write_text("gpu: off\nbuild: {index: 'https://index.example/simple'}\n")
    for options, code in (([], 2), (["--yes"], 0)):
        preview = run_envkit(["up", "--dry-run", *options], cwd=project)
        has_entry = "  - Python packages come from https://index.example" in preview.out
        assert (preview.code, has_entry) == (code, True), str(preview)
    assert leftovers(engine, str(project)) == {}
    assert not state_folder(user, project).exists()


@pytest.mark.proves("the environment has the name of the folder, with a suffix if that is taken", "real")
def test_second_folder_of_the_same_name_has_a_suffix(
    shared_env: SharedEnvironment, workspace: Workspaces, run_envkit: Envkit
) -> None:
    twin = workspace("gpu: off\n", name="shared")
    plan = parse_result(run_envkit(["up", "--dry-run", "--format", "json"], cwd=twin))["plan"]
    assert re.fullmatch(r"shared-[0-9a-f]{4}", plan["name"])

    (twin / "envkit.yaml").write_text("gpu: off\nname: shared\n")
    assert_config_problems(
        run_envkit(["up"], cwd=twin), "envkit.yaml:2 name: another project's environment has this name"
    )


def test_name_of_a_stale_network_has_a_suffix(
    workspace: Workspaces, run_envkit: Envkit, engine: docker.DockerClient, user: User
) -> None:
    stale = engine.networks.create("left-behind", labels=naming.labels(user.uid, "forgotten", "/gone/forgotten"))
    project = workspace("gpu: off\n", name="forgotten")
    try:
        plan = parse_result(run_envkit(["up", "--dry-run", "--format", "json"], cwd=project))["plan"]
    finally:
        stale.remove()
    assert re.fullmatch(r"forgotten-[0-9a-f]{4}", plan["name"])


@pytest.mark.proves("`envkit status` lists environments", "real")
@pytest.mark.proves("reports are JSON on request", "real")
def test_status_lists_environments(shared_env: SharedEnvironment, run_envkit: Envkit, user: User) -> None:
    address = re.findall(r"http://127.0.0.1:\d+/lab", shared_env.up.out)[0]
    for options in ([], ["--all"]):
        lines = run_envkit(["status", *options]).out.splitlines()
        (words,) = [line.split() for line in lines if line.startswith("shared ") and address in line]
        assert {"running", str(shared_env.project), "TensorFlow"} <= set(words)
    rows = parse_result(run_envkit(["status", "--name", "shared", "--format", "json"]))["rows"]
    assert [(row["name"], row["owner"], row["status"], row["url"]) for row in rows] == [
        ("shared", user.uid, "running", address)
    ]


@pytest.mark.proves("`exec` returns the exit code of the program", "real")
def test_exec_passes_the_exit_code(shared_env: SharedEnvironment, run_envkit: Envkit) -> None:
    for argv, code in ((["sh", "-c", "exit 7"], 7), (["true"], 0), (["sh", "-c", "kill -9 $$"], 137)):
        assert run_envkit(["exec", *argv], cwd=shared_env.project).code == code, argv


def test_exec_passes_streams_and_arguments(shared_env: SharedEnvironment, run_envkit: Envkit) -> None:
    script = 'pwd; cat; echo "$1" >&2'
    program = run_envkit(["exec", "sh", "-c", script, "-", "--help"], cwd=shared_env.project, text="typed\n")
    assert (program.code, program.out, program.err) == (0, "/workspace\ntyped\n", "--help\n")


@pytest.mark.proves("`exec` starts in the caller's current folder below the workspace", "real")
def test_exec_starts_in_the_callers_folder(shared_env: SharedEnvironment, run_envkit: Envkit, user: User) -> None:
    user.folder(shared_env.project / "deeper")
    program = run_envkit(["exec", "sh", "-c", "pwd; exit 7"], cwd=shared_env.project / "deeper")
    assert (program.code, program.out) == (7, "/workspace/deeper\n"), str(program)


@pytest.mark.parametrize("subfolder", ["", "lower"])
@pytest.mark.proves("`exec` without an executable program exits with the code of a shell, 126 or 127", "real")
def test_exec_of_a_bad_program_exits_like_a_shell(
    subfolder: str, shared_env: SharedEnvironment, run_envkit: Envkit, user: User
) -> None:
    folder = user.folder(shared_env.project / subfolder) if subfolder else shared_env.project
    for program, code, message in (
        ("nosuchprog", 127, "the program 'nosuchprog' does not exist in the workspace"),
        ("/etc/passwd", 126, "the program '/etc/passwd' in the workspace cannot be executed"),
    ):
        result = run_envkit(["exec", program], cwd=folder)
        assert_error(result, code, message)
        assert result.out == ""


@pytest.mark.proves("`exec` and `ssh` report their own failures with exit code 125", "real")
def test_failures_of_exec_and_ssh_have_their_own_exit_code(
    workspace: Workspaces, run_envkit: Envkit, image: str
) -> None:
    project = workspace("gpu: off\n", name="absent")
    assert_error(run_envkit(["exec", "--name", "absent", "true"], cwd=project), 125, "there is no environment 'absent'")
    assert_error(run_envkit(["shell"], cwd=project), 125, "has no environment", "envkit up")
    assert run_envkit(["build"], cwd=project).code == 0
    for verb in ("exec", "ssh"):
        assert_error(run_envkit([verb, "true"], cwd=project), 125, "the environment absent is down", "envkit up")


@pytest.mark.proves("`envkit shell` opens a shell in the workspace", "real")
def test_shell_is_interactive_on_a_terminal(shared_env: SharedEnvironment, run_envkit: Envkit, user: User) -> None:
    with Terminal(user, [run_envkit.program, "shell"], cwd=shared_env.project) as terminal:
        terminal.wait_for("$ ")
        terminal.type("tty; echo $((6 * 7)); exit 5\n")
        assert terminal.wait_for_exit() == 5, terminal.output
    assert "/dev/pts/" in terminal.output
    assert "42\r\n" in terminal.output


@pytest.mark.proves("`envkit logs` prints the output of the workspace", "real")
def test_logs_print_the_output_of_the_servers(shared_env: SharedEnvironment, run_envkit: Envkit) -> None:
    all_lines = run_envkit(["logs"], cwd=shared_env.project)
    last_line = run_envkit(["logs", "--tail", "1"], cwd=shared_env.project)
    assert (all_lines.code, last_line.code) == (0, 0), str(all_lines)
    assert "TensorBoard" in all_lines.out
    assert len(last_line.out.splitlines()) == 1


@pytest.mark.proves("`token` prints the token only to a terminal", "real")
def test_token_is_printed_to_a_terminal_only(shared_env: SharedEnvironment, run_envkit: Envkit, user: User) -> None:
    piped = run_envkit(["token"], cwd=shared_env.project)
    assert_error(piped, 2, "terminal", "--show")
    shown = run_envkit(["token", "--show"], cwd=shared_env.project).out.strip()
    assert shown not in piped.err + shared_env.up.out + shared_env.up.err
    with Terminal(user, [run_envkit.program, "token"], cwd=shared_env.project) as terminal:
        assert terminal.wait_for_exit() == 0
    assert (terminal.output.strip(), len(shown) >= 43) == (shown, True)


@pytest.mark.proves("the config is mounted read-only in the container", "real")
def test_container_cannot_change_the_config(inside: Inside, shared_env: SharedEnvironment) -> None:
    config = shared_env.project / "envkit.yaml"
    before = config.read_text()
    for script in (
        "echo 'gpu: on' >> /workspace/envkit.yaml",
        "rm -f /workspace/envkit.yaml",
        "mv /workspace/envkit.yaml /workspace/other",
        "chmod 777 /workspace/envkit.yaml",
        "echo 'gpu: on' > /workspace/new && mv -f /workspace/new /workspace/envkit.yaml",
    ):
        result = inside.sh(script)
        assert result.code != 0, (script, result)
        assert config.read_text() == before, script


@pytest.mark.proves("`envkit render` writes the artifacts, and reports whether they are current", "real")
def test_render_writes_files_and_checks_them(shared_env: SharedEnvironment, run_envkit: Envkit) -> None:
    rendered = run_envkit(["render", "--output", "out"], cwd=shared_env.project)
    assert rendered.code == 0, str(rendered)
    assert {"out/Dockerfile", "out/compose.yaml"} <= set(rendered.out.splitlines())
    check = ["render", "--check", "--output", "out"]
    current = run_envkit(check, cwd=shared_env.project)
    assert (current.code, current.out) == (0, "out/ is current\n"), str(current)
    dockerfile = shared_env.project / "out/Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + "USER root\n")
    stale = run_envkit(check, cwd=shared_env.project)
    assert (stale.code, stale.out, stale.err) == (1, "stale: Dockerfile\n", "")


@pytest.mark.proves("`envkit build` builds the image and starts nothing", "real")
def test_build_only_builds_the_image(
    workspace: Workspaces, run_envkit: Envkit, engine: docker.DockerClient, image: str
) -> None:
    project = workspace("gpu: off\n", name="built")
    build = run_envkit(["build"], cwd=project)
    assert (build.code, build.out) == (0, f"image {image} is current\n"), str(build)
    assert leftovers(engine, str(project)) == {}


@pytest.mark.proves("`envkit schema` prints the JSON Schema", "real")
def test_schema_accepts_the_starter_config(run_envkit: Envkit, workspace: Workspaces) -> None:
    printed = run_envkit(["schema"])
    assert printed.code == 0, str(printed)
    schema = json.loads(printed.out)
    project = workspace(name="started")
    init = run_envkit(["init", project / "here"])
    assert init.code == 0, str(init)
    jsonschema.validate(yaml.safe_load((project / "here/envkit.yaml").read_text()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"tensorflw": "2.9.0"}, schema)


def test_init_keeps_an_existing_config(workspace: Workspaces, run_envkit: Envkit) -> None:
    project = workspace("gpu: off\n", name="started")
    before = (project / "envkit.yaml").read_text()
    assert_error(run_envkit(["init", "--format", "json", project]), 2, f"{project}/envkit.yaml", code="file-exists")
    assert (project / "envkit.yaml").read_text() == before


@pytest.mark.proves("`envkit version` prints the version", "real")
def test_version_is_one_line(run_envkit: Envkit) -> None:
    for arguments in (["version"], ["--version"], ["version", "--help"]):
        result = run_envkit(arguments)
        assert result.code == 0, str(result)
    assert re.fullmatch(r"envkit \d+\.\d+\.\d+\n", run_envkit(["version"]).out)


def test_terminal_prompts_for_approval(
    workspace: Workspaces, run_envkit: Envkit, user: User, engine: docker.DockerClient, image: str
) -> None:
    project = workspace("gpu: off\nmounts: [{source: ../data, target: /data}]\n", name="asking")
    data = user.folder(project.parent / "data")
    entry = f"  - {data}, outside the project folder, can be read and written at /data"
    for answer, code in (("n\n", 2), ("y\n", 0)):
        with Terminal(user, [run_envkit.program, "build"], cwd=project) as terminal:
            terminal.wait_for("Approve? [y/N]: ")
            assert entry in terminal.output
            terminal.type(answer)
            assert terminal.wait_for_exit() == code, terminal.output
        assert state_folder(user, project).exists() is (code == 0)
    second_build = run_envkit(["build"], cwd=project)
    assert second_build.code == 0, str(second_build)
