"""Steps of an `up` in words."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from envkit.cli.output import messages
from envkit.environment.dry_run import DryRun
from envkit.model import step
from envkit.model.plan import Digests
from envkit.report.dry_run import FOLLOW_UP, describe_differences, describe_steps
from tests.support.engine_states import REF, TITLE, container, desired_state

STEPS = (
    step.BuildImage(REF),
    step.RemoveContainer(TITLE),
    step.PrepareVolumes(("a", "b"), REF),
    step.ReplaceFiles(),
    step.CreateContainer(TITLE, REF),
    step.StartContainer(TITLE),
)


def test_steps_are_plain_sentences() -> None:
    assert describe_steps(STEPS, "the image differs") == (
        f"build the image {REF}",
        f"remove the container {TITLE}: the image differs",
        "make the container's user the owner of the volumes a, b",
        "write the settings, the token and the keys that the container mounts",
        f"create the container {TITLE}",
        f"start the container {TITLE}",
    )


def test_every_step_has_a_sentence() -> None:
    for kind in get_args(step.Step):
        (description,) = describe_steps((kind(*("x" for _ in kind.__match_args__)),))[:1]
        assert "(" not in description, kind


def test_new_base_image_is_followed_by_build_and_start() -> None:
    assert describe_steps((step.MakeBase("bookworm", "envkit-base:bookworm"),)) == (
        "assemble Debian bookworm as the image envkit-base:bookworm",
        FOLLOW_UP,
    )


def test_differences_of_a_container_are_named() -> None:
    for actual, differences in (
        (container(desired_state()), ""),
        (container(desired_state(Digests("other", "run", "files"))), "the image differs"),
        (container(desired_state(Digests("other", "other", "files"))), "the image differs, the settings differ"),
        (replace(container(desired_state()), status="dead"), "the container is broken"),
    ):
        assert describe_differences(desired_state(), actual) == differences


@pytest.mark.proves("`envkit up --dry-run` prints the notes and the port of a real `up`", "real")
def test_dry_run_shows_addresses_and_notes() -> None:
    url, note = "http://127.0.0.1:8890/lab", "limits.cpus: 99 is more than this host has; capped to 2"
    text = messages.dry_run(DryRun(None, REF, (), notes=(note,), url=url, ssh_port=2301))
    for fragment in (url, "port 2301 of 127.0.0.1", note):
        assert fragment in text, fragment
