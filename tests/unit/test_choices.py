"""What is picked stays, what is taken is stepped around, and who runs the workspace is never root."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkit.errors import PreconditionError
from envkit.model.facts import Account, Facts
from envkit.resolve import allocation
from envkit.resolve.path_policy import denial_reason

POOL = "10.183.0.0/24"


def facts(caller: int, owner: int | None, sudo: int | None = None) -> Facts:
    account = None if owner is None else Account(owner, owner)
    return Facts(
        caller=Account(caller, caller),
        sudo_caller=None if sudo is None else Account(sudo, sudo),
        workspace="/w",
        workspace_owner=account,
        home="/home/ada",
        config_files={},
        cpus=2,
        memory_mib=1024,
        machine="amd64",
    )


@pytest.mark.parametrize(
    ("caller", "owner", "sudo", "expected"),
    [
        (1000, 1000, None, 1000),
        (0, 4242, None, 4242),
        (0, 4242, 1000, 4242),
        (0, 0, 1000, 1000),
        (0, 2_000_000, None, 2_000_000),
    ],
)
def test_the_workspace_runs_as_its_owner_or_as_who_called_sudo(
    caller: int, owner: int, sudo: int | None, expected: int
) -> None:
    assert allocation.user(facts(caller, owner, sudo)).uid == expected


@pytest.mark.parametrize(
    ("caller", "owner", "hint"),
    [(0, 0, "--owner"), (1000, 0, "--owner"), (1000, 1001, "folder of your own"), (1000, None, "mkdir")],
)
def test_a_workspace_that_would_run_as_root_or_as_a_stranger_is_refused_with_the_hint(
    caller: int, owner: int | None, hint: str
) -> None:
    with pytest.raises(PreconditionError) as refusal:
        allocation.user(facts(caller, owner))
    assert hint in refusal.value.hint


@pytest.mark.parametrize(
    ("asked", "kept", "busy", "ours", "expected"),
    [
        (None, 0, {}, 0, 8888),
        (None, 0, {8888: "x"}, 0, 8889),
        (None, 8890, {}, 0, 8890),
        (None, 8890, {8890: "x"}, 0, 8888),
        (None, 8890, {8890: "ours"}, 8890, 8890),
        (9000, 8890, {}, 0, 9000),
        (9000, 9000, {9000: "ours"}, 9000, 9000),
        (9000, 0, {9000: "x"}, 0, None),
    ],
)
def test_a_port_stays_what_it_was_unless_somebody_took_it(
    asked: int | None, kept: int, busy: dict[int, str], ours: int, expected: int | None
) -> None:
    assert allocation.port(asked, kept, busy, own_ports={ours}) == expected


def test_no_free_port_is_a_refusal() -> None:
    with pytest.raises(PreconditionError, match="no port"):
        allocation.port(None, 0, dict.fromkeys(range(8000, 10000), "x"))


def test_a_refusal_names_the_key_of_the_server_that_found_no_port() -> None:
    with pytest.raises(PreconditionError, match="between 2222 and 3221") as refusal:
        allocation.port(None, 0, dict.fromkeys(range(2000, 10000), "x"), key="ssh.port", first_port=2222)
    assert "ssh.port" in refusal.value.hint


def test_thirty_and_more_environments_fit_in_the_smallest_pool() -> None:
    taken: list[str] = []
    for _ in range(32):
        taken.append(allocation.subnet(POOL, "", taken))
    assert len({*taken}) == 32
    with pytest.raises(PreconditionError, match="every subnet of"):
        allocation.subnet(POOL, "", taken)


def test_a_kept_subnet_stays_while_nobody_else_has_it() -> None:
    assert allocation.subnet(POOL, "10.183.0.8/29", ["172.17.0.0/16"]) == "10.183.0.8/29"
    assert allocation.subnet(POOL, "10.183.0.8/29", ["10.183.0.0/28"]) == "10.183.0.16/29"


def test_a_kept_subnet_outside_the_pool_is_given_up() -> None:
    assert allocation.subnet("10.184.0.0/24", "10.183.0.8/29", []) == "10.184.0.0/29"


@pytest.mark.parametrize(
    ("subnet", "lies"),
    [
        ("10.183.0.8/29", True),
        (POOL, True),
        ("10.183.0.0/16", False),
        ("10.184.0.0/29", False),
        ("fd00::/64", False),
        ("", False),
    ],
)
def test_a_subnet_lies_in_a_pool_as_a_whole_or_not_at_all(subnet: str, lies: bool) -> None:
    assert allocation.in_pool(subnet, POOL) is lies


@pytest.mark.parametrize("routes", [["0.0.0.0/1", "128.0.0.0/1"], ["10.0.0.0/7"]])
def test_a_route_for_everything_takes_no_subnet(routes: list[str]) -> None:
    assert allocation.subnet(POOL, "10.183.0.8/29", routes) == "10.183.0.8/29"


def test_the_network_of_an_address_counts_as_taken() -> None:
    assert allocation.subnet(POOL, "", ["10.183.0.1/29", "fd00::1/64"]) == "10.183.0.8/29"


@given(st.lists(st.integers(0, 31), max_size=31))
def test_a_picked_subnet_overlaps_nothing(taken: list[int]) -> None:
    used = [f"10.183.0.{8 * number}/29" for number in taken]
    picked = ipaddress.ip_network(allocation.subnet(POOL, "", used))
    assert not any(picked.overlaps(ipaddress.ip_network(one)) for one in used)


@pytest.mark.proves("folders of the host and of credentials cannot be mounted", "real")
@pytest.mark.parametrize(
    "source",
    [
        "/",
        "/etc",
        "/etc/ssl",
        "/proc",
        "/sys/fs",
        "/dev/sda",
        "/run",
        "/run/docker.sock",
        "/var",
        "/var/lib/docker/x",
        "/home",
        "/home/ada",
        "/home/ada/.ssh",
        "/home/ada/.ssh/id_ed25519",
        "/home/ada/.aws",
        "/home/ada/.config",
        "/home/ada/.local/state/envkit/local/vision",
        "/srv/docker.sock",
        "/root/x",
        "/home/ada/.local",
    ],
)
def test_what_hands_over_the_host_or_credentials_is_denied(source: str) -> None:
    assert denial_reason(source, ["/home/ada"], "/home/ada/.local/state/envkit/local/vision-1")


@pytest.mark.parametrize(
    "source", ["/data", "/srv/sets", "/home/ada/vision", "/home/bob/shared", "/mnt/etc", "/var/data"]
)
def test_a_folder_with_data_is_not(source: str) -> None:
    assert denial_reason(source, ["/home/ada"], "/home/ada/.local/state/envkit/local/vision-1") == ""
