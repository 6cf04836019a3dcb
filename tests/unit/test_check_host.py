"""Description of the checked machine: the engine's, or this one if no engine answers."""

from __future__ import annotations

import os

from envkit import host
from envkit.backends.docker import client
from envkit.backends.docker.client import Engine
from envkit.environment.check_host import describe_host
from envkit.model.facts import EngineFacts
from envkit.model.report import CheckHost

FACTS = EngineFacts(
    "ssh://far",
    "26.1.5",
    "amd64",
    rootless=False,
    userns=False,
    gpu_methods=(),
    host="far",
    system="Debian 13",
    kernel="6.12",
)


class Api:
    """A fake engine API with a given description of its machine."""

    api_version = "1.45"

    def __init__(self, **fields: object) -> None:
        self.fields = fields

    def info(self) -> dict[str, object]:
        return self.fields


def test_engine_machine_is_described() -> None:
    assert describe_host(FACTS) == CheckHost("far", "Debian 13, kernel 6.12", "Docker 26.1.5 at ssh://far")


def test_this_machine_is_described_without_an_engine() -> None:
    check_host = describe_host(None)
    assert (check_host.host, check_host.engine) == (os.uname().nodename, "")
    assert check_host.system == ", ".join(filter(None, [host.distribution(), f"kernel {os.uname().release}"]))


def test_engine_facts_include_its_machine() -> None:
    fields = {"Name": "box", "OperatingSystem": "Debian GNU/Linux 12 (bookworm)", "KernelVersion": "6.1.0"}
    facts = client.facts(Engine("unix:///x", Api(**fields)))  # type: ignore[arg-type]
    assert (facts.host, facts.system, facts.kernel) == ("box", "Debian GNU/Linux 12 (bookworm)", "6.1.0")


def test_missing_engine_facts_are_omitted() -> None:
    facts = client.facts(Engine("unix:///x", Api()))  # type: ignore[arg-type]
    assert (describe_host(facts).host, describe_host(facts).system) == ("", "")
