"""Progress on stderr: live on a terminal, plain lines elsewhere; stdout holds only results."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from tests.support.engine_gate import Gate
from tests.support.terminal import Terminal
from tests.support.workspaces import Workspaces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import docker

    from tests.support.account import User
    from tests.support.workspaces import Envkit

# The engine's output of a build of two steps that fails, in fragments and with colors.
BUILD_OUTPUT = "".join(
    (
        r'{"stream": "Step 1/2 : FROM base"}{"stream": "\n"}{"stream": " ---> 0123456789ab\n"}',
        r'{"stream": "Step 2/2 : RUN make\n"}{"stream": "\u001b[91mno rule to"}{"stream": " make it\u001b[0m\n"}',
        r'{"error": "The command make returned a non-zero code: 2"}',
    )
)


@pytest.fixture(scope="module")
def failing_build(
    user: User, projects: Path, run_envkit: Envkit, engine: docker.DockerClient, run_folder: Path
) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """Yield a project whose build fails after two steps, and the variables that cause it."""
    address = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    workspaces = Workspaces(user, projects, run_envkit, engine)
    with Gate(run_folder / "progress.sock", address.removeprefix("unix://")) as gate:
        gate.answer("POST .*/build.*", "200 OK", BUILD_OUTPUT)
        project = workspaces("gpu: off\napt: [tree]\nbuild: {builder: classic}\n", name="progress")
        yield project, gate.env
        run_envkit(["down", "--volumes"], cwd=project, env=gate.env)
    workspaces.close()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ["build: step 1 of 2: starting from base", "build: step 2 of 2: RUN make"]),
        (
            ["--verbose"],
            [
                "build: step 1 of 2: starting from base",
                "build: step 2 of 2: RUN make",
                "build: no rule to make it",
            ],
        ),
        (["--quiet"], []),
    ],
)
@pytest.mark.proves("progress is plain lines in a pipe, more with --verbose, none with --quiet", "stand-in")
def test_progress_in_a_pipe_is_plain_lines(
    options: list[str], expected: list[str], failing_build: tuple[Path, Mapping[str, str]], run_envkit: Envkit
) -> None:
    project, env = failing_build
    result = run_envkit(["build", *options], cwd=project, env=env)
    progress, _, message = result.err.partition("envkit: ")
    lines = progress.splitlines()
    assert [re.sub(r"\[ *\d+\.\ds\] ", "", line, count=1) for line in lines] == expected
    assert message.startswith("building the image failed")
    assert (result.code, result.out, "\x1b" in result.err) == (3, "", False), str(result)


def terminal_progress(
    failing_build: tuple[Path, Mapping[str, str]], run_envkit: Envkit, user: User, **variables: str
) -> str:
    """Return the output of a build on a terminal up to its error message."""
    project, env = failing_build
    with Terminal(user, [run_envkit.program, "build"], cwd=project, env={**env, **variables}) as terminal:
        code = terminal.wait_for_exit()
    assert code == 3, terminal.output
    progress, _, message = terminal.output.partition("envkit: ")
    assert message.startswith("building the image failed")
    assert "\x1b" not in message
    return progress


@pytest.mark.proves("progress is live on a terminal", "stand-in")
def test_progress_on_a_terminal_is_one_line_that_is_cleared(
    failing_build: tuple[Path, Mapping[str, str]], run_envkit: Envkit, user: User
) -> None:
    progress = terminal_progress(failing_build, run_envkit, user)
    assert "\x1b[?25l" in progress  # the cursor is hidden while the line is redrawn
    assert progress.endswith("\x1b[2K")  # the line is cleared
    assert progress.rindex("\x1b[?25h") > progress.rindex("\x1b[?25l")


def test_no_color_disables_colors(
    failing_build: tuple[Path, Mapping[str, str]], run_envkit: Envkit, user: User
) -> None:
    color = re.compile(r"\x1b\[[0-9;]*m")
    assert color.findall(terminal_progress(failing_build, run_envkit, user))
    assert not color.findall(terminal_progress(failing_build, run_envkit, user, NO_COLOR="1"))


def test_progress_on_dumb_terminals_and_in_ci_is_plain_lines(
    failing_build: tuple[Path, Mapping[str, str]], run_envkit: Envkit, user: User
) -> None:
    for variables in ({"CI": "true"}, {"TERM": "dumb"}):
        progress = terminal_progress(failing_build, run_envkit, user, **variables)
        assert "\x1b" not in progress, variables
        assert len(progress.splitlines()) == 2, variables
