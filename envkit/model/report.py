"""What came of a command: observations are raw, findings are judged, a report holds both for every reporter."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from envkit.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.errors import Problem

T = TypeVar("T")


class Verdict(str, Enum):
    """How a check came out. `skipped` always says why; it never passes silently."""

    PASSED = "passed"
    FAILED = "failed"
    WARNED = "warned"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Observation:
    """What a guest script or a look saw, unjudged.

    Attributes:
        name: Name of the look, such as `tensorflow.version`.
        data: What was seen, as JSON values.
        seconds: How long the look took.
    """

    name: str
    data: Mapping[str, Any]
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One judged check.

    Attributes:
        check: Id from the check table, such as `gpu/driver-missing`.
        status: How it came out.
        detail: What was seen, in words.
        cause: The likely cause, or empty.
        hint: The command or change that helps, or empty.
        layer: The layer or place, such as `host` or `container`.
        seconds: How long it took.
        data: The figures behind it.
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
    """The machine on which something was checked: the engine's, which may be another one than the caller's.

    Attributes:
        host: Its name, or empty.
        system: Its distribution and kernel, or empty.
        engine: Its engine and where that answered, or empty where none did.
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
        hint: The command or the change that helps, or empty.
        problems: Every problem of a configuration file.
    """

    message: str
    code: str
    detail: str = ""
    hint: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Report(Generic[T]):
    """What a command has to say: the reporters and the exit code are derived from it.

    Attributes:
        command: The verb.
        subject: What it was about, usually an environment's name.
        result: The verb's own result.
        findings: What was checked.
        exit_code: `OK` unless a check failed or the command says otherwise.
        error: Why the command failed; there is no result then.
    """

    command: str
    subject: str
    result: T
    findings: tuple[Finding, ...] = ()
    exit_code: ExitCode = ExitCode.OK
    error: Failure | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """One piece of news while something takes long.

    Attributes:
        stage: What is going on, such as `build`.
        text: The news, one line.
        verbose: Whether only `--verbose` shows it.
        finished: Whether the stage is over.
        step: Which of how many steps this is, where that is known.
    """

    stage: str
    text: str
    verbose: bool = False
    finished: bool = False
    step: tuple[int, int] | None = None
