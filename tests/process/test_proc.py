"""Programs on a leash run as others do, and none is started once it was pulled."""

from __future__ import annotations

from contextlib import suppress
from contextvars import copy_context

import pytest

from envkit import process
from envkit.errors import PreconditionError


def test_a_program_on_a_leash_reads_and_speaks_as_any_other() -> None:
    with process.kill_on_error():
        assert process.run(["/bin/sh", "-c", "cat; echo b >&2; exit 3"], stdin="a") == process.CompletedProcess(
            3, "a", "b\n"
        )


def test_nothing_is_started_once_a_leash_was_pulled() -> None:
    contexts = []
    with suppress(KeyError), process.kill_on_error():
        contexts.append(copy_context())
        raise KeyError
    (handed_on,) = contexts
    with pytest.raises(PreconditionError, match="interrupted"):
        handed_on.run(process.run, ["true"])
    assert process.run(["true"]).code == 0
