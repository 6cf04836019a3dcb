"""What the kernel reports of a container is compared with what envkit planned."""

from __future__ import annotations

from typing import Any

from envkit.checks.audit import inventory, ssh_settings, state_folder
from envkit.model.report import Observation

PLANNED: dict[str, Any] = {
    "Config": {"User": "1000:1000", "Hostname": "vision"},
    "HostConfig": {"NetworkMode": "n", "Tmpfs": {"/tmp": "size=1g"}},
    "Mounts": [
        {"Destination": "/workspace", "Source": "/home/ada/p", "RW": True},
        {"Destination": "/workspace/envkit.yaml", "Source": "/s/guard/envkit.yaml", "RW": False},
    ],
}
MOUNTS: tuple[tuple[str, str, str, str], ...] = (
    ("/", "/", "ro,relatime", "overlay"),
    ("/", "/sys", "ro", "sysfs"),
    ("/sys", "/proc/sys", "ro", "proc"),
    ("/home/ada/p", "/workspace", "rw", "ext4"),
    ("/s/guard/envkit.yaml", "/workspace/envkit.yaml", "ro", "ext4"),
    ("/", "/tmp", "rw", "tmpfs"),
    ("/x/hosts", "/etc/hosts", "ro", "ext4"),
)
PROCESS = {
    "pid": 1,
    "command": "/sbin/docker-init -- /opt/envkit/entrypoint",
    "Uid": "1000\t1000",
    "CapEff": "0" * 16,
    "NoNewPrivs": "1",
    "Seccomp": "2",
}


def find(**data: Any) -> list[tuple[str, str]]:
    """Judge an inventory of which parts are changed; checks without `audit/`."""
    parts: dict[str, dict[str, Any]] = {
        "files": {"rights": [], "leaks": []},
        "mounts": {"mounts": mounts()},
        "processes": {"processes": [PROCESS]},
        "network": {"listeners": [], "resolver": ["nameserver 127.0.0.11"], "hosts": ["10.1.0.2 vision"]},
        "gateway": {"engines": []},
    }
    observations = [Observation(f"inventory.{name}", {**part, **data.get(name, {})}) for name, part in parts.items()]
    differences = inventory.find_differences(observations, PLANNED, PLANNED)
    return [(check.removeprefix("audit/"), fault) for check, fault in differences]


def mounts(*added: tuple[str, str, str, str], without: str = "") -> list[dict[str, str]]:
    names = ("source", "target", "options", "type")
    return [dict(zip(names, mount, strict=True)) for mount in (*MOUNTS, *added) if mount[1] != without]


def checks(**data: Any) -> list[str]:
    return sorted(check for check, _ in find(**data))


def test_an_inventory_as_planned_has_no_difference() -> None:
    assert find() == []


def test_a_guard_that_no_longer_covers_its_file_is_found() -> None:
    guard = "/workspace/envkit.yaml"
    cases = (
        mounts(without=guard),
        mounts(("/s/guard/envkit.yaml//deleted", guard, "ro", "ext4"), without=guard),
        mounts(("/s/guard/envkit.yaml", guard, "rw", "ext4"), without=guard),
        mounts(("/home/ada/evil", guard, "ro", "ext4"), without=guard),
    )
    for found in cases:
        assert checks(mounts={"mounts": found}) == ["mounts", "tampering"], found


def test_a_mount_made_while_the_container_runs_is_found() -> None:
    assert checks(mounts={"mounts": mounts(("/home", "/data", "rw", "ext4"))}) == ["mounts"]
    assert checks(mounts={"mounts": mounts(("/x", "/usr/bin/python3", "ro", "ext4"))}) == ["mounts", "tampering"]
    assert checks(mounts={"mounts": mounts(("/etc", "/proc/acpi", "ro", "ext4"))}) == ["mounts", "tampering"]


def test_writable_kernel_settings_are_found() -> None:
    for target in ("/sys", "/proc/sys"):
        assert checks(mounts={"mounts": mounts(without=target)}) == ["kernel"], target


def test_privileges_of_each_process_are_found() -> None:
    changes = ({"Uid": "0\t0"}, {"CapEff": "00000000a80425fb"}, {"NoNewPrivs": "0"}, {"Seccomp": "0"})
    for change in changes:
        assert checks(processes={"processes": [PROCESS, {**PROCESS, "pid": 9, **change}]}) == ["capabilities"], change


