"""The build uses the caller's network: trusted certificates and proxy."""

from __future__ import annotations

import ipaddress
import os
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
from tests.support.error_assertions import assert_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

    from tests.support.workspaces import Envkit, Workspaces

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
INSTALL_STEP = 'RUN ["/opt/envkit/build/install-apt"'
MIN_PUBLIC_CERTIFICATES = 100  # Debian's bundle contains more


class RefusingHandler(socketserver.StreamRequestHandler):
    """Records each request to the proxy, and refuses it."""

    server: Proxy

    def handle(self) -> None:
        lines: list[str] = []
        while (line := self.rfile.readline().decode().strip()) and len(lines) < 50:
            lines.append(line)
        self.server.requests.append(lines)
        self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")


class Proxy(socketserver.ThreadingTCPServer):
    """A proxy on all addresses, so that containers reach it; it refuses every request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("0.0.0.0", 0), RefusingHandler)  # builds use the engine's bridge
        self.requests: list[list[str]] = []


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def host_address(engine: docker.DockerClient) -> str:
    """Return the host's address on the network that builds use."""
    subnet = engine.networks.get("bridge").attrs["IPAM"]["Config"][0]
    return str(subnet.get("Gateway") or next(ipaddress.ip_network(subnet["Subnet"]).hosts()))


@pytest.fixture
def company_ca() -> str:
    """Create an unknown certificate authority, and return its certificate."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string(f"CN=Company {uuid4()}")
    now = datetime.now(timezone.utc)
    certificate = (
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
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def image_with_ca(
    company_ca: str,
    image: str,
    workspace: Workspaces,
    run_envkit: Envkit,
    engine: docker.DockerClient,
) -> Iterator[str]:
    """Yield an image from the first steps of a Dockerfile that is rendered while `company_ca` is trusted."""
    project = workspace("gpu: off\n", files={"company.pem": company_ca})
    rendered = run_envkit(["render"], cwd=project, env={"SSL_CERT_FILE": str(project / "company.pem")})
    assert rendered.code == 0, str(rendered)
    (dockerfile,) = project.rglob("Dockerfile")
    first_steps, separator, _ = dockerfile.read_text().partition(INSTALL_STEP)
    assert separator
    dockerfile.write_text(f'{first_steps}{INSTALL_STEP}, "--", "ca-certificates"]\n')
    proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    built, _ = engine.images.build(path=str(dockerfile.parent), rm=True, forcerm=True, buildargs=proxies)
    yield str(built.id)
    engine.images.remove(str(built.id))


@pytest.mark.proves("the container trusts this machine's extra certificates in addition to the usual ones", "real")
def test_hosts_certificates_are_added_to_the_bundle(
    company_ca: str, image_with_ca: str, engine: docker.DockerClient
) -> None:
    bundle = engine.containers.run(image_with_ca, ["cat", BUNDLE], remove=True, network_mode="none").decode()
    company = set(certificates(company_ca))
    assert len(company) == 1
    assert company <= set(certificates(bundle))
    public = set(certificates(bundle)) - set(certificates(host.extra_ca())) - company
    assert len(public) > MIN_PUBLIC_CERTIFICATES


@pytest.mark.proves("the build uses the caller's proxy, and its password is shown nowhere", "real")
def test_build_uses_the_callers_proxy(
    proxy: Proxy, image: str, workspace: Workspaces, run_envkit: Envkit, engine: docker.DockerClient
) -> None:
    address = f"http://ada:hunter2@{host_address(engine)}:{proxy.server_address[1]}"
    project = workspace('gpu: off\npython: ["six==1.16.0"]\n')
    env = {"http_proxy": address, "https_proxy": address, "no_proxy": "", "NO_PROXY": ""}
    build = run_envkit(["build", "--verbose"], cwd=project, env=env, timeout_s=FIRST_UP_S)
    assert_error(build, 3, "building the image failed")
    assert proxy.requests
    assert any(line.startswith("Proxy-Authorization: Basic ") for line in proxy.requests[0])
    assert "hunter2" not in build.out + build.err
