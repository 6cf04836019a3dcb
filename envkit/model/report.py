"""Results of a command: raw observations, judged findings, and the report that all reporters print."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from envkit.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.problem import Problem

T = TypeVar("T")


class Verdict(str, Enum):
    """Outcome of a check. A skipped check always has a reason and never counts as passed."""

    PASSED = "passed"
    FAILED = "failed"
    WARNED = "warned"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Observation:
    """Raw result of a guest script or an inspection.

    Attributes:
        name: Name of the inspection, such as `tensorflow.version`.
        data: The values, as JSON.
        seconds: Duration in seconds.
    """

    name: str
    data: Mapping[str, Any]
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One judged check.

    Attributes:
        check: Id from the check table, such as `gpu/driver-missing`.
        status: Its outcome.
        detail: The observed facts, one sentence.
        cause: The likely cause, or empty.
        hint: The command or change that helps, or empty.
        layer: The layer, such as `host` or `container`.
        seconds: Duration in seconds.
        data: The values behind it.
    """

    check: str
    status: Verdict
    detail: str
    cause: str = ""
    hint: str = ""
    layer: str = ""
    seconds: float = 0.0
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckHost:
    """The machine that was checked: the engine's, which may differ from the caller's.

    Attributes:
        host: Its name, or empty.
        system: Its distribution and kernel, or empty.
        engine: Its engine and endpoint, or empty if no engine answered.
    """

    host: str = ""
    system: str = ""
    engine: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a command failed, for people and for programs.

    Attributes:
        message: What went wrong.
        code: Stable identifier in kebab-case, such as `port-taken`.
        detail: What was tried, or empty.
        hint: The command or change that helps, or empty.
        problems: All problems of a configuration file.
    """

    message: str
    code: str
    detail: str = ""
    hint: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Report(Generic[T]):
    """Report of a command; the reporters and the exit code derive from it.

    Attributes:
        command: Name of the command.
        subject: Its subject, usually an environment's name.
        result: The command's own result.
        findings: Results of its checks.
        exit_code: `OK` unless a check failed or the command sets another one.
        error: Why the command failed; the result is None then.
    """

    command: str
    subject: str
    result: T
    findings: tuple[Finding, ...] = ()
    exit_code: ExitCode = ExitCode.OK
    error: Failure | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """One progress message of a long operation.

    Attributes:
        stage: Name of the stage, such as `build`.
        text: The message, one line.
        verbose: Whether only `--verbose` shows it.
        finished: Whether the stage is over.
        step: Number of the current step and of all steps, or None if unknown.
    """

    stage: str
    text: str
    verbose: bool = False
    finished: bool = False
    step: tuple[int, int] | None = None
