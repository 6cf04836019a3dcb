"""Allocation of ports, subnets and the container user; mount sources that are denied."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkit.errors import PreconditionError
from envkit.model.facts import Account
from envkit.resolve import allocation
from envkit.resolve.path_policy import denial_reason
from tests.support.plan_samples import facts

if TYPE_CHECKING:
    from envkit.model.facts import Facts

POOL = "10.183.0.0/24"
STATE = "/home/ada/.local/state/envkit/local/vision-1"


def owned_by(owner: int | None, caller: int, sudo_caller: int | None = None) -> Facts:
    return facts(
        caller=Account(caller, caller),
        sudo_caller=None if sudo_caller is None else Account(sudo_caller, sudo_caller),
        workspace_owner=None if owner is None else Account(owner, owner),
    )


def test_the_container_user_is_the_owner_or_the_sudo_caller() -> None:
    for caller, owner, sudo_caller, expected in [
        (1000, 1000, None, 1000),
        (0, 4242, None, 4242),
        (0, 4242, 1000, 4242),
        (0, 0, 1000, 1000),
        (0, 2_000_000, None, 2_000_000),
    ]:
        assert allocation.user(owned_by(owner, caller, sudo_caller)).uid == expected, (caller, owner, sudo_caller)


def test_a_workspace_of_root_or_another_user_is_refused() -> None:
    for caller, owner, code, hint in [
        (0, 0, "root-not-allowed", "--owner"),
        (1000, 0, "root-not-allowed", "--owner"),
        (1000, 1001, "wrong-owner", "belongs to you"),
        (1000, None, "workspace-missing", "mkdir"),
    ]:
        with pytest.raises(PreconditionError) as error:
            allocation.user(owned_by(owner, caller))
        assert error.value.code == code, (caller, owner)
        assert hint in error.value.hint, (caller, owner)


def test_a_port_is_kept_unless_another_process_took_it() -> None:
    busy: dict[int, str]
    for requested, previous, busy, own, expected in [
        (None, 0, {}, 0, 8888),
        (None, 0, {8888: "x"}, 0, 8889),
        (None, 8890, {}, 0, 8890),
        (None, 8890, {8890: "x"}, 0, 8888),
        (None, 8890, {8890: "ours"}, 8890, 8890),
        (9000, 8890, {}, 0, 9000),
        (9000, 9000, {9000: "ours"}, 9000, 9000),
        (9000, 0, {9000: "x"}, 0, None),
    ]:
        case = (requested, previous, busy, own)
        assert allocation.port(requested, previous, busy, own_ports={own}) == expected, case


def test_no_free_port_is_an_error_that_names_the_key() -> None:
    with pytest.raises(PreconditionError) as error:
        allocation.port(None, 0, dict.fromkeys(range(8000, 10000), "x"))
    assert error.value.code == "no-free-port"
    with pytest.raises(PreconditionError, match="between 2222 and 3221") as error:
        allocation.port(None, 0, dict.fromkeys(range(2000, 10000), "x"), key="ssh.port", first_port=2222)
    assert "ssh.port" in error.value.hint


def test_the_smallest_pool_holds_32_environments() -> None:
    used: list[str] = []
    for _ in range(32):
        used.append(allocation.subnet([POOL], "", dict.fromkeys(used, "used")))
    assert len({*used}) == 32
    with pytest.raises(PreconditionError) as error:
        allocation.subnet([POOL], "", dict.fromkeys(used, "used"))
    assert error.value.code == "no-free-subnet"


def test_a_subnet_is_kept_while_it_is_free_and_in_the_pool() -> None:
    for pool, used, expected in [
        (POOL, ["172.17.0.0/16"], "10.183.0.8/29"),
        (POOL, ["10.183.0.0/28"], "10.183.0.16/29"),
        ("10.184.0.0/24", [], "10.184.0.0/29"),
        (POOL, ["0.0.0.0/1", "128.0.0.0/1"], "10.183.0.8/29"),  # routes for all traffic use no subnet
        (POOL, ["10.0.0.0/7"], "10.183.0.8/29"),
    ]:
        assert allocation.subnet([pool], "10.183.0.8/29", dict.fromkeys(used, "used")) == expected, (pool, used)


def test_a_subnet_is_in_a_pool_only_as_a_whole() -> None:
    for subnet, expected in [
        ("10.183.0.8/29", True),
        (POOL, True),
        ("10.183.0.0/16", False),
        ("10.184.0.0/29", False),
        ("fd00::/64", False),
        ("", False),
    ]:
        assert allocation.in_pool(subnet, POOL) is expected, subnet


def test_an_address_with_prefix_uses_its_network() -> None:
    assert allocation.subnet([POOL], "", {"10.183.0.1/29": "", "fd00::1/64": ""}) == "10.183.0.8/29"


def test_another_range_is_taken_if_a_route_covers_the_first() -> None:
    pools = ("10.183.0.0/16", "172.30.0.0/16", "100.118.0.0/16")
    for routes, expected in [
        (["10.0.0.0/8"], "172.30.0.0/29"),
        (["10.0.0.0/8", "172.16.0.0/12"], "100.118.0.0/29"),
        (["10.0.0.0/8", "172.30.0.0/17"], "172.30.128.0/29"),
    ]:
        assert allocation.subnet(pools, "", allocation.used_subnets(routes, [])) == expected, routes
    routes = ["10.0.0.0/8", "172.16.0.0/12", "100.64.0.0/10"]
    with pytest.raises(PreconditionError) as error:
        allocation.subnet(pools, "", allocation.used_subnets(routes, ["10.183.0.0/24"]))
    for text in ("10.0.0.0/8 is a route of this host", "10.183.0.0/24 is a network of the engine"):
        assert text in str(error.value.detail)


@given(st.lists(st.integers(0, 31), max_size=31))
def test_a_picked_subnet_overlaps_no_used_one(numbers: list[int]) -> None:
    used = [f"10.183.0.{8 * number}/29" for number in numbers]
    picked = ipaddress.ip_network(allocation.subnet([POOL], "", dict.fromkeys(used, "used")))
    assert not any(picked.overlaps(ipaddress.ip_network(subnet)) for subnet in used)


@pytest.mark.proves("folders of the host and of credentials cannot be mounted", "real")
def test_paths_of_the_host_and_of_credentials_are_denied() -> None:
    for source in (
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
    ):
        assert denial_reason(source, ["/home/ada"], STATE), source


def test_data_folders_are_allowed() -> None:
    for source in ("/data", "/srv/sets", "/home/ada/vision", "/home/bob/shared", "/mnt/etc", "/var/data"):
        assert denial_reason(source, ["/home/ada"], STATE) == "", source
