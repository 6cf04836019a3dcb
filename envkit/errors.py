"""Errors raised on purpose, and the exit code of each.

    EnvkitError
    ├── ConfigError                2    the configuration file: every problem at once
    ├── PreconditionError          2    wrong usage, a policy, or a resource that belongs to another user
    ├── EngineError                3    the container engine or the image
    │   ├── EngineUnavailable           no engine answers
    │   ├── BuildFailed                 an image could not be built
    │   ├── StartFailed                 a container could not be created or started
    │   │   └── ProgramNotFound         the image does not contain the program
    │   ├── PortTaken                   another process took a port of the container
    │   ├── SubnetTaken                 another network took the subnet of the environment
    │   ├── TimeLimitExceeded           a script in a container took too long
    │   ├── GpuRefused             5    the engine cannot provide a requested GPU
    │   └── Unhealthy                   the container runs and does not answer
    ├── GpuUnusable                5    a GPU was requested and none can be used
    └── ExecError                  125  `exec` or `ssh` failed, not the program in the container
        ├── CommandNotExecutable   126  the program exists and cannot be executed
        └── CommandNotFound        127  the program does not exist

Each error has a stable code in kebab-case. `error_codes.py` lists all of them with their cause and a hint.
"""

from __future__ import annotations

from contextlib import contextmanager
from enum import IntEnum

TYPE_CHECKING = False  # not from typing, whose import an unchanged `up` does not need
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.problem import Problem


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
    """Another process asked this one to end by a signal; cleanup is the same as after Ctrl-C."""

    def __init__(self, exit_code: ExitCode) -> None:
        super().__init__()
        self.exit_code = exit_code


class EnvkitError(Exception):
    """An error with a code for programs, and a message, detail and hint for people.

    Attributes:
        message: What is wrong, one sentence.
        code: Stable identifier in kebab-case, such as `port-taken`.
        detail: What was tried or what the engine answered, or empty.
        hint: The command or change that helps, or empty.
    """

    exit_code = ExitCode.BUG

    def __init__(self, message: str, *, code: str, detail: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.detail = detail
        self.hint = hint


class ConfigError(EnvkitError):
    """The configuration file is invalid; `problems` holds every problem in file order."""

    exit_code = ExitCode.USAGE

    def __init__(self, problems: list[Problem] | tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems), code="config-invalid")


class PreconditionError(EnvkitError):
    """A precondition of the command does not hold."""

    exit_code = ExitCode.USAGE


class EngineError(EnvkitError):
    """The container engine refused a request or did not answer."""

    exit_code = ExitCode.ENGINE


class EngineUnavailable(EngineError):
    """No engine answers at the endpoint."""


class BuildFailed(EngineError):
    """A root file system or an image could not be built."""


class StartFailed(EngineError):
    """A container could not be created or started."""


class ProgramNotFound(StartFailed):
    """The image does not contain the program."""


class PortTaken(EngineError):
    """Another process took a port of the container between the check and the start; `port` is 0 if unknown."""

    def __init__(self, message: str, *, code: str, detail: str = "", hint: str = "", port: int = 0) -> None:
        super().__init__(message, code=code, detail=detail, hint=hint)
        self.port = port


class SubnetTaken(EngineError):
    """Another network took the subnet of the environment between the check and its creation."""


class TimeLimitExceeded(EngineError):
    """A script exceeded its time limit."""


class GpuRefused(EngineError):
    """The engine cannot provide a requested GPU."""

    exit_code = ExitCode.GPU


class Unhealthy(EngineError):
    """The container runs, or ran, and its servers do not answer."""


class GpuUnusable(EnvkitError):
    """A GPU was requested and cannot be used; the message names the failing layer."""

    exit_code = ExitCode.GPU


class ExecError(EnvkitError):
    """`exec`, `shell` or `ssh` could not reach the program they should run."""

    exit_code = ExitCode.EXEC_FAILED


class CommandNotExecutable(ExecError):
    """The program that `exec` should run exists and cannot be executed; shells exit with the same code."""

    exit_code = ExitCode.NOT_EXECUTABLE


class CommandNotFound(ExecError):
    """The program that `exec` should run does not exist; shells exit with the same code."""

    exit_code = ExitCode.COMMAND_NOT_FOUND


@contextmanager
def as_exec_errors() -> Iterator[None]:
    """Raise every error of envkit as an ExecError, whose exit code a program in the container is unlikely to use."""
    try:
        yield
    except ExecError:
        raise
    except EnvkitError as error:
        raise ExecError(error.message, code=error.code, detail=error.detail, hint=error.hint) from error
    except OSError as error:
        prefix = f"{error.filename}: " if error.filename else ""
        raise ExecError(
            f"{prefix}{error.strerror or error}", code="os-error", hint="check that path and its permissions"
        ) from error


def workspace_replaced_error() -> ExecError:
    """Return the error for a container that still has an earlier folder of the project's path."""
    return ExecError(
        "the project folder was deleted or replaced while the environment was running",
        code="workspace-replaced",
        hint="envkit up starts the container again, with the folder that is there now",
    )


def other_file_system_error(message: str) -> StartFailed:
    """Return the error for an engine that mounts other files than the ones the caller sees."""
    return StartFailed(
        f"the engine sees another file system than you: {message}",
        code="engine-other-file-system",
        detail="usual causes: envkit runs in a container or CI job with the engine's socket; Docker is a snap; "
        "a private /tmp or another mount hides the folder from the engine",
        hint="run envkit on the engine's machine, or mount the folder there at the same path",
    )
