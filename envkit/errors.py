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


class ExitCode(IntEnum):
    """Exit codes of the `envkit` command."""

    OK = 0
    CHECK_FAILED = 1
    USAGE = 2
    ENGINE = 3
    LOCK = 4
    GPU = 5
    UNREADABLE = 6
    BUG = 70
    EXEC_FAILED = 125
    NOT_EXECUTABLE = 126
    COMMAND_NOT_FOUND = 127
    HANGUP = 129
    INTERRUPTED = 130
    TERMINATED = 143


class TerminatedBySignal(KeyboardInterrupt):
    """Somebody else ended this process, by a signal that asks for it: everything is left as Ctrl-C leaves it."""

    def __init__(self, exit_code: ExitCode) -> None:
        super().__init__()
        self.exit_code = exit_code


class EnvkitError(Exception):
    """An error with a message for people, what was tried, and the mend."""

    exit_code = ExitCode.BUG

    def __init__(self, message: str, *, detail: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.hint = hint


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
        location = f"{self.file}:{self.line}" if self.line else self.file
        return f"{location} {self.key}: {self.message}" if self.key else f"{location}: {self.message}"


class ConfigError(EnvkitError):
    """The config as a whole: all its problems, in file order."""

    exit_code = ExitCode.USAGE

    def __init__(self, problems: list[Problem] | tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class PreconditionError(EnvkitError):
    """Something envkit will not do as things stand."""

    exit_code = ExitCode.USAGE


class EngineError(EnvkitError):
    """The container engine said no, or did not answer."""

    exit_code = ExitCode.ENGINE


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

    exit_code = ExitCode.GPU


class ExecError(EnvkitError):
    """`exec`, `shell` or `ssh` could not reach the program they should run."""

    exit_code = ExitCode.EXEC_FAILED


class CommandNotExecutable(ExecError):
    """The program that `exec` should run is there and cannot be run; shells end with the same code."""

    exit_code = ExitCode.NOT_EXECUTABLE


class CommandNotFound(ExecError):
    """There is no such program for `exec` to run; shells end with the same code."""

    exit_code = ExitCode.COMMAND_NOT_FOUND
