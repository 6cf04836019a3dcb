"""Programs that ran out of memory are counted from the container's control group, whose text is not trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envkit.errors import StartFailed
from envkit.observe import memory_kills

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 1 << 20


class Backend:
    """A backend whose container prints some lines."""

    def __init__(self, *lines: str) -> None:
        self.lines = lines

    def run_script(self, _: str, __: object, ___: str, on_line: Callable[[str], None], **____: object) -> int:
        if not self.lines:
            raise StartFailed("not running", code="environment-not-running")
        for line in self.lines:
            on_line(line)
        return 1


def test_killed_programs_are_counted_for_both_versions() -> None:
    for lines, expected in (
        (("low 0", "oom 3", "oom_kill 2", "oom_group_kill 0", str(700 * MIB)), (2, 700)),
        (("oom_kill_disable 0", "under_oom 0", "oom_kill 1", str(64 * MIB)), (1, 64)),
        (("oom_kill 1", "max"), (1, 0)),
        (("oom_kill 1", str(1 << 63)), (1, 0)),
        (("oom_kill 0", "max"), (0, 0)),
        (("oom_kill x", "oom_kill -1", "oom_kill 1 2", "\x1b]0;x"), (0, 0)),
        ((), (0, 0)),
    ):
        backend: Any = Backend(*lines)
        assert memory_kills.read(backend, "c") == expected, lines


def test_description_names_the_key_and_the_limit() -> None:
    backend: Any = Backend("oom_kill 2", str(700 * MIB))
    assert "2 programs of this workspace, whose limits.memory, 700 MiB, was reached" in memory_kills.describe(
        backend, "c"
    )
    quiet: Any = Backend("oom_kill 0", str(700 * MIB))
    assert memory_kills.describe(quiet, "c") == ""
