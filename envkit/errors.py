"""Every error envkit raises on purpose, and the exit code each one means.

    EnvkitError
    ├── ConfigError        2   the config file: every problem at once
    ├── Refusal            2   envkit could, and will not: usage, policy, somebody else's things
    ├── EngineError        3   the container engine or the image
    │   ├── EngineUnavailable  nothing answers
    │   ├── BuildFailed        an image could not be made
    │   ├── StartFailed        a container could not be created or started
    │   └── Unhealthy          it runs and does not answer
    ├── GpuUnusable        5   a GPU was asked for and none can be used
    └── PassThrough        125 `exec` and `ssh` themselves failed, not the program inside
        ├── NotRunnable    126 the program is there and cannot be run
        └── NoProgram      127 there is no such program

Each carries one message, what was tried, and the mend: the command or the change that helps.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the `envkit` command."""

    OK = 0
    CHECK_FAILED = 1
    REFUSED = 2
    ENGINE = 3
    LOCK = 4
    GPU = 5
    UNREADABLE = 6
    BUG = 70
    PASS_THROUGH = 125
    NOT_RUNNABLE = 126
    NO_PROGRAM = 127
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


class Ended(KeyboardInterrupt):
    """Somebody else ended this process, by a signal that asks for it: everything is left as Ctrl-C leaves it."""

    def __init__(self, exit_code: Exit) -> None:
        super().__init__()
        self.exit_code = exit_code


class EnvkitError(Exception):
    """An error with a message for people, what was tried, and the mend."""

    exit_code = Exit.BUG

    def __init__(self, message: str, *, tried: str = "", mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.tried = tried
        self.mend = mend


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a config file.

    Attributes:
        file: Path of the file as the user would name it.
        line: 1-based line, 0 when the key is not in the file.
        key: Dotted path of the key, such as `ssh.port`.
        message: What is wrong and, where it is known, the mend.
    """

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place} {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class ConfigError(EnvkitError):
    """The config as a whole: all its problems, in file order."""

    exit_code = Exit.REFUSED

    def __init__(self, problems: list[Problem] | tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Refusal(EnvkitError):
    """Something envkit will not do as things stand."""

    exit_code = Exit.REFUSED


class EngineError(EnvkitError):
    """The container engine said no, or did not answer."""

    exit_code = Exit.ENGINE


class EngineUnavailable(EngineError):
    """No engine answers at the address that was tried."""


class BuildFailed(EngineError):
    """A root file system or an image could not be made."""


class StartFailed(EngineError):
    """A container could not be created or started."""


class Unhealthy(EngineError):
    """The container runs, or ran, and does not serve what it should."""


class GpuUnusable(EnvkitError):
    """A GPU was asked for and cannot be used; the message names the layer."""

    exit_code = Exit.GPU


class PassThrough(EnvkitError):
    """`exec`, `shell` or `ssh` could not reach the program they should run."""

    exit_code = Exit.PASS_THROUGH


class NotRunnable(PassThrough):
    """The program that `exec` should run is there and cannot be run; shells end with the same code."""

    exit_code = Exit.NOT_RUNNABLE


class NoProgram(PassThrough):
    """There is no such program for `exec` to run; shells end with the same code."""

    exit_code = Exit.NO_PROGRAM
