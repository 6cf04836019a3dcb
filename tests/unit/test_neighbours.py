"""Knocking from other containers: what opens is told, and what shows nothing is not taken for closed."""

from __future__ import annotations

import importlib
import json
import socket
import threading
from typing import TYPE_CHECKING, Any, ClassVar, cast

import pytest

from envkit import naming
from envkit.backends.docker import run_once
from envkit.checks.audit import network as judged
from envkit.errors import StartFailed
from envkit.model.report import Observation, Verdict
from envkit.observe import network_attacks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envkit.backends.docker.client import Engine
    from envkit.model.report import Finding

knocking: Any = importlib.import_module("envkit.guest.port_scan")
served: Any = importlib.import_module("envkit.guest.server_info")
OWN, THERE = "envkit-1000-a", "172.18.0.2:8888"
INSPECTED = {
    "Image": "sha256:1",
    "HostConfig": {"NetworkMode": OWN},
    "NetworkSettings": {"Networks": {OWN: {"IPAddress": "172.18.0.2", "GlobalIPv6Address": ""}}},
}
CLOSED = {"tried": 3, "opened": [], "refused": [], "alive": True}


def knocks(inspected: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    found = network_attacks.probe_networks(
        cast("Engine", None), inspected or INSPECTED, name_prefix="t.", labels={"a": "b"}, stop=threading.Event()
    )
    return [dict(one.data) for one in found]


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str], object]], list[dict[str, Any]]]:
    """Return what stands in for the engine: its answer to each network, as data, or an error; and the runs it saw."""

    def put(answer: Callable[[str], object]) -> list[dict[str, Any]]:
        runs: list[dict[str, Any]] = []

        def run(engine: Engine, image: str, argv: Any, text: str, on_line: Any, **given: Any) -> run_once.RunResult:
            runs.append({"image": image, "argv": argv, **given})
            said = answer(given["network"])
            if isinstance(said, Exception):
                raise said
            if said is not None:
                on_line(json.dumps({"what": "neighbour.knocked", "data": said}))
            return run_once.RunResult(0, out_of_memory=False)

        monkeypatch.setattr(run_once, "run", run)
        return runs

    return put


def test_it_is_knocked_from_the_usual_network_and_from_its_own(ran: Any) -> None:
    runs = ran(lambda _: CLOSED)
    assert [one["network"] for one in knocks()] == ["bridge", OWN]
    assert sorted((one["network"], one["name"], one["labels"]) for one in runs) == [
        ("bridge", "t.0", {"a": "b"}),
        (OWN, "t.1", {"a": "b"}),
    ]
    assert runs[0]["argv"][3:] == ("172.18.0.2:8888", "172.18.0.2:2222", "172.18.0.2:6006")


def test_a_workspace_on_the_usual_network_is_knocked_at_once(ran: Any) -> None:
    runs = ran(lambda _: CLOSED)
    knocks({**INSPECTED, "NetworkSettings": {"Networks": {"bridge": {"IPAddress": "172.17.0.2"}}}})
    assert len(runs) == 1


@pytest.mark.parametrize(
    ("mode", "networks", "how"),
    [
        ("none", {}, "skipped"),
        ("none", {"none": {"IPAddress": ""}}, "skipped"),
        # The host's or another container's are not of its own, and one that is restarting has none for a moment.
        ("host", {"host": {"IPAddress": ""}}, "why"),
        ("container:1", {}, "why"),
        (OWN, {OWN: {"IPAddress": "", "GlobalIPv6Address": ""}}, "why"),
    ],
)
def test_a_workspace_without_an_address_is_left_alone(mode: str, networks: Any, how: str, ran: Any) -> None:
    runs = ran(lambda _: CLOSED)
    (seen,) = knocks({"Image": "i", "HostConfig": {"NetworkMode": mode}, "NetworkSettings": {"Networks": networks}})
    assert seen[how]
    assert runs == []


def test_an_engine_that_refuses_one_network_is_told_and_the_other_is_tried(ran: Any) -> None:
    ran(lambda network: StartFailed("it is not attachable") if network == OWN else CLOSED)
    usual, own = knocks()
    assert usual["ended"] is True
    assert "it is not attachable" in own["why"]


def test_an_image_without_python_is_told(ran: Any) -> None:
    ran(lambda _: run_once.ProgramNotFound("no python"))
    assert all("Python" in one["skipped"] for one in knocks())


@pytest.mark.parametrize("said", [None, {"error": {"type": "OSError"}}])
def test_a_container_that_does_not_come_to_an_end_is_told(said: object, ran: Any) -> None:
    ran(lambda _: said)
    assert [one["ended"] for one in knocks()] == [False, False]


def test_what_a_container_says_of_other_things_is_not_taken(ran: Any) -> None:
    ran(lambda _: {**CLOSED, "network": "elsewhere", "ended": True})
    assert [one["network"] for one in knocks()] == ["bridge", OWN]


def verdict(*seen: dict[str, Any]) -> Finding:
    return judged.check([Observation("audit.neighbour", {"network": "n", "ended": True, **one}) for one in seen])


