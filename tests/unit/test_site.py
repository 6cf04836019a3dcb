"""On which machine something was checked: the engine's, or this one where no engine answers."""

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
    """A stand-in for an engine that says what it is."""

    def __init__(self, **says: object) -> None:
        self.says = says

    def info(self) -> dict[str, object]:
        return self.says


def test_it_is_the_engines_machine() -> None:
    assert describe_host(FACTS) == CheckHost("far", "Debian 13, kernel 6.12", "Docker 26.1.5 at ssh://far")


def test_without_an_engine_it_is_this_one() -> None:
    here = describe_host(None)
    assert (here.host, here.engine) == (os.uname().nodename, "")
    assert here.system == ", ".join(filter(None, [host.distribution(), f"kernel {os.uname().release}"]))


def test_an_engine_says_on_what_it_runs() -> None:
    told = {"Name": "box", "OperatingSystem": "Debian GNU/Linux 12 (bookworm)", "KernelVersion": "6.1.0"}
    facts = client.facts(Engine("unix:///x", Api(**told)))  # type: ignore[arg-type]
    assert (facts.host, facts.system, facts.kernel) == ("box", "Debian GNU/Linux 12 (bookworm)", "6.1.0")


def test_what_an_engine_does_not_say_is_left_out() -> None:
    facts = client.facts(Engine("unix:///x", Api()))  # type: ignore[arg-type]
    assert (describe_host(facts).host, describe_host(facts).system) == ("", "")
