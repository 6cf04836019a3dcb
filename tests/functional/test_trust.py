"""The caller's own network reaches the build by itself: the certificates it trusts, and its proxy."""

from __future__ import annotations

import ipaddress
import socketserver
import threading
from typing import TYPE_CHECKING

import pytest

from envkit import host
from envkit.certificates import certificates
from tests.functional.conftest import FIRST_UP_S
from tests.functional.messages import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

    from tests.functional.inside import Inside
    from tests.functional.workspaces import Envkit, Workspaces

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
PUBLIC = 100  # Debian's own bundle holds more than that


class Refusing(socketserver.StreamRequestHandler):
    """A proxy that writes down what it is asked for, and lets nothing through."""

    server: Proxy

    def handle(self) -> None:
        lines: list[str] = []
        while (line := self.rfile.readline().decode().strip()) and len(lines) < 50:
            lines.append(line)
        self.server.asked.append(lines)
        self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")


class Proxy(socketserver.ThreadingTCPServer):
    """Listens on all addresses, so that containers reach it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("0.0.0.0", 0), Refusing)  # the engine's bridge is what matters
        self.asked: list[list[str]] = []


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def address_of_host(engine: docker.DockerClient) -> str:
    """Return the host's address on the network that builds use."""
    found = engine.networks.get("bridge").attrs["IPAM"]["Config"][0]
    return str(found.get("Gateway") or next(ipaddress.ip_network(found["Subnet"]).hosts()))


@pytest.mark.proves("the certificates this machine trusts are trusted inside, beside the usual ones", "real")
def test_the_hosts_own_certificates_join_debians(inside: Inside) -> None:
    trusted = set(certificates(inside("cat", BUNDLE).out))
    own = set(certificates(host.extra_ca()))
    assert own <= trusted
    assert len(trusted - own) > PUBLIC


@pytest.mark.proves("the caller's proxy reaches the build, and its password stays out of what is shown", "real")
def test_a_build_goes_through_the_callers_proxy(
    proxy: Proxy, image: str, workspace: Workspaces, run_envkit: Envkit, engine: docker.DockerClient
) -> None:
    address = f"http://ada:hunter2@{address_of_host(engine)}:{proxy.server_address[1]}"
    project = workspace('gpu: off\npython: ["six==1.16.0"]\n')
    env = {"http_proxy": address, "https_proxy": address, "no_proxy": "", "NO_PROXY": ""}
    build = run_envkit(["build", "--verbose"], cwd=project, env=env, timeout_s=FIRST_UP_S)
    told(build, 3, "building the image failed")
    assert proxy.asked
    assert any(line.startswith("Proxy-Authorization: Basic ") for line in proxy.asked[0])
    assert "hunter2" not in build.out + build.err
