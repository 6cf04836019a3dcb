"""Describe the machine that a report is about."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envkit import host
from envkit.model.report import CheckHost

if TYPE_CHECKING:
    from envkit.model.facts import EngineFacts


def describe_host(facts: EngineFacts | None) -> CheckHost:
    """Describe the engine's machine, or this one if no engine answered."""
    if facts is None:
        uname = os.uname()
        return CheckHost(uname.nodename, _system_text(host.distribution(), uname.release))
    kind = "Podman" if facts.podman else "Docker"
    return CheckHost(
        facts.host, _system_text(facts.system, facts.kernel), f"{kind} {facts.version} at {facts.endpoint}"
    )


def _system_text(distribution: str, kernel: str) -> str:
    return ", ".join(filter(None, (distribution, kernel and f"kernel {kernel}")))
