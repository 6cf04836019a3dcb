"""The real Docker that runs without root is known for it, and refused."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from envkit import host
from envkit.backends.docker import client
from envkit.errors import PreconditionError
from tests.contract.rootless import rootless_docker
from tests.contract.second import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.backends.docker.client import Engine


@pytest.fixture(scope="module")
def rootless() -> Iterator[Engine]:
    with rootless_docker() as address, closing(client.connect(address).api) as api:
        yield client.Engine(address, api)


@pytest.mark.proves("Podman and rootless engines are refused with the reason, before anything is made", "real")
def test_docker_without_root_is_known_and_refused(rootless: Engine) -> None:
    found = client.facts(rootless)
    assert (found.rootless, found.podman, found.version.startswith(VERSION)) == (True, False, True)
    with pytest.raises(PreconditionError, match=r"runs without root.*would belong to another user") as error:
        client.refuse_unsupported(found, host.machine())
    assert "systemctl start docker" in error.value.hint
