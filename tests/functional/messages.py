"""What an error must look like: one message, the hint, the right exit code, never a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.functional.account import Ran


def told(ran: Ran, code: int, *words: str) -> None:
    """Insist that a command ended with a code and one message on stderr, hint included, that has these words."""
    _plain(ran, code, words)
    messages = [line for line in ran.err.splitlines() if line.startswith("envkit: ")]
    hints = [line for line in ran.err.splitlines() if line.startswith("  hint: ")]
    assert (len(messages), len(hints)) == (1, 1), str(ran)


def told_of_config(ran: Ran, *problems: str) -> None:
    """Insist on exit code 2 and exactly these problems of the config: a line each, that begins like this."""
    _plain(ran, 2, problems)
    lines = ran.err.splitlines()
    assert len(lines) == len(problems), str(ran)
    assert all(line.startswith(problem) for line, problem in zip(lines, problems, strict=True)), str(ran)


def _plain(ran: Ran, code: int, words: tuple[str, ...]) -> None:
    assert ran.code == code, str(ran)
    assert "Traceback" not in ran.out + ran.err, str(ran)
    assert "bug in envkit" not in ran.err, str(ran)
    missing = [word for word in words if word not in ran.err]
    assert not missing, f"{missing} is not said: {ran}"
