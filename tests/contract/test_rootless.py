"""Real rootless Docker is recognized and refused."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from envkit import host
from envkit.backends.docker import client
from envkit.errors import PreconditionError
from tests.support.rootless_docker import rootless_docker
from tests.support.second_engine import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.backends.docker.client import Engine


@pytest.fixture(scope="module")
def rootless() -> Iterator[Engine]:
    with rootless_docker() as address, closing(client.connect(address).api) as api:
        yield client.Engine(address, api)


@pytest.mark.proves("Podman and rootless engines are refused with the reason, before anything is created", "real")
def test_rootless_docker_is_recognized_and_refused(rootless: Engine) -> None:
    facts = client.facts(rootless)
    assert (facts.rootless, facts.podman, facts.version.startswith(VERSION)) == (True, False, True)
    with pytest.raises(PreconditionError, match="runs rootless") as error:
        client.refuse_unsupported(facts, host.machine())
    assert error.value.code == "engine-unsupported"
    assert "systemctl start docker" in error.value.hint
