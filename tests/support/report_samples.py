"""Reports that the tests of every report format share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from envkit.errors import ExitCode
from envkit.model.report import CheckHost, Finding, Report, Verdict


@dataclass(frozen=True)
class Address:
    url: str
    ports: tuple[int, ...]


FAILED = Finding(
    "gpu/driver-missing",
    Verdict.FAILED,
    "no NVIDIA driver on this host",
    cause="the machine has no NVIDIA GPU, or its driver is not installed or not loaded",
    hint="sudo modprobe nvidia && sudo nvidia-modprobe -u -c=0",
    layer="host",
)
PASSED = Finding(
    "tensorflow/computes",
    Verdict.PASSED,
    "TensorFlow 2.9.0 computes on CPU",
    layer="tensorflow",
    seconds=0.5,
)
CREATED_AT = datetime(2026, 11, 23, 10, 5, 7, tzinfo=timezone(timedelta(hours=1)))
CHECK_HOST = CheckHost("gpu-box", "Debian GNU/Linux 12 (bookworm), kernel 6.1.0-18-amd64", "Docker 26.1.5 at unix:///x")
REPORT = Report("up", "vision", Address("http://127.0.0.1:8888/lab", (8888,)), (PASSED, FAILED), ExitCode.GPU)
HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07",
    "\x9b31m",
    "a\rb",
    "\u202egnp.exe",
    "\ud800",
    "[bold red]markup[/]",
    ":boom:",
    "\x00",
)


def format_address(result: Address) -> str:
    """Format a result as text."""
    return f"go to {result.url}"
