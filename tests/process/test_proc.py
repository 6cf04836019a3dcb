"""Programs in a `kill_on_error` block run normally, and none starts after an exception."""

from __future__ import annotations

from contextlib import suppress
from contextvars import copy_context

import pytest

from envkit import process
from envkit.errors import PreconditionError


def test_a_program_in_the_block_runs_normally() -> None:
    with process.kill_on_error():
        assert process.run(["/bin/sh", "-c", "cat; echo b >&2; exit 3"], stdin="a") == process.CompletedProcess(
            3, "a", "b\n"
        )


def test_no_program_starts_after_an_exception() -> None:
    contexts = []
    with suppress(KeyError), process.kill_on_error():
        contexts.append(copy_context())
        raise KeyError
    (context,) = contexts
    with pytest.raises(PreconditionError) as refusal:
        context.run(process.run, ["true"])
    assert refusal.value.code == "interrupted"
    assert process.run(["true"]).code == 0
