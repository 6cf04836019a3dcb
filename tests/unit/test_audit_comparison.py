"""Every difference between a container and the one that envkit would create is a finding of its area."""

from __future__ import annotations

import copy
from typing import Any

from envkit.checks.audit import comparison, image_comparison
from envkit.model.backend import FileEntry
from tests.support.audit_observations import HARDENED

SECRET = "hunter2-of-the-database"
OTHER_HOST: dict[str, Any] = {
    "PortBindings": {"8888/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8888"}]},
    "SecurityOpt": ["no-new-privileges:true", 'seccomp={"defaultAction": "SCMP_ACT_ALLOW"}'],
    "MaskedPaths": [],
    "PidMode": "host",
    "NetworkMode": "host",
    "Dns": ["192.0.2.1"],
    "Tmpfs": {"/tmp": "rw,exec"},
    "Memory": 1 << 42,
    "ShmSize": 1 << 36,
    "LogConfig": {"Config": {"max-size": "100000g", "max-file": "3"}},
    "OomScoreAdj": -1000,
    "Sysctls": {"net.ipv4.ip_forward": "1"},
    "CgroupParent": "/system.slice",
    "BlkioWeight": 1000,
    "Runtime": "other",
    "ASettingOfTheFuture": True,
}
CHECKS = {
    "PortBindings": "ports",
    "SecurityOpt": "privileges",
    "MaskedPaths": "kernel",
    "PidMode": "namespaces",
    "NetworkMode": "network",
    "Dns": "network",
    "Tmpfs": "temporary",
    "Memory": "limits",
    "ShmSize": "limits",
    "LogConfig": "limits",
    "OomScoreAdj": "limits",
    "Sysctls": "kernel",
    "CgroupParent": "namespaces",
    "BlkioWeight": "limits",
    "Runtime": "privileges",
    "ASettingOfTheFuture": "plan",
}


def compare(**changes: Any) -> list[tuple[str, str]]:
    """Compare a hardened container with one of which sections are changed."""
    actual = copy.deepcopy(HARDENED)
    for section, values in changes.items():
        actual[section] = {**actual[section], **values} if isinstance(values, dict) else values
    return [(check.removeprefix("audit/"), fault) for check, fault in comparison.compare_containers(HARDENED, actual)]


def test_a_container_as_planned_has_no_difference() -> None:
    assert compare() == []


def test_every_changed_setting_is_found_in_its_area() -> None:
    for name, value in OTHER_HOST.items():
        faults = compare(HostConfig={name: value})
        assert [check for check, _ in faults] == [CHECKS[name]], name
        assert faults[0][1].startswith(f"{name} is "), name


def test_any_other_value_of_any_setting_is_found() -> None:
    for name in HARDENED["HostConfig"]:
        assert compare(HostConfig={name: "something else"}), name


def test_clients_may_write_emptiness_and_order_differently() -> None:
    assert (
        compare(HostConfig={"CapAdd": [], "PidMode": None, "Ulimits": [{"Soft": 0, "Hard": 0, "Name": "core"}]}) == []
    )


def test_another_group_is_a_fault_of_the_identity() -> None:
    assert compare(Config={"User": "1000:0"}) == [("identity", "User is 1000:0, planned 1000:1000")]


def test_unplanned_variables_are_named_without_their_values() -> None:
    faults = compare(Config={"Env": [*HARDENED["Config"]["Env"], f"DB_PASS={SECRET}"]})
    assert faults == [("environment", "the variable DB_PASS is not planned")]
    assert compare(Config={"Env": ["PATH=/evil", *HARDENED["Config"]["Env"][1:]]})[0][0] == "environment"
    assert compare(Config={"Env": []})[0][1] == "the variable PATH is missing"


def mounts(*added: dict[str, Any]) -> list[tuple[str, str]]:
    return compare(Mounts=[*HARDENED["Mounts"], *added])


def bind(source: str, target: str, *, writable: bool = True) -> dict[str, Any]:
    return {"Type": "bind", "Source": source, "Destination": target, "RW": writable, "Propagation": "rprivate"}


def test_every_unplanned_mount_is_found_by_source_and_target() -> None:
    for source in ("/home", "/home/ada", "/home/ada/.netrc", "/tmp", "/home/ada/.local/state/envkit"):
        ((check, fault),) = mounts(bind(source, "/data", writable=False))
        assert (check, f"{source} (read-only" in fault, "at /data" in fault) == ("mounts", True, True), source


def test_a_mount_over_protected_files_is_tampering() -> None:
    for target in ("/etc/envkit", "/etc/envkit/jupyter_server_config.py", "/opt/jupyter/bin", "/usr/bin/python3"):
        assert [check for check, _ in mounts(bind("/home/ada/p/x", target))] == ["mounts", "tampering"], target


def test_a_missing_or_weaker_read_only_mount_is_tampering() -> None:
    guard = HARDENED["Mounts"][1]
    for other in ([], [{**guard, "RW": True}], [{**guard, "Source": "/elsewhere"}]):
        faults = compare(Mounts=[HARDENED["Mounts"][0], *other])
        assert [check for check, _ in faults] == ["mounts", "tampering"], other


def test_another_network_is_found() -> None:
    faults = compare(NetworkSettings={"Networks": {"envkit-1000-a": {}, "bridge": {}}})
    assert faults == [("network", "the network bridge is connected, which is not planned")]