def test_servers_with_other_arguments_are_found() -> None:
    cases = (
        ("/usr/sbin/sshd -D -e -f /etc/envkit/sshd_config -p 2222", 0),
        ("/usr/sbin/sshd -i -f /etc/envkit/sshd_config", 0),
        ("sshd: /usr/sbin/sshd -D -e -f /etc/envkit/sshd_config -p 2222 [listener] 0 of 10-20 startups", 0),
        ("sshd: /usr/sbin/sshd -D -p 2022 -f /dev/null [listener] 0 of 10-100 startups", 1),
        ("sshd: dev@notty", 0),
        ("/usr/sbin/sshd -T -f /dev/stdin", 0),
        ("/usr/sbin/sshd -D -f /workspace/sshd_config", 1),
        ("/usr/sbin/sshd -i -f /etc/envkit/sshd_config -o PasswordAuthentication=yes", 1),
        (inventory.SERVER_COMMAND, 0),
        (f"{inventory.SERVER_COMMAND} --IdentityProvider.token=", 1),
    )
    for command, count in cases:
        faults = checks(processes={"processes": [{**PROCESS, "command": command}]})
        assert faults == ["tampering"] * count, command


def test_every_unplanned_listener_is_found() -> None:
    cases = (
        ("TensorBoard", ["neighbours", "tensorboard-anonymous"]),
        ("", ["escapes", "neighbours"]),
        ("HTTP/1.0 200 OK", ["neighbours"]),
    )
    for answer, expected in cases:
        listener = {"protocol": "tcp", "address": "0.0.0.0", "port": 6006, "says": answer}
        assert checks(network={"listeners": [listener]}) == expected, answer


def test_name_servers_and_host_names_of_others_are_found() -> None:
    assert checks(network={"resolver": ["nameserver 192.0.2.1"]}) == ["network"]
    assert checks(network={"hosts": ["10.1.0.2 vision", "192.0.2.1 index.example.com"]}) == ["network"]


def test_files_with_rights_secrets_and_engines_are_found() -> None:
    assert checks(files={"rights": ["/usr/bin/x has mode 4755"]}) == []  # a finding of its own
    assert checks(files={"rights": ["/opt/jupyter can be written by every user"]}) == ["tampering"]
    assert checks(files={"leaks": ["/opt/x"]}) == ["secrets", "traces"]
    assert checks(gateway={"engines": ["10.1.0.1:2375"]}) == ["escapes"]


def test_an_inventory_that_is_missing_or_failed_proves_nothing() -> None:
    observations = [Observation(f"inventory.{name}", {}) for name in inventory.NAMES]
    assert inventory.unknown_reason(observations) == ""
    assert "was not finished" in inventory.unknown_reason(observations[1:])
    failed = Observation("inventory.files", {"error": {"type": "OSError", "message": "m"}})
    assert "OSError" in inventory.unknown_reason([*observations, failed])


# Settings of sshd, and the state folder.


def test_each_setting_of_sshd_belongs_to_a_check() -> None:
    cases = {
        "kbdinteractiveauthentication": ["ssh-password"],
        "permitrootlogin": ["ssh-users"],
        "maxauthtries": ["ssh-password", "ssh-users"],
        "authorizedkeysfile": ["ssh-keys"],
        "trustedusercakeys": ["ssh-keys"],
        "permitopen": ["ssh-forwarding"],
        "permitlisten": ["ssh-forwarding"],
        "x11forwarding": ["ssh-forwarding"],
        "permituserenvironment": ["ssh-forwarding"],
        "ciphers": ["ssh-algorithms"],
        "a-future-setting": ["plan"],
    }
    for name, expected in cases.items():
        data = {"effective": {"port": "22", name: "weak"}, "planned": {"port": "22", name: "strong"}}
        faults = list(ssh_settings.find_differences(data))
        assert [check.removeprefix("audit/") for check, _ in faults] == expected, name
        assert faults[0][1] == f"sshd's {name} is weak, planned strong"


def test_settings_without_planned_ones_are_unknown() -> None:
    assert ssh_settings.unknown_reason({"effective": {"port": "22"}, "planned": {}})
    assert ssh_settings.unknown_reason({"effective": {}, "planned": {}}) == ""


def test_files_of_the_state_folder_belong_to_a_check() -> None:
    cases = (
        ("open", "mount/token (mode 0644)", ["secrets"]),
        ("open", "client/id_ed25519 (mode 0644)", ["ssh-keys"]),
        ("linked", "mount/authorized_keys", ["ssh-keys"]),
        ("changed", "mount/authorized_keys", ["ssh-keys"]),
        ("changed", "mount/sshd_config", ["tampering"]),
        ("unknown", "mount/evil", ["secrets"]),
        ("guards", "envkit.yaml has another name", ["mounts", "tampering"]),
    )
    for key, text, expected in cases:
        faults = state_folder.find_differences({key: [text]})
        assert [check.removeprefix("audit/") for check, _ in faults] == expected, (key, text)
