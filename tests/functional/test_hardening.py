"""The running container is hardened: in the engine's settings, from the inside, and for its neighbors."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from typing import TYPE_CHECKING, Any

import docker
import docker.errors
import psutil
import pytest

from envkit.checks.audit import hardening
from tests.support.container_commands import Inside
from tests.support.jupyter_client import port_of
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.functional.conftest import SharedEnvironment
    from tests.support.account import User

# Escape attempts of an intruder. Each must fail, and not because its program is missing.
ESCAPES = {
    "change the kernel's settings": "echo x > /proc/sys/kernel/core_pattern",
    "restart the host": "echo b > /proc/sysrq-trigger",
    "read the kernel's memory": "head -c 1 /proc/kcore | grep -q .",
    "read the kernel's log": "dmesg",
    "make a control group": "mkdir /sys/fs/cgroup/x || mkdir /sys/fs/cgroup/memory/x",
    "mount a file system": "mount -t tmpfs none /tmp",
    "become root in a user namespace": "unshare -Ur true",
    "leave its mounts": "nsenter -t 1 -m true",
    "make a disk's device": "mknod /tmp/disk b 8 0",
    "find a disk": "ls /dev/sd* /dev/vd* /dev/nvme* /dev/mapper/control 2>/dev/null | grep .",
    "find the socket of an engine": "find / -xdev -name '*docker*.sock' -o -xdev -name 'containerd*.sock' | grep .",
    "see the host's processes": "pgrep -x dockerd || pgrep -x systemd || pgrep -x containerd",
    "write to /usr": "touch /usr/x",
    "write to /etc": "touch /etc/x",
    "write to /opt": "touch /opt/x",
    "write to /": "touch /x",
    "become root": "su -c true < /dev/null",
    "read the passwords": "cat /etc/shadow",
    "capture packets": "python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)'",
    "set the clock": "date --set 2020-01-01",
    "rename the machine": "hostname evil",
    "write core dumps": "ulimit -c 1",
    "run a program from its socket folder": "cp /bin/true /run/envkit/true && /run/envkit/true",
}
TAMPERING = {
    "the server's settings": "echo >> /etc/envkit/jupyter_server_config.py",
    "sshd's settings": "echo >> /etc/envkit/sshd_config",
    "the list of keys": "echo >> /run/secrets/envkit/authorized_keys",
    "the token": "echo >> /run/secrets/envkit/token",
    "the folder of secrets": "touch /run/secrets/envkit/x",
    "the list of users": "echo >> /etc/passwd",
    "the config file": "echo >> /workspace/envkit.yaml",
    "the path of the config file": "rm /workspace/envkit.yaml || mv /workspace/envkit.yaml /workspace/other",
    "TensorFlow": "touch /opt/tensorflow/lib/python3.9/site-packages/tensorflow/x",
    "the server": "touch /opt/jupyter/lib/python3.11/site-packages/x.pth",
}
PORTS = (22, 2222, 6006, 8888)
HOME_AND_TEMPORARY = ("/workspace", "/home/dev", "/tmp", "/run/envkit", "/dev/shm")


@pytest.fixture(scope="module")
def inspection(engine: docker.DockerClient, shared_env: SharedEnvironment) -> dict[str, Any]:
    return dict(engine.api.inspect_container(str(shared_env.container.id)))


# Settings of the engine.


@pytest.mark.proves("memory, CPUs, processes, shared memory and logs are limited", "real")
@pytest.mark.proves("the container runs without root, without capabilities, on a read-only root", "real")
@pytest.mark.parametrize("check", hardening.CHECKS.values(), ids=lambda check: check.__name__)
def test_container_settings_pass_the_audit(inspection: dict[str, Any], check: hardening.Rule) -> None:
    assert list(check(inspection)) == []


@pytest.mark.parametrize(
    ("weak", "check"),
    [
        ({"ports": ["8888/tcp"], "bind": {"8888/tcp": ("0.0.0.0", 0)}}, hardening.loopback),
        ({"ports": ["8888/tcp"], "bind": {"8888/tcp": None}}, hardening.loopback),
        ({"ports": ["6006/tcp"], "bind": {"6006/tcp": ("127.0.0.1", 0)}}, hardening.loopback),
        ({"host": {"cap_drop": ["ALL"], "cap_add": ["NET_RAW"]}}, hardening.privileges),
        ({"host": {"cap_drop": ["NET_RAW"]}}, hardening.privileges),
        ({"host": {"cap_drop": ["ALL"]}}, hardening.privileges),
        ({"host": {"security_opt": ["seccomp=unconfined", "no-new-privileges:true"]}}, hardening.privileges),
        ({"host": {"read_only": False}}, hardening.kernel),
        ({"host": {"pid_mode": "host"}}, hardening.namespaces),
        ({"host": {"cgroupns": "host"}}, hardening.namespaces),
        ({"host": {"devices": ["/dev/null:/dev/null"]}}, hardening.namespaces),
        ({"host": {"network_mode": "bridge"}}, hardening.network),
        ({"host": {"binds": ["/var/run/docker.sock:/s"]}}, hardening.mounts),
        ({"host": {"binds": ["/etc:/etc/host:ro"]}}, hardening.mounts),
        ({"host": {"tmpfs": {"/tmp": "exec"}}}, hardening.tmpfs),
        ({"host": {"mem_limit": 0}}, hardening.limits),
        ({"host": {"restart_policy": {"Name": "always"}}}, hardening.limits),
        ({"user": "0:0"}, hardening.identity),
        ({"environment": {"JUPYTER_TOKEN": "x"}}, hardening.environment),
    ],
    ids=lambda value: getattr(value, "__name__", None) or json.dumps(value),
)
def test_weaker_container_fails_the_audit(
    engine: docker.DockerClient,
    shared_env: SharedEnvironment,
    weak: dict[str, Any],
    check: hardening.Rule,
) -> None:
    options = dict(weak)
    host = engine.api.create_host_config(port_bindings=options.pop("bind", None), **options.pop("host", {}))
    image = shared_env.container.attrs["Image"]
    container = engine.api.create_container(image, host_config=host, **{"user": "1000:1000", **options})
    try:
        assert list(check(engine.api.inspect_container(container["Id"])))
    finally:
        engine.api.remove_container(container["Id"], force=True, v=True)


def test_image_has_no_root_user_and_no_secrets(
    engine: docker.DockerClient,
    shared_env: SharedEnvironment,
) -> None:
    image = dict(engine.images.get(shared_env.container.attrs["Image"]).attrs)
    assert list(hardening.identity(image)) == []
    assert list(hardening.environment(image)) == []


# From the inside.


@pytest.fixture(scope="module")
def weak(engine: docker.DockerClient, shared_env: SharedEnvironment) -> Iterator[Inside]:
    """Yield a container of the same image with the defaults of `docker run`, so as root."""
    container = engine.containers.run(
        shared_env.container.attrs["Image"],
        ["infinity"],
        entrypoint="/bin/sleep",
        user="0:0",
        detach=True,
    )
    try:
        yield Inside(container)
    finally:
        container.remove(force=True, v=True)


def test_processes_have_no_capabilities_and_gain_none(inside: Inside) -> None:
    status = dict(line.split(":\t") for line in inside("cat", "/proc/self/status").out.splitlines() if ":\t" in line)
    none = "0" * 16
    assert {status[f"Cap{name}"] for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {none}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


@pytest.mark.proves("attempts to escape from the container fail", "real")
@pytest.mark.parametrize("script", ESCAPES.values(), ids=ESCAPES)
def test_escape_fails(inside: Inside, script: str) -> None:
    process = inside.sh(script)
    assert process.code not in {0, 127}, process


@pytest.mark.parametrize("script", TAMPERING.values(), ids=TAMPERING)
def test_tampering_fails(inside: Inside, script: str) -> None:
    process = inside.sh(script)
    assert process.code not in {0, 127}, process
    assert "No such file" not in process.err


@pytest.mark.parametrize(
    "escape",
    [
        "make a disk's device",
        "write to /usr",
        "write to /etc",
        "write to /opt",
        "write to /",
        "become root",
        "read the passwords",
        "capture packets",
    ],
)
def test_escape_works_in_an_ordinary_container(weak: Inside, escape: str) -> None:
    assert weak.sh(ESCAPES[escape]).code == 0


@pytest.mark.parametrize("bits", ["/6000", "/6000 -type d", "-0002 -type f", "-0002 -type d ! -perm -1000"])
def test_image_has_no_privileged_or_writable_files(weak: Inside, bits: str) -> None:
    """Find SUID and SGID files, world-writable files, and folders where every user may replace files."""
    search = weak.sh(f"find / -xdev -perm {bits} ! -type l -print")
    assert (search.code, search.out) == (0, "")


def test_other_folders_are_read_only(inside: Inside) -> None:
    mounted = [line.split() for line in inside("cat", "/proc/mounts").out.splitlines()]
    writable = {target for _, target, kind, options, *_ in mounted if options.split(",")[0] == "rw" and kind != "proc"}
    # The engine mounts device nodes, terminals, and empty folders over hidden ones.
    expected = {*HOME_AND_TEMPORARY, "/dev", "/dev/pts", "/dev/mqueue"}
    for target in writable - expected:
        assert inside("touch", f"{target}/x").code != 0, target


def test_root_in_the_container_has_no_privileges(inside: Inside) -> None:
    assert inside("id", "-u", user="0:0").out == "0\n"
    assert inside("cat", "/run/secrets/envkit/token", user="0:0").code == 1
    assert inside("touch", "/usr/x", user="0:0").code == 1


def test_files_cannot_be_copied_into_the_root_from_outside(shared_env: SharedEnvironment) -> None:
    with pytest.raises(docker.errors.APIError, match="read-only"):
        shared_env.container.put_archive("/usr", b"")


# Users and files.


@pytest.mark.proves("files in the workspace belong to you, on both sides", "real")
def test_container_user_is_the_workspace_owner(inside: Inside, shared_env: SharedEnvironment, user: User) -> None:
    identity = inside.sh("id -u; id -g; id -un; echo $HOME").out.split()
    assert identity == [str(user.uid), str(user.gid), "dev", "/home/dev"]
    try:
        assert inside("mkdir", "/workspace/new-folder").code == 0
        folder_stat = (shared_env.project / "new-folder").stat()
        assert (folder_stat.st_uid, folder_stat.st_gid) == (user.uid, user.gid)
    finally:
        inside("rmdir", "/workspace/new-folder")


def test_home_is_private(inside: Inside, user: User) -> None:
    assert (
        inside.sh("stat -c '%u %g %a' /home/dev /run/envkit /run/secrets/envkit").out.splitlines()
        == [
            f"{user.uid} {user.gid} 700",
        ]
        * 3
    )


def test_state_directory_is_private(user: User) -> None:
    folder = user.home / ".local/state/envkit"
    for path in (folder, *folder.rglob("*")):
        # Files that every user in the container may read, and public keys, are in private folders.
        is_public = path.suffix == ".pub" or {"etc", "guard"} & set(path.relative_to(folder).parts)
        mode = path.lstat().st_mode & 0o777
        assert is_public or not mode & 0o077, f"{path} has mode {mode:o}"
        assert path.lstat().st_uid == user.uid, path


# For neighbors.


def test_host_listens_on_loopback_only(shared_env: SharedEnvironment) -> None:
    port = port_of(shared_env.container)
    addresses = {
        connection.laddr.ip
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
    }
    assert addresses == {"127.0.0.1"}


@pytest.mark.proves("other machines on the network cannot reach JupyterLab", "real")
def test_other_host_addresses_do_not_answer(shared_env: SharedEnvironment) -> None:
    port = port_of(shared_env.container)
    interface_addresses = (entry for entries in psutil.net_if_addrs().values() for entry in entries)
    addresses = [entry.address for entry in interface_addresses if entry.family == socket.AF_INET]
    assert can_connect("127.0.0.1", port)
    assert [address for address in addresses if not address.startswith("127.") and can_connect(address, port)] == []


def can_connect(address: str, port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.settimeout(2)
        return probe.connect_ex((address, port)) == 0


@pytest.mark.proves("other containers cannot reach JupyterLab, TensorBoard or SSH", "real")
def test_other_containers_reach_nothing(engine: docker.DockerClient, shared_env: SharedEnvironment) -> None:
    image, name = shared_env.container.attrs["Image"], str(shared_env.container.name)
    (address,) = [
        network["IPAddress"] for network in shared_env.container.attrs["NetworkSettings"]["Networks"].values()
    ]
    serve = ["-m", "http.server", "8888", "--directory", "/srv"]
    options: dict[str, Any] = {"entrypoint": "/usr/bin/python3", "user": "1000:1000", "detach": True}
    plain_network = engine.networks.create(f"{name}-neighbours")
    containers = []
    try:
        containers = [engine.containers.run(image, serve, network=plain_network.name, **options) for _ in range(2)]
        (other, neighbor), sibling = containers, Inside(containers[1])
        other.reload()
        reachable = other.attrs["NetworkSettings"]["Networks"][plain_network.name]["IPAddress"]
        wait_until(lambda: open_ports(sibling, reachable) == {8888}, "two ordinary neighbors reach each other")
        assert open_ports(sibling, address) == set()
        engine.networks.get(name).connect(neighbor)  # on the same network
        assert open_ports(sibling, address) == set()
    finally:
        for container in containers:
            container.remove(force=True, v=True)
        plain_network.remove()


def open_ports(inside: Inside, address: str) -> set[int]:
    """Return which of PORTS a container can connect to at an address."""
    probes = " ".join(f"(exec 3<>/dev/tcp/{address}/{port}) 2> /dev/null && echo {port} &" for port in PORTS)
    return {int(port) for port in inside("timeout", "2", "bash", "-c", f"{probes} wait").out.split()}


def test_environment_has_its_own_network(engine: docker.DockerClient, shared_env: SharedEnvironment) -> None:
    network = engine.networks.get(str(shared_env.container.name)).attrs
    assert network["Options"]["com.docker.network.bridge.enable_icc"] == "false"
    assert network["Options"]["com.docker.network.bridge.host_binding_ipv4"] == "127.0.0.1"
    assert set(network["Containers"]) == {shared_env.container.id}


def test_workspace_reaches_the_network(inside: Inside) -> None:
    mirror = inside("sed", "-n", "s/^URIs: //p", "/etc/apt/sources.list.d/debian.sources").out.split()[0]
    process = inside("curl", "--silent", "--show-error", "--head", "--max-time", "30", f"{mirror}/")
    assert (process.code, process.out[:5]) == (0, "HTTP/"), process