def test_labels_that_lead_elsewhere_are_found() -> None:
    planned = {"envkit.port": "8888", "envkit.run": "x", "com.docker.compose.oneoff": "False"}
    cases = {
        "envkit.port": ("9999", "audit/ports"),
        "traefik.enable": ("true", "audit/ports"),
        "envkit.run": ("y", "audit/plan"),
    }
    for name, (value, check) in cases.items():
        ((found, _),) = comparison.compare_labels(planned, {**planned, name: value})
        assert found == check, name
    assert list(comparison.compare_labels(planned, {"envkit.port": "8888", "envkit.run": "x"})) == []


# Images, networks and files.

INSTRUCTIONS = ("COPY", "RUN", "ENTRYPOINT")
IMAGE: dict[str, Any] = {"instructions": ["", *INSTRUCTIONS], "layers": ["base", "own"]}
IMAGES: dict[str, Any] = {"sha256:i": IMAGE, "sha256:b": {"instructions": [""], "layers": ["base"]}}


def image_faults(image_id: str = "sha256:i", **changes: object) -> list[tuple[str, str]]:
    images = {**IMAGES, image_id: {**IMAGE, **changes}}
    return list(image_comparison.compare_images("sha256:i", "sha256:b", INSTRUCTIONS, images, image_id))


def test_an_image_that_envkit_did_not_build_is_found() -> None:
    assert image_faults() == []
    assert image_faults("sha256:other")
    assert image_faults(instructions=["", *INSTRUCTIONS, "RUN"])
    assert image_faults(instructions=["", "RUN", *INSTRUCTIONS])
    assert image_faults(layers=["own", "base"])


def test_variables_of_the_image_come_from_the_base_or_from_envkit() -> None:
    base = {"config": {"Env": ["LANG=C"]}}
    for pair, count in (("LANG=C", 0), ("PATH=/bin", 0), ("PATH=/evil:/bin", 1), ("LD_PRELOAD=/evil.so", 1)):
        image = {"config": {"Env": [pair]}}
        faults = list(image_comparison.compare_variables({"PATH": "/bin"}, image, base))
        assert len(faults) == count, pair
        assert "/evil" not in str(faults)


def test_a_network_with_other_settings_or_containers_is_found() -> None:
    planned = {"name": "n", "subnet": "10.1.0.0/29", "options": {"enable_icc": "false"}}
    network: dict[str, Any] = {
        "Driver": "bridge",
        "Options": {"enable_icc": "false"},
        "IPAM": {"Config": [{"Subnet": "10.1.0.0/29"}]},
        "Containers": {"own": {"Name": "envkit"}},
    }
    changes: tuple[dict[str, Any], ...] = (
        {"Driver": "macvlan"},
        {"Options": {}},
        {"IPAM": {"Config": [{"Subnet": "10.2.0.0/29"}]}},
        {"Attachable": True},
        {"Containers": {"own": {"Name": "envkit"}, "x": {"Name": "evil"}}},
    )
    assert list(image_comparison.compare_network(planned, network, "own")) == []
    network_with_probe = {**network, "Containers": {"p": {"Name": "probe.1"}}}
    assert list(image_comparison.compare_network(planned, network_with_probe, "own", "probe.")) == []
    for change in changes:
        faults = list(image_comparison.compare_network(planned, {**network, **change}, "own"))
        assert [check for check, _ in faults] == ["audit/network"], change


def test_only_mount_points_may_appear_in_the_file_system() -> None:
    changes = [("/usr", 0), ("/usr/sbin", 0), ("/usr/sbin/docker-init", 1), ("/home", 0), ("/home/dev", 1)]
    assert list(image_comparison.compare_changes(changes, ["/home/dev"])) == []
    driver = [("/etc/ld.so.cache", 0), ("/usr/lib/libcuda.so.1", 1), ("/opt/evil", 1)]
    ((_, fault),) = image_comparison.compare_changes([*changes, *driver], ["/home/dev"], has_gpu=True)
    assert fault.startswith("/opt/evil ")
    faults = image_comparison.compare_changes([*changes, ("/usr/bin/evil", 1), ("/etc/shadow", 0)], ["/home/dev"])
    assert [fault.split()[0] for _, fault in faults] == ["/usr/bin/evil", "/etc/shadow"]


def test_files_that_the_build_copied_stay_as_they_were() -> None:
    planned = {"/etc/envkit/sshd_config": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}
    entry = FileEntry("/etc/envkit/sshd_config", b"test", 0o644)
    added = FileEntry("/etc/envkit/jupyter/jupyter_server_config.json", b"{}", 0o644)
    assert list(image_comparison.compare_files(planned, [entry])) == []
    for files in ([FileEntry(entry.path, b"other", 0o644)], [entry, added], [added]):
        assert {check for check, _ in image_comparison.compare_files(planned, files)} == {"audit/tampering"}


def test_secrets_in_system_folders_are_named_by_their_file() -> None:
    cases: tuple[tuple[str, bytes, set[str]], ...] = (
        ("/srv/x", b"my token t0k3n!", {"audit/secrets", "audit/traces"}),
        ("/etc/ssh/ssh_host_rsa_key", b"-----BEGIN OPENSSH PRIVATE KEY-----", {"audit/secrets"}),
        ("/etc/shadow", b"root:$6$x:1:\n", {"audit/secrets"}),
        ("/etc/shadow", b"root::1:\n", {"audit/secrets"}),
        ("/etc/shadow", b"root:*:1:\nbin:!:1:\n", set()),
    )
    for path, content, expected in cases:
        faults = list(image_comparison.find_file_secrets([FileEntry(path, content, 0o600)], "t0k3n!"))
        assert {check for check, _ in faults} == expected, content
        assert "t0k3n!" not in str(faults)
