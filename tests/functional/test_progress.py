"""Progress goes to stderr, as the one who reads it needs it; results go to stdout alone."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from tests.functional.engine_gate import Gate
from tests.functional.terminal import Terminal
from tests.functional.workspaces import Workspaces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import docker

    from tests.functional.account import User
    from tests.functional.workspaces import Envkit

# What the engine's builder says of a build of two steps that fails: in pieces, and painted.
BUILD = "".join(
    (
        r'{"stream": "Step 1/2 : FROM base"}{"stream": "\n"}{"stream": " ---> 0123456789ab\n"}',
        r'{"stream": "Step 2/2 : RUN make\n"}{"stream": "\u001b[91mno rule to"}{"stream": " make it\u001b[0m\n"}',
        r'{"error": "The command make returned a non-zero code: 2"}',
    )
)


@pytest.fixture(scope="module")
def building(
    user: User, projects: Path, run_envkit: Envkit, engine: docker.DockerClient, place: Path
) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """Yield a project whose build always fails after two steps, and the environment that makes it so."""
    address = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    workspaces = Workspaces(user, projects, run_envkit, engine)
    with Gate(place / "telling.sock", address.removeprefix("unix://")) as gate:
        gate.answer("POST .*/build.*", "200 OK", BUILD)
        project = workspaces("gpu: off\napt: [tree]\nbuild: {builder: classic}\n", name="telling")
        yield project, gate.env
        run_envkit(["down", "--volumes"], cwd=project, env=gate.env)
    workspaces.close()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], ["build: step 1 of 2: FROM base", "build: step 2 of 2: RUN make"]),
        (
            ["--verbose"],
            [
                "build: step 1 of 2: FROM base",
                "build: step 2 of 2: RUN make",
                "build: no rule to make it",
            ],
        ),
        (["--quiet"], []),
    ],
)
@pytest.mark.proves("Progress is plain lines in a pipe, more with --verbose, none with --quiet", "stand-in")
def test_in_a_pipe_progress_is_plain_lines(
    options: list[str], told: list[str], building: tuple[Path, Mapping[str, str]], run_envkit: Envkit
) -> None:
    project, env = building
    ran = run_envkit(["build", *options], cwd=project, env=env)
    progress, _, message = ran.err.partition("envkit: ")
    lines = progress.splitlines()
    assert [re.sub(r"\[ *\d+\.\ds\] ", "", line, count=1) for line in lines] == told
    assert message.startswith("building the image failed")
    assert (ran.code, ran.out, "\x1b" in ran.err) == (3, "", False), str(ran)


def drawn(building: tuple[Path, Mapping[str, str]], run_envkit: Envkit, user: User, **variables: str) -> str:
    """Return what a build draws on a terminal before its message."""
    project, env = building
    with Terminal(user, [run_envkit.program, "build"], cwd=project, env={**env, **variables}) as terminal:
        code = terminal.wait_for_exit()
    assert code == 3, terminal.output
    progress, _, message = terminal.output.partition("envkit: ")
    assert message.startswith("building the image failed")
    assert "\x1b" not in message
    return progress


@pytest.mark.proves("Progress is live on a terminal", "stand-in")
def test_on_a_terminal_progress_is_drawn_and_wiped(
    building: tuple[Path, Mapping[str, str]], run_envkit: Envkit, user: User
) -> None:
    progress = drawn(building, run_envkit, user)
    assert "\x1b[?25l" in progress  # the cursor is hidden while one line is drawn over and over
    assert progress.endswith("\x1b[2K")  # and that line is wiped in the end
    assert progress.rindex("\x1b[?25h") > progress.rindex("\x1b[?25l")


def test_without_color_nothing_is_painted(
    building: tuple[Path, Mapping[str, str]], run_envkit: Envkit, user: User
) -> None:
    colour = re.compile(r"\x1b\[[0-9;]*m")
    assert colour.findall(drawn(building, run_envkit, user))
    assert not colour.findall(drawn(building, run_envkit, user, NO_COLOR="1"))


@pytest.mark.parametrize("variables", [{"CI": "true"}, {"TERM": "dumb"}])
def test_under_ci_and_on_dumb_terminals_progress_is_plain_lines(
    variables: dict[str, str], building: tuple[Path, Mapping[str, str]], run_envkit: Envkit, user: User
) -> None:
    progress = drawn(building, run_envkit, user, **variables)
    assert "\x1b" not in progress
    assert len(progress.splitlines()) == 2
