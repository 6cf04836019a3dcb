"""The engine that the tests start has another version and does not affect the engine of this host."""

from __future__ import annotations

import ipaddress
import json
import subprocess
from typing import TYPE_CHECKING

from envkit.backends.docker import client
from tests.support.second_engine import VERSION

if TYPE_CHECKING:
    from envkit.backends.docker.client import Engine


def test_the_second_engine_has_another_version(second: Engine) -> None:
    assert client.facts(second).version.startswith(VERSION)


def test_the_bridge_of_the_hosts_engine_keeps_its_address(own: Engine, second: Engine) -> None:
    assert second.api.ping()
    bridge = own.api.inspect_network("bridge")
    subnet = ipaddress.ip_network(bridge["IPAM"]["Config"][0]["Subnet"])
    argv = ["ip", "-json", "-4", "address", "show", "dev", bridge["Options"]["com.docker.network.bridge.name"]]
    (device,) = json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
    assert [ipaddress.ip_address(address["local"]) in subnet for address in device["addr_info"]] == [True]
