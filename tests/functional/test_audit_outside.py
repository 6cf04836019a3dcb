"""`audit` from outside: neighbors, ssh-audit and package versions of weakened environments."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from envkit import host
from envkit.backends.docker import tar
from envkit.checks import audit
from envkit.model.report import Verdict
from envkit.net.ports import read_banner
from envkit.observe import attack_suite as audit_probes
from envkit.observe import network_attacks, ssh_audit
from tests.support.openssh import install_ssh_audit
from tests.support.waiting import wait_until
from tests.support.weakened_containers import PYTHON, audit_inside, failed_checks, listens_inside, weakened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import docker

    from envkit.backends.backend import Backend
    from envkit.model.report import Finding, Observation
    from tests.functional.conftest import SharedEnvironment

# By network of a workspace: the checks that must fail.
NETWORKS = {"default bridge": {"network", "neighbours"}, "network with inter-container traffic": {"neighbours"}}


@pytest.fixture
def open_network(engine: docker.DockerClient) -> Iterator[str]:
    network = engine.networks.create(f"envkit-weak-{secrets.token_hex(4)}")
    yield str(network.name)
    network.remove()


@pytest.mark.proves("an environment whose hardening is weakened fails its audit", "real")
@pytest.mark.parametrize("case", NETWORKS)
def test_reachable_workspace_is_found(
    case: str, engine: docker.DockerClient, envkit_backend: Backend, shared_env: SharedEnvironment, open_network: str
) -> None:
    serve: dict[str, Any] = {"Entrypoint": [PYTHON, "-m", "http.server", "8888", "--directory", "/srv"], "Cmd": []}
    mode = "bridge" if case == "default bridge" else open_network
    with weakened(engine, shared_env, {"Config": serve, "HostConfig": {"NetworkMode": mode}}) as container:
        wait_until(lambda: listens_inside(engine, container), "the server listens")
        observations, findings = probe_ports(envkit_backend, container)
    assert failed_checks(findings) == NETWORKS[case], observations


def probe_ports(envkit_backend: Backend, container: str) -> tuple[list[Observation], tuple[Finding, ...]]:
    """Probe the ports of a container from its network; return the observations and the findings."""
    inspection, name_prefix = envkit_backend.raw_inspection(container), f"envkit-weak-{secrets.token_hex(4)}."
    with network_attacks.probe_in_background(
        envkit_backend, inspection, owner=os.getuid(), name_prefix=name_prefix, labels={}
    ) as probe_results:
        observations = list(probe_results())
    return observations, audit.check(observations, inspection)


@pytest.mark.proves("an environment whose hardening is weakened fails its audit", "real")
def test_reachable_workspace_without_a_listener_is_found(
    engine: docker.DockerClient, envkit_backend: Backend, shared_env: SharedEnvironment, open_network: str
) -> None:
    with weakened(engine, shared_env, {"HostConfig": {"NetworkMode": open_network}}) as container:
        observations, findings = probe_ports(envkit_backend, container)
    assert failed_checks(findings) == {"neighbours"}, observations


@pytest.fixture
def ssh_audit_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Add the real ssh-audit to PATH."""
    monkeypatch.setenv("PATH", f"{install_ssh_audit(tmp_path)}:{os.environ['PATH']}")


WEAK_SSHD = """
ssh-keygen -q -t ed25519 -N '' -f /tmp/key
exec /usr/sbin/sshd -D -e -f /dev/null -p 2222 -h /tmp/key -o UsePAM=no -o PidFile=none -o PasswordAuthentication=no
"""


@pytest.mark.proves("an environment whose hardening is weakened fails its audit", "real")
@pytest.mark.usefixtures("ssh_audit_program")
def test_ssh_server_with_default_algorithms_is_found(
    engine: docker.DockerClient, envkit_backend: Backend, shared_env: SharedEnvironment
) -> None:
    change: dict[str, dict[str, Any]] = {
        "Config": {"Entrypoint": ["/bin/sh", "-c", WEAK_SSHD], "Cmd": [], "ExposedPorts": {"2222/tcp": {}}},
        "HostConfig": {"PortBindings": {"2222/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}},
    }
    with weakened(engine, shared_env, change) as container:
        ports = engine.api.inspect_container(container)["NetworkSettings"]["Ports"]
        port = int(ports["2222/tcp"][0]["HostPort"])
        wait_until(lambda: read_banner(port).startswith(b"SSH-2.0-"), "sshd sends its banner")
        observation = ssh_audit.audit_port(port, lambda: True)
        findings = audit.check([observation], envkit_backend.raw_inspection(container))
    assert failed_checks(findings) == {"ssh-audit"}, observation


@pytest.fixture
def outdated_image(engine: docker.DockerClient, shared_env: SharedEnvironment) -> Iterator[str]:
    """Yield the image of the shared environment, with the version of tornado replaced by an older one."""
    site_packages = "/opt/jupyter/lib/python3*/site-packages"
    script = f"cd {site_packages} && mv tornado-*.dist-info tornado-6.4.2.dist-info"
    container = engine.containers.create(
        shared_env.container.attrs["Image"],
        ["-c", script],
        entrypoint="/bin/sh",
        user="0:0",
        network_mode="none",
    )
    ref = f"envkit-test-outdated:{secrets.token_hex(4)}"
    try:
        container.start()
        assert container.wait()["StatusCode"] == 0, container.logs()
        container.commit(*ref.split(":"))
        yield ref
    finally:
        container.remove(force=True)
        if engine.images.list(ref):
            engine.images.remove(ref)


@pytest.mark.proves("an environment whose hardening is weakened fails its audit", "real")
def test_outdated_server_package_is_found(
    engine: docker.DockerClient, envkit_backend: Backend, shared_env: SharedEnvironment, outdated_image: str
) -> None:
    with weakened(engine, shared_env, {"Config": {"Image": outdated_image}}) as container:
        findings = audit_inside(envkit_backend, container)
    assert failed_checks(findings) == {"packages"}
    assert [finding.detail.split(":")[0] for finding in findings if finding.check == "audit/packages"] == [
        "tornado 6.4.2"
    ]


@pytest.fixture
def old_image(engine: docker.DockerClient) -> Iterator[str]:
    """Yield an empty image that was created in 2020."""
    layer, ref = tar.pack_files({}), f"envkit-test-old:{secrets.token_hex(4)}"
    config = {
        "architecture": host.machine(),
        "os": "linux",
        "created": "2020-01-01T00:00:00.5Z",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [ref], "Layers": ["layer.tar"]}]
    api: Any = engine.api
    api.load_image(
        tar.pack_files(
            {
                "manifest.json": json.dumps(manifest).encode(),
                "config.json": json.dumps(config).encode(),
                "layer.tar": layer,
            }
        )
    )
    yield ref
    engine.images.remove(ref)


def test_old_image_is_a_warning(
    engine: docker.DockerClient, envkit_backend: Backend, shared_env: SharedEnvironment, old_image: str
) -> None:
    container = engine.containers.create(old_image, ["nothing"])
    try:
        observation = audit_probes.image_dates(envkit_backend, str(container.id), "")
    finally:
        container.remove()
    findings = audit.check([observation], envkit_backend.raw_inspection(str(shared_env.container.id)))
    assert {finding.check for finding in findings if finding.status is Verdict.WARNED} == {"audit/image-age"}
    assert not [finding for finding in findings if finding.status is Verdict.FAILED]
