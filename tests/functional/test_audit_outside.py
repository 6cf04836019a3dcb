"""The audit from outside: what neighbours, ssh-audit and tables of versions find of weakened environments."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from envkit import host
from envkit.backends.docker import leak_scan, tar
from envkit.checks import audit
from envkit.model.report import Verdict
from envkit.net.ports import read_banner
from envkit.observe import attack_suite as audit_probes
from envkit.observe import network_attacks, ssh_audit
from tests.functional.openssh import ssh_audit_in
from tests.functional.waiting import wait_until
from tests.functional.weak import PYTHON, failures, listens_inside, looked_inside, weakened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import docker

    from envkit.backends.docker.client import Engine
    from envkit.model.report import Finding, Observation
    from tests.functional.conftest import SharedEnvironment

# As the neighbours see it.


# Which network a workspace is on, and what the audit must find then.
NETWORKS = {"the usual one": {"network", "neighbours"}, "one that keeps no neighbour out": {"neighbours"}}


@pytest.fixture
def open_network(engine: docker.DockerClient) -> Iterator[str]:
    made = engine.networks.create(f"envkit-weak-{secrets.token_hex(4)}")
    yield str(made.name)
    made.remove()


@pytest.mark.proves("an environment whose hardening is weakened fails its audit", "real")
@pytest.mark.parametrize("which", NETWORKS)
def test_a_workspace_that_neighbours_reach_is_found(
    which: str, engine: docker.DockerClient, reached: Engine, shared_env: SharedEnvironment, open_network: str
) -> None:
    serve: dict[str, Any] = {"Entrypoint": [PYTHON, "-m", "http.server", "8888", "--directory", "/srv"], "Cmd": []}
    mode = "bridge" if which == "the usual one" else open_network
    with weakened(engine, shared_env, {"Config": serve, "HostConfig": {"NetworkMode": mode}}) as container:
        wait_until(lambda: listens_inside(engine, container), "it serves")
        seen, found = knocked(reached, container)
    assert failures(found) == NETWORKS[which], seen


def knocked(reached: Engine, container: str) -> tuple[list[Observation], tuple[Finding, ...]]:
    """Knock at a container; return what was seen and what the audit finds of it."""
    inspected, title = leak_scan.inspect_container(reached, container), f"envkit-weak-{secrets.token_hex(4)}."
    with network_attacks.probe_in_background(
        reached, inspected, owner=os.getuid(), name_prefix=title, labels={}
    ) as knocks:
        seen = list(knocks())
    return seen, audit.check(seen, inspected)


@pytest.mark.proves("an environment whose hardening is weakened fails its audit", "real")
def test_a_workspace_that_neighbours_reach_is_found_also_while_nothing_listens_there(
    engine: docker.DockerClient, reached: Engine, shared_env: SharedEnvironment, open_network: str
) -> None:
    with weakened(engine, shared_env, {"HostConfig": {"NetworkMode": open_network}}) as container:
        seen, found = knocked(reached, container)
    assert failures(found) == {"neighbours"}, seen


# As ssh-audit sees it.


@pytest.fixture
def ssh_audit_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the real ssh-audit of these tests where envkit looks for it."""
    monkeypatch.setenv("PATH", f"{ssh_audit_in(tmp_path)}:{os.environ['PATH']}")


WEAK_SSHD = """
ssh-keygen -q -t ed25519 -N '' -f /tmp/key
exec /usr/sbin/sshd -D -e -f /dev/null -p 2222 -h /tmp/key -o UsePAM=no -o PidFile=none -o PasswordAuthentication=no
"""


@pytest.mark.proves("an environment whose hardening is weakened fails its audit", "real")
@pytest.mark.usefixtures("ssh_audit_program")
def test_an_ssh_server_with_its_own_defaults_fails_by_that(
    engine: docker.DockerClient, reached: Engine, shared_env: SharedEnvironment
) -> None:
    change: dict[str, dict[str, Any]] = {
        "Config": {"Entrypoint": ["/bin/sh", "-c", WEAK_SSHD], "Cmd": [], "ExposedPorts": {"2222/tcp": {}}},
        "HostConfig": {"PortBindings": {"2222/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}},
    }
    with weakened(engine, shared_env, change) as container:
        ports = engine.api.inspect_container(container)["NetworkSettings"]["Ports"]
        port = int(ports["2222/tcp"][0]["HostPort"])
        wait_until(lambda: read_banner(port).startswith(b"SSH-2.0-"), "sshd greets")
        seen = ssh_audit.audit_port(port, lambda: True)
        found = audit.check([seen], leak_scan.inspect_container(reached, container))
    assert failures(found) == {"ssh-audit"}, seen


# What is old.


@pytest.fixture
def outdated(engine: docker.DockerClient, shared_env: SharedEnvironment) -> Iterator[str]:
    """Yield the image of the shared environment, with another version of tornado written into it."""
    place = "/opt/jupyter/lib/python3*/site-packages"
    script = f"cd {place} && mv tornado-*.dist-info tornado-6.4.2.dist-info"
    made = engine.containers.create(
        shared_env.container.attrs["Image"],
        ["-c", script],
        entrypoint="/bin/sh",
        user="0:0",
        network_mode="none",
    )
    ref = f"envkit-test-outdated:{secrets.token_hex(4)}"
    try:
        made.start()
        assert made.wait()["StatusCode"] == 0, made.logs()
        made.commit(*ref.split(":"))
        yield ref
    finally:
        made.remove(force=True)
        if engine.images.list(ref):
            engine.images.remove(ref)


@pytest.mark.proves("an environment whose hardening is weakened fails its audit", "real")
def test_an_old_version_of_what_serves_is_found_and_nothing_else(
    engine: docker.DockerClient, reached: Engine, shared_env: SharedEnvironment, outdated: str
) -> None:
    with weakened(engine, shared_env, {"Config": {"Image": outdated}}) as container:
        found = looked_inside(reached, container)
    assert failures(found) == {"packages"}
    assert [one.detail.split(":")[0] for one in found if one.check == "audit/packages"] == ["tornado 6.4.2"]


@pytest.fixture
def years_old(engine: docker.DockerClient) -> Iterator[str]:
    """Yield an image that was made in 2020, with nothing in it."""
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


def test_an_image_that_is_years_old_warns_and_fails_nothing(
    engine: docker.DockerClient, reached: Engine, shared_env: SharedEnvironment, years_old: str
) -> None:
    made = engine.containers.create(years_old, ["nothing"])
    try:
        seen = audit_probes.image_dates(reached, str(made.id), "")
    finally:
        made.remove()
    found = audit.check([seen], leak_scan.inspect_container(reached, str(shared_env.container.id)))
    assert {one.check for one in found if one.status is Verdict.WARNED} == {"audit/image-age"}
    assert not [one for one in found if one.status is Verdict.FAILED]
