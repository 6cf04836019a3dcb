"""The caller's own network reaches the build by itself: the certificates it trusts, and its proxy."""

from __future__ import annotations

import ipaddress
import os
import re
import socketserver
import threading
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from envkit import host
from envkit.pem import certificates
from tests.functional.conftest import FIRST_UP_S
from tests.functional.messages import assert_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

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


@pytest.fixture
def company() -> str:
    """Make a certificate authority that nobody knows, and return its certificate."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string(f"CN=Company {uuid4()}")
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder(
            name,
            name,
            key.public_key(),
            x509.random_serial_number(),
            now - timedelta(1),
            now + timedelta(1),
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def certified(
    company: str,
    image: str,
    workspace: Workspaces,
    run_envkit: Envkit,
    engine: docker.DockerClient,
) -> Iterator[str]:
    """Yield an image made by the first steps of the Dockerfile that is rendered where `company` is trusted."""
    project = workspace("gpu: off\n", files={"company.pem": company})
    rendered = run_envkit(["render"], cwd=project, env={"SSL_CERT_FILE": str(project / "company.pem")})
    assert rendered.code == 0, str(rendered)
    (dockerfile,) = project.rglob("Dockerfile")
    steps = re.fullmatch(r"(.*?\nRUN )\[.*?install-apt.*?\]\n.*", dockerfile.read_text(), re.DOTALL)
    assert steps
    command = '["/opt/envkit/build/install-apt", "--", "ca-certificates"]\n'
    dockerfile.write_text(steps[1] + command)
    proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    made, _ = engine.images.build(path=str(dockerfile.parent), rm=True, forcerm=True, buildargs=proxies)
    yield str(made.id)
    engine.images.remove(str(made.id))


@pytest.mark.proves("the certificates this machine trusts are trusted inside, beside the usual ones", "real")
def test_the_hosts_own_certificates_join_debians(company: str, certified: str, engine: docker.DockerClient) -> None:
    bundle = engine.containers.run(certified, ["cat", BUNDLE], remove=True, network_mode="none").decode()
    own = set(certificates(company))
    assert len(own) == 1
    assert own <= set(certificates(bundle))
    assert len(set(certificates(bundle)) - set(certificates(host.extra_ca())) - own) > PUBLIC


@pytest.mark.proves("the caller's proxy reaches the build, and its password stays out of what is shown", "real")
def test_a_build_goes_through_the_callers_proxy(
    proxy: Proxy, image: str, workspace: Workspaces, run_envkit: Envkit, engine: docker.DockerClient
) -> None:
    address = f"http://ada:hunter2@{address_of_host(engine)}:{proxy.server_address[1]}"
    project = workspace('gpu: off\npython: ["six==1.16.0"]\n')
    env = {"http_proxy": address, "https_proxy": address, "no_proxy": "", "NO_PROXY": ""}
    build = run_envkit(["build", "--verbose"], cwd=project, env=env, timeout_s=FIRST_UP_S)
    assert_error(build, 3, "building the image failed")
    assert proxy.asked
    assert any(line.startswith("Proxy-Authorization: Basic ") for line in proxy.asked[0])
    assert "hunter2" not in build.out + build.err