@pytest.mark.parametrize(
    ("one", "other", "status"),
    [
        (CLOSED, CLOSED, Verdict.PASSED),
        (CLOSED, {**CLOSED, "opened": ["172.18.0.2:8888"]}, Verdict.FAILED),
        ({"skipped": "no"}, {**CLOSED, "opened": ["172.18.0.2:8888"]}, Verdict.FAILED),
        ({**CLOSED, "alive": False}, {**CLOSED, "opened": ["a:1"]}, Verdict.FAILED),
        # A port at which nobody listens now says no by itself: what listens there later is open to that container.
        (CLOSED, {**CLOSED, "refused": ["172.18.0.2:8888"]}, Verdict.FAILED),
        (CLOSED, {"why": "the engine refuses"}, Verdict.UNKNOWN),
        (CLOSED, {"skipped": "no"}, Verdict.SKIPPED),
        ({"skipped": "no"}, {"skipped": "no"}, Verdict.SKIPPED),
        (CLOSED, {**CLOSED, "alive": False}, Verdict.UNKNOWN),
        (CLOSED, {**CLOSED, "ended": False}, Verdict.UNKNOWN),
        (CLOSED, {**CLOSED, "tried": 0}, Verdict.UNKNOWN),
        ({"skipped": "no"}, {"ended": False}, Verdict.UNKNOWN),
    ],
)
def test_closed_from_everywhere_is_well_and_nothing_less(
    one: dict[str, Any], other: dict[str, Any], status: Verdict
) -> None:
    found = verdict(one, other)
    assert found.status is status
    assert found.detail


def test_a_port_that_was_open_for_a_moment_is_told_without_failing() -> None:
    found = verdict(CLOSED, {**CLOSED, "once": [THERE]})
    assert (found.status, THERE in found.detail) == (Verdict.PASSED, True)
    assert "moment" not in verdict(CLOSED, CLOSED).detail


def test_where_nobody_knocked_it_is_skipped() -> None:
    assert verdict().status is Verdict.SKIPPED


# ── the guest's part ──


def test_open_ports_are_told_and_closed_ones_that_were_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knocking, "RETRY_S", 0)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        there, nowhere = (f"127.0.0.1:{one.getsockname()[1]}" for one in (server, closed))
        seen = knocking.scan_ports([nowhere, there])
    assert (seen["tried"], seen["opened"], seen["refused"]) == (2, [there], [nowhere])


@pytest.mark.parametrize(
    ("came", "told"),
    [
        ([""], {}),
        (["opened", "", ""], {"once": [THERE]}),
        (["refused", "", ""], {"once": [THERE]}),
        (["opened", "opened"], {"opened": [THERE]}),
        (["refused", "refused"], {"refused": [THERE]}),
        (["refused", "opened"], {"opened": [THERE]}),
        (["opened", "", "opened"], {"opened": [THERE]}),
    ],
)
def test_what_is_open_for_the_moment_in_which_an_engine_arranges_its_rules_is_told_apart(
    came: list[str], told: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knocking, "RETRY_S", 0)
    monkeypatch.setattr(knocking, "try_connect", lambda _: came.pop(0))
    seen = knocking.scan_ports([THERE])
    assert {name: seen[name] for name in ("opened", "refused", "once") if seen[name]} == told
    assert not came


def test_what_a_firewall_refuses_was_not_reached() -> None:
    class Refused(socket.socket):
        """Stands in for a connection that a firewall refused: only the kernel makes a real one."""

        told: ClassVar[list[Any]] = []

        def recvmsg(self, *_: int) -> Any:
            if not self.told:
                raise BlockingIOError
            return b"", self.told, 0, None

    with Refused() as door:
        assert knocking.is_firewall_refusal(door) is False
        door.told.append((0, 11, b"ICMP"))
        assert knocking.is_firewall_refusal(door) is True


HEAD = "IP address       HW type     Flags       HW address            Mask     Device\n"


@pytest.mark.parametrize(
    ("rows", "alive"),
    [
        ("", False),
        ("172.17.0.1  0x1  0x0  00:00:00:00:00:00  *  eth0\n", False),
        ("172.17.0.1  0x1  0x2  02:42:7b:6f:0c:99  *  eth0\n", True),
        ("172.17.0.1  0x1  0x6  02:42:7b:6f:0c:99  *  eth0\n", True),
    ],
)
def test_a_network_is_alive_when_somebody_on_it_answered(rows: str, *, alive: bool, tmp_path: Path) -> None:
    table = tmp_path / "arp"
    table.write_text(HEAD + rows)
    assert knocking.has_arp_entry(table) is alive
    assert knocking.has_arp_entry(tmp_path / "none") is False


def test_the_modes_of_a_socket_and_its_folder_are_told(tmp_path: Path) -> None:
    place = tmp_path / "jupyter.sock"
    assert served.inspect_socket(place) == {"there": False}
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        place.chmod(0o660)
        tmp_path.chmod(0o711)
        assert served.inspect_socket(place) == {"there": True, "mode": 0o660, "folder": 0o711, "owned": True}
    assert served.SOCKET == naming.JUPYTER_SOCKET
