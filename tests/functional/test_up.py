"""The first `up`, the second one, and the daily verbs, as an ordinary user types them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from envkit import naming
from tests.functional.messages import assert_config_problems, assert_error
from tests.functional.terminal import Terminal
from tests.functional.traces import container_name, start_identity, state_folder
from tests.functional.workspaces import leftovers

if TYPE_CHECKING:
    import docker

    from tests.functional.account import Ran, User
    from tests.functional.conftest import SharedEnvironment
    from tests.functional.inside import Inside
    from tests.functional.workspaces import Envkit, Workspaces


def result(ran: Ran) -> dict[str, Any]:
    """Return the result of a report in JSON; nothing but the report stands on stdout."""
    assert ran.code == 0, str(ran)
    report = json.loads(ran.out)
    assert (report["format"], report["exit_code"]) == (1, 0)
    found: dict[str, Any] = report["result"]
    return found


@pytest.mark.proves("`envkit up` ends in where to go: JupyterLab, SSH, TensorBoard, and the probe's verdict", "real")
def test_the_first_up_says_where_to_go(shared_env: SharedEnvironment, user: User) -> None:
    lines = shared_env.up.out.splitlines()
    port = shared_env.container.attrs["HostConfig"]["PortBindings"]["8888/tcp"][0]["HostPort"]
    assert lines[0] == "shared is up"
    said = {line.split()[0]: line for line in lines if line.startswith("  ")}
    assert said["JupyterLab"].endswith(f" http://127.0.0.1:{port}/lab")
    assert f"envkit ssh         or ssh {container_name(user, shared_env.project)}" in said["SSH"]
    assert f"http://127.0.0.1:{port}/tensorboard/" in said["TensorBoard"]
    assert said["Workspace"].endswith(str(shared_env.project))
    assert said["Proven"].strip().startswith("Proven       TensorFlow 2.9.0 computes on CPU")


@pytest.mark.proves("results go to stdout and progress to stderr", "real")
def test_progress_goes_to_stderr_line_by_line_where_there_is_no_terminal(shared_env: SharedEnvironment) -> None:
    lines = shared_env.up.err.splitlines()
    assert [line for line in lines if not re.fullmatch(r"\[ *\d+\.\ds\] [a-z]+: .+", line)] == []
    assert [line.split("] ")[1].split(":")[0] for line in lines][-3:] == ["start", "wait", "probe"]


@pytest.mark.proves("A second `up` does nothing", "real")
def test_a_second_up_does_nothing(shared_env: SharedEnvironment, run_envkit: Envkit) -> None:
    before = start_identity(shared_env.container)
    again = run_envkit(["up"], cwd=shared_env.project)
    assert (again.code, again.err) == (0, ""), str(again)
    first, second = shared_env.up.out.splitlines(), again.out.splitlines()
    assert (first[1:], second[0]) == (second[1:], "shared is already up; nothing changed")
    found = result(run_envkit(["up", "--format", "json"], cwd=shared_env.project))
    assert (found["changed"], found["name"]) == ([], "shared")
    shared_env.container.reload()
    assert start_identity(shared_env.container) == before


@pytest.mark.proves("a project is found from any folder below it", "real")
def test_a_second_up_from_a_subfolder_is_the_same_one(
    shared_env: SharedEnvironment, run_envkit: Envkit, user: User
) -> None:
    user.folder(shared_env.project / "below")
    found = result(run_envkit(["up", "--format", "json"], cwd=shared_env.project / "below"))
    assert (found["changed"], found["workspace"]) == ([], str(shared_env.project))


@pytest.mark.proves("`envkit up --dry-run` says what would be done and does nothing", "real")
def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    workspace: Workspaces, run_envkit: Envkit, engine: docker.DockerClient, user: User, image: str
) -> None:
    project = workspace("gpu: off\n", name="dry")
    said = run_envkit(["up", "--dry-run"], cwd=project)
    assert (said.code, "create the container" in said.out, image in said.out) == (0, True, True), str(said)
    # What an `up` would ask for is shown, and the code is that of one that can ask nobody.
    (project / "envkit.yaml").write_text("gpu: off\nbuild: {index: 'https://index.example/simple'}\n")
    for options, code in (([], 2), (["--yes"], 0)):
        said = run_envkit(["up", "--dry-run", *options], cwd=project)
        assert (said.code, "  - Python packages come from https://index.example" in said.out) == (code, True), str(said)
    assert leftovers(engine, str(project)) == {}
    assert not state_folder(user, project).exists()


@pytest.mark.proves("The name is the folder's, with a suffix when taken", "real")
def test_another_folder_of_the_same_name_gets_a_suffix(
    shared_env: SharedEnvironment, workspace: Workspaces, run_envkit: Envkit
) -> None:
    twin = workspace("gpu: off\n", name="shared")
    plan = result(run_envkit(["up", "--dry-run", "--format", "json"], cwd=twin))["plan"]
    assert re.fullmatch(r"shared-[0-9a-f]{4}", plan["name"])

    (twin / "envkit.yaml").write_text("gpu: off\nname: shared\n")
    assert_config_problems(
        run_envkit(["up"], cwd=twin), "envkit.yaml:2 name: another project's environment has this name"
    )


def test_a_name_that_only_a_leftover_has_gets_a_suffix_too(
    workspace: Workspaces, run_envkit: Envkit, engine: docker.DockerClient, user: User
) -> None:
    left = engine.networks.create("left-behind", labels=naming.labels(user.uid, "forgotten", "/gone/forgotten"))
    project = workspace("gpu: off\n", name="forgotten")
    try:
        plan = result(run_envkit(["up", "--dry-run", "--format", "json"], cwd=project))["plan"]
    finally:
        left.remove()
    assert re.fullmatch(r"forgotten-[0-9a-f]{4}", plan["name"])


@pytest.mark.proves("`envkit status` lists environments", "real")
@pytest.mark.proves("reports are JSON where that is asked for", "real")
def test_status_lists_environments(shared_env: SharedEnvironment, run_envkit: Envkit, user: User) -> None:
    address = re.findall(r"http://127.0.0.1:\d+/lab", shared_env.up.out)[0]
    for options in ([], ["--all"]):
        lines = run_envkit(["status", *options]).out.splitlines()
        (words,) = [line.split() for line in lines if line.startswith("shared ") and address in line]
        assert {"running", str(shared_env.project), "TensorFlow"} <= set(words)
    rows = result(run_envkit(["status", "--name", "shared", "--format", "json"]))["rows"]
    assert [(row["name"], row["owner"], row["status"], row["url"]) for row in rows] == [
        ("shared", user.uid, "running", address)
    ]


@pytest.mark.parametrize(
    ("program", "code"),
    [
        (["sh", "-c", "exit 7"], 7),
        (["true"], 0),
        (["sh", "-c", "kill -9 $$"], 137),
    ],
)
@pytest.mark.proves("`exec` passes the inner exit code through", "real")
def test_exec_passes_the_exit_code_through(
    program: list[str], code: int, shared_env: SharedEnvironment, run_envkit: Envkit
) -> None:
    assert run_envkit(["exec", *program], cwd=shared_env.project).code == code


def test_exec_passes_streams_and_arguments_through(shared_env: SharedEnvironment, run_envkit: Envkit) -> None:
    script = 'pwd; cat; echo "$1" >&2'
    ran = run_envkit(["exec", "sh", "-c", script, "-", "--help"], cwd=shared_env.project, text="typed\n")
    assert (ran.code, ran.out, ran.err) == (0, "/workspace\ntyped\n", "--help\n")


@pytest.mark.proves("`exec` starts in the caller's own folder below the workspace", "real")
def test_exec_starts_in_the_callers_own_folder_below_the_workspace(
    shared_env: SharedEnvironment, run_envkit: Envkit, user: User
) -> None:
    user.folder(shared_env.project / "deeper")
    ran = run_envkit(["exec", "sh", "-c", "pwd; exit 7"], cwd=shared_env.project / "deeper")
    assert (ran.code, ran.out) == (7, "/workspace/deeper\n"), str(ran)


@pytest.mark.parametrize("below", ["", "lower"])
@pytest.mark.parametrize(
    ("program", "code", "words"),
    [
        ("nosuchprog", 127, "the program 'nosuchprog' does not exist in the workspace"),
        ("/etc/passwd", 126, "the program '/etc/passwd' in the workspace cannot be executed"),
    ],
)
@pytest.mark.proves("`exec` of what is no program ends with the codes of shells", "real")
def test_exec_of_what_is_no_program_is_told_with_the_code_of_shells(
    program: str, code: int, words: str, below: str, shared_env: SharedEnvironment, run_envkit: Envkit, user: User
) -> None:
    folder = user.folder(shared_env.project / f"{below}-{code}") if below else shared_env.project
    ran = run_envkit(["exec", program], cwd=folder)
    assert_error(ran, code, words)
    assert ran.out == ""


@pytest.mark.proves("`exec` and `ssh` have an exit code of their own for their own failures", "real")
def test_a_program_that_cannot_be_reached_has_a_code_of_its_own(
    workspace: Workspaces, run_envkit: Envkit, image: str
) -> None:
    project = workspace("gpu: off\n", name="absent")
    assert_error(run_envkit(["exec", "--name", "absent", "true"], cwd=project), 125, "there is no environment 'absent'")
    assert_error(run_envkit(["shell"], cwd=project), 125, "has no environment", "envkit up")
    assert run_envkit(["build"], cwd=project).code == 0
    for verb in (["exec", "true"], ["ssh", "true"]):
        assert_error(run_envkit(verb, cwd=project), 125, "the environment absent is down", "envkit up")


@pytest.mark.proves("`envkit shell` opens a shell in the workspace", "real")
def test_shell_is_a_shell_on_the_terminal(shared_env: SharedEnvironment, run_envkit: Envkit, user: User) -> None:
    with Terminal(user, [run_envkit.program, "shell"], cwd=shared_env.project) as terminal:
        terminal.wait_for("$ ")
        terminal.type("tty; echo $((6 * 7)); exit 5\n")
        assert terminal.wait_for_exit() == 5, terminal.output
    assert "/dev/pts/" in terminal.output
    assert "42\r\n" in terminal.output


@pytest.mark.proves("`envkit logs` prints what the workspace printed", "real")
def test_logs_show_what_jupyter_printed(shared_env: SharedEnvironment, run_envkit: Envkit) -> None:
    everything = run_envkit(["logs"], cwd=shared_env.project)
    last = run_envkit(["logs", "--tail", "1"], cwd=shared_env.project)
    assert (everything.code, last.code) == (0, 0), str(everything)
    assert "TensorBoard" in everything.out
    assert len(last.out.splitlines()) == 1


@pytest.mark.proves("`token` shows the token to a terminal only", "real")
def test_the_token_goes_to_a_terminal_only(shared_env: SharedEnvironment, run_envkit: Envkit, user: User) -> None:
    piped = run_envkit(["token"], cwd=shared_env.project)
    assert_error(piped, 2, "terminal", "--show")
    shown = run_envkit(["token", "--show"], cwd=shared_env.project).out.strip()
    assert shown not in piped.err + shared_env.up.out + shared_env.up.err
    with Terminal(user, [run_envkit.program, "token"], cwd=shared_env.project) as terminal:
        assert terminal.wait_for_exit() == 0
    assert (terminal.output.strip(), len(shown) >= 43) == (shown, True)


@pytest.mark.proves("The config is mounted read-only inside", "real")
@pytest.mark.parametrize(
    "attempt",
    [
        "echo 'gpu: on' >> /workspace/envkit.yaml",
        "rm -f /workspace/envkit.yaml",
        "mv /workspace/envkit.yaml /workspace/other",
        "chmod 777 /workspace/envkit.yaml",
        "echo 'gpu: on' > /workspace/new && mv -f /workspace/new /workspace/envkit.yaml",
    ],
)
def test_the_config_cannot_be_changed_from_inside(attempt: str, inside: Inside, shared_env: SharedEnvironment) -> None:
    config = shared_env.project / "envkit.yaml"
    before = config.read_text()
    tried = inside.sh(attempt)
    assert tried.code != 0, tried
    assert config.read_text() == before


@pytest.mark.proves("`envkit render` writes the artefacts, and says whether they are current", "real")
def test_render_writes_the_artefacts_and_check_says_whether_they_are_current(
    shared_env: SharedEnvironment, run_envkit: Envkit
) -> None:
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
def test_build_stops_at_the_image(
    workspace: Workspaces, run_envkit: Envkit, engine: docker.DockerClient, image: str
) -> None:
    project = workspace("gpu: off\n", name="built")
    built = run_envkit(["build"], cwd=project)
    assert (built.code, built.out) == (0, f"image {image} is current\n"), str(built)
    assert leftovers(engine, str(project)) == {}


@pytest.mark.proves("`envkit schema` prints the JSON Schema", "real")
def test_the_schema_accepts_the_starter_config(run_envkit: Envkit, workspace: Workspaces) -> None:
    printed = run_envkit(["schema"])
    assert printed.code == 0, str(printed)
    schema = json.loads(printed.out)
    project = workspace(name="started")
    made = run_envkit(["init", project / "here"])
    assert made.code == 0, str(made)
    jsonschema.validate(yaml.safe_load((project / "here/envkit.yaml").read_text()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"tensorflw": "2.9.0"}, schema)


def test_init_touches_no_config_that_is_there(workspace: Workspaces, run_envkit: Envkit) -> None:
    project = workspace("gpu: off\n", name="started")
    before = (project / "envkit.yaml").read_text()
    assert_error(run_envkit(["init", project]), 2, f"{project}/envkit.yaml is there already")
    assert (project / "envkit.yaml").read_text() == before


@pytest.mark.proves("`envkit version` prints the version", "real")
def test_version_is_one_line(run_envkit: Envkit) -> None:
    for words in (["version"], ["--version"], ["version", "--help"]):
        said = run_envkit(words)
        assert said.code == 0, str(said)
    assert re.fullmatch(r"envkit \d+\.\d+\.\d+\n", run_envkit(["version"]).out)


def test_on_a_terminal_more_access_is_asked_for(
    workspace: Workspaces, run_envkit: Envkit, user: User, engine: docker.DockerClient, image: str
) -> None:
    project = workspace("gpu: off\nmounts: [{source: ../data, target: /data}]\n", name="asking")
    data = user.folder(project.parent / "data")
    sentence = f"  - {data}, outside the project folder, can be read and written at /data"
    for answer, code in (("n\n", 2), ("y\n", 0)):
        with Terminal(user, [run_envkit.program, "build"], cwd=project) as terminal:
            terminal.wait_for("Approve? [y/N]: ")
            assert sentence in terminal.output
            terminal.type(answer)
            assert terminal.wait_for_exit() == code, terminal.output
        assert state_folder(user, project).exists() is (code == 0)
    again = run_envkit(["build"], cwd=project)
    assert again.code == 0, str(again)
