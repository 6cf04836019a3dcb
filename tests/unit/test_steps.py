"""What an `up` would do, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import pytest

from envkit.cli.output import messages
from envkit.commands.render import DryRun, RenderResult
from envkit.environment.results import BuildResult
from envkit.model import step
from envkit.model.plan import Digests
from envkit.report.dry_run import FOLLOW_UP, describe_differences, describe_steps
from tests.unit.worlds import REF, TITLE, container, wanted

if TYPE_CHECKING:
    from envkit.model.engine_state import ContainerInfo

STEPS = (
    step.BuildImage(REF),
    step.RemoveContainer(TITLE),
    step.PrepareVolumes(("a", "b"), REF),
    step.ReplaceFiles(),
    step.CreateContainer(TITLE, REF),
    step.StartContainer(TITLE),
)


def test_steps_are_plain_sentences() -> None:
    assert describe_steps(STEPS, "its image is another one") == (
        f"build the image {REF}",
        f"remove the container {TITLE}: its image is another one",
        "give the container's user the volumes a, b",
        "write the settings, the token and the keys that the container mounts",
        f"create the container {TITLE}",
        f"start the container {TITLE}",
    )


def test_every_step_has_a_sentence() -> None:
    for kind in get_args(step.Step):
        said = describe_steps((kind(*("x" for _ in kind.__match_args__)),))
        assert "(" not in said[0]


def test_what_follows_a_base_is_foretold_too() -> None:
    assert describe_steps((step.MakeBase("bookworm", "envkit-base:bookworm"),)) == (
        "assemble Debian bookworm as the image envkit-base:bookworm",
        FOLLOW_UP,
    )


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (container(wanted()), ""),
        (container(wanted(Digests("other", "run", "files"))), "its image is another one"),
        (container(wanted(Digests("other", "other", "files"))), "its image is another one, its settings are others"),
        (replace(container(wanted()), status="dead"), "it is broken"),
    ],
)
def test_why_a_container_is_made_anew_is_said(found: ContainerInfo, words: str) -> None:
    assert describe_differences(wanted(), found) == words


def test_a_dry_run_reads_as_sentences() -> None:
    foretold = DryRun(None, REF, ("StartContainer",), (), ("start the container x",))
    assert messages.dry_run(foretold) == f"image {REF}\nwould do:\n  1. start the container x"


@pytest.mark.proves("`envkit up --dry-run` tells the notes and the port that `up` would", "real")
def test_a_dry_run_says_where_it_would_answer_and_what_is_decided_differently() -> None:
    url, remarks = "http://127.0.0.1:8890/lab", ("limits.cpus: 99 is more than this host has; capped to 2",)
    foretold = DryRun(None, REF, (), notes=remarks, url=url, ssh_port=2301)
    assert messages.dry_run(foretold).splitlines()[3:] == [
        f"  JupyterLab   {url}",
        "  SSH          port 2301 of 127.0.0.1, user dev",
        f"  Note         {remarks[0]}",
    ]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (RenderResult("rendered", ("a", "b")), "rendered/a\nrendered/b"),
        (RenderResult("rendered", ("a", "b"), check_only=True), "rendered/ is current"),
        (RenderResult("rendered", ("a", "b"), ("b",), check_only=True), "stale: b"),
        (
            RenderResult("rendered", ("a", "b"), ("a", "b"), check_only=True, is_missing=True),
            "nothing is rendered in rendered/ yet; envkit render writes it",
        ),
    ],
)
def test_a_render_says_what_it_wrote_or_found(result: RenderResult, words: str) -> None:
    assert messages.render(result) == words


@pytest.mark.parametrize(("changed", "words"), [((), "is current"), (("BuildImage",), "was built")])
def test_a_build_names_its_image(changed: tuple[str, ...], words: str) -> None:
    assert messages.build(BuildResult("vision", REF, changed)) == f"image {REF} {words}"
