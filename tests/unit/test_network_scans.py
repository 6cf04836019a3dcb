"""Scans from other containers report open ports, and a scan without a result is not a pass."""

from __future__ import annotations

import importlib
import json
import socket
import threading
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from envkit import naming
from envkit.checks.audit import network as network_checks
from envkit.errors import ProgramNotFound, StartFailed
from envkit.model.backend import RunResult
from envkit.model.report import Observation, Verdict
from envkit.observe import network_attacks
from tests.support.fake_backend import FakeBackend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envkit.model.report import Finding

port_scan: Any = importlib.import_module("envkit.guest.port_scan")
server_info: Any = importlib.import_module("envkit.guest.server_info")
OWN, TARGET = "envkit-1000-a", "172.18.0.2:8888"
INSPECTED = {
    "Image": "sha256:1",
    "HostConfig": {"NetworkMode": OWN},
    "NetworkSettings": {"Networks": {OWN: {"IPAddress": "172.18.0.2", "GlobalIPv6Address": ""}}},
}
CLOSED = {"attempts": 3, "opened": [], "refused": [], "alive": True}


def probe_networks(inspected: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    observations = network_attacks.probe_networks(
        FakeBackend(), inspected or INSPECTED, name_prefix="t.", labels={"a": "b"}, stop=threading.Event()
    )
    return [dict(observation.data) for observation in observations]


@pytest.fixture
def engine_answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str], object]], list[dict[str, Any]]]:
    """Return a function that replaces the engine by one answer per network (data or an error), and returns its runs."""

    def install(answer: Callable[[str], object]) -> list[dict[str, Any]]:
        runs: list[dict[str, Any]] = []

        def run(_: FakeBackend, image: str, argv: Any, text: str, on_line: Any, **options: Any) -> RunResult:
            runs.append({"image": image, "argv": argv, **options})
            result = answer(options["network"])
            if isinstance(result, Exception):
                raise result
            if result is not None:
                on_line(json.dumps({"what": "neighbour.knocked", "data": result}))
            return RunResult(0, out_of_memory=False)

        monkeypatch.setattr(FakeBackend, "run_once", run)
        return runs

    return install


def test_scans_run_on_the_default_and_the_own_network(engine_answers: Any) -> None:
    runs = engine_answers(lambda _: CLOSED)
    assert [scan["network"] for scan in probe_networks()] == ["bridge", OWN]
    assert sorted((scan["network"], scan["name"], scan["labels"]) for scan in runs) == [
        ("bridge", "t.0", {"a": "b"}),
        (OWN, "t.1", {"a": "b"}),
    ]
    assert runs[0]["argv"][3:] == ("172.18.0.2:8888", "172.18.0.2:2222", "172.18.0.2:6006")


def test_a_workspace_on_the_default_network_is_scanned_once(engine_answers: Any) -> None:
    runs = engine_answers(lambda _: CLOSED)
    probe_networks({**INSPECTED, "NetworkSettings": {"Networks": {"bridge": {"IPAddress": "172.17.0.2"}}}})
    assert len(runs) == 1


def test_a_workspace_without_an_address_is_not_scanned(engine_answers: Any) -> None:
    runs = engine_answers(lambda _: CLOSED)
    cases: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("none", {}, "skipped"),
        ("none", {"none": {"IPAddress": ""}}, "skipped"),
        # The addresses belong to the host or another container, and a restarting container has none.
        ("host", {"host": {"IPAddress": ""}}, "why"),
        ("container:1", {}, "why"),
        (OWN, {OWN: {"IPAddress": "", "GlobalIPv6Address": ""}}, "why"),
    )
    for mode, networks, how in cases:
        (results,) = probe_networks(
            {"Image": "i", "HostConfig": {"NetworkMode": mode}, "NetworkSettings": {"Networks": networks}}
        )
        assert results[how], (mode, networks)
        assert runs == [], (mode, networks)


def test_a_refused_network_does_not_stop_the_other(engine_answers: Any) -> None:
    engine_answers(
        lambda network: StartFailed("it is not attachable", code="container-start-failed") if network == OWN else CLOSED
    )
    usual, own = probe_networks()
    assert usual["ended"] is True
    assert "it is not attachable" in own["why"]


def test_an_image_without_python_is_skipped(engine_answers: Any) -> None:
    engine_answers(lambda _: ProgramNotFound("no python", code="image-program-missing"))
    assert all("Python" in scan["skipped"] for scan in probe_networks())


def test_a_container_that_does_not_finish_is_reported(engine_answers: Any) -> None:
    for answer in (None, {"error": {"type": "OSError"}}):
        engine_answers(lambda _, answer=answer: answer)
        assert [scan["ended"] for scan in probe_networks()] == [False, False], answer


def test_a_container_cannot_forge_other_fields(engine_answers: Any) -> None:
    engine_answers(lambda _: {**CLOSED, "network": "elsewhere", "ended": True})
    assert [scan["network"] for scan in probe_networks()] == ["bridge", OWN]


def check_scans(*results: dict[str, Any]) -> Finding:
    return network_checks.check(
        [Observation("audit.neighbour", {"network": "n", "ended": True, **scan}) for scan in results]
    )


def test_only_two_closed_scans_pass() -> None:
    cases: tuple[tuple[dict[str, Any], dict[str, Any], Verdict], ...] = (
        (CLOSED, CLOSED, Verdict.PASSED),
        (CLOSED, {**CLOSED, "opened": ["172.18.0.2:8888"]}, Verdict.FAILED),
        ({"skipped": "no"}, {**CLOSED, "opened": ["172.18.0.2:8888"]}, Verdict.FAILED),
        ({**CLOSED, "alive": False}, {**CLOSED, "opened": ["a:1"]}, Verdict.FAILED),
        # A closed port refuses by itself: a later listener would be open to that container.
        (CLOSED, {**CLOSED, "refused": ["172.18.0.2:8888"]}, Verdict.FAILED),
        (CLOSED, {"why": "the engine refuses"}, Verdict.UNKNOWN),
        (CLOSED, {"skipped": "no"}, Verdict.SKIPPED),
        ({"skipped": "no"}, {"skipped": "no"}, Verdict.SKIPPED),
        (CLOSED, {**CLOSED, "alive": False}, Verdict.UNKNOWN),
        (CLOSED, {**CLOSED, "ended": False}, Verdict.UNKNOWN),
        (CLOSED, {**CLOSED, "attempts": 0}, Verdict.UNKNOWN),
        ({"skipped": "no"}, {"ended": False}, Verdict.UNKNOWN),
    )
    for first, second, status in cases:
        finding = check_scans(first, second)
        assert finding.status is status, (first, second)
        assert finding.detail, (first, second)


def test_a_briefly_open_port_is_reported_and_passes() -> None:
    finding = check_scans(CLOSED, {**CLOSED, "once": [TARGET]})
    assert (finding.status, TARGET in finding.detail) == (Verdict.PASSED, True)
    assert "moment" not in check_scans(CLOSED, CLOSED).detail


def test_without_a_scan_the_check_is_skipped() -> None:
    assert check_scans().status is Verdict.SKIPPED


# The guest program.


def test_open_and_closed_ports_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_scan, "RETRY_S", 0)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        open_port, closed_port = (f"127.0.0.1:{listener.getsockname()[1]}" for listener in (server, closed))
        results = port_scan.scan_ports([closed_port, open_port])
    assert (results["attempts"], results["opened"], results["refused"]) == (2, [open_port], [closed_port])


def test_a_port_must_respond_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_scan, "RETRY_S", 0)
    cases: tuple[tuple[list[str], dict[str, list[str]]], ...] = (
        ([""], {}),
        (["opened", "", ""], {"once": [TARGET]}),
        (["refused", "", ""], {"once": [TARGET]}),
        (["opened", "opened"], {"opened": [TARGET]}),
        (["refused", "refused"], {"refused": [TARGET]}),
        (["refused", "opened"], {"opened": [TARGET]}),
        (["opened", "", "opened"], {"opened": [TARGET]}),
    )
    for outcomes, expected in cases:
        remaining = list(outcomes)
        monkeypatch.setattr(port_scan, "try_connect", lambda _, remaining=remaining: remaining.pop(0))
        results = port_scan.scan_ports([TARGET])
        assert {name: results[name] for name in ("opened", "refused", "once") if results[name]} == expected, outcomes
        assert not remaining, outcomes


def test_a_firewall_refusal_is_not_a_response() -> None:
    class Refused(socket.socket):
        """Fake connection that a firewall refused: only the kernel creates real ones."""

        messages: ClassVar[list[Any]] = []

        def recvmsg(self, *_: int) -> Any:
            if not self.messages:
                raise BlockingIOError
            return b"", self.messages, 0, None

    with Refused() as connection:
        assert port_scan.is_firewall_refusal(connection) is False
        connection.messages.append((0, 11, b"ICMP"))
        assert port_scan.is_firewall_refusal(connection) is True


HEAD = "IP address       HW type     Flags       HW address            Mask     Device\n"


def test_a_network_is_alive_after_an_arp_answer(tmp_path: Path) -> None:
    cases = (
        ("", False),
        ("172.17.0.1  0x1  0x0  00:00:00:00:00:00  *  eth0\n", False),
        ("172.17.0.1  0x1  0x2  02:42:7b:6f:0c:99  *  eth0\n", True),
        ("172.17.0.1  0x1  0x6  02:42:7b:6f:0c:99  *  eth0\n", True),
    )
    table = tmp_path / "arp"
    for rows, alive in cases:
        table.write_text(HEAD + rows)
        assert port_scan.has_arp_entry(table) is alive, rows
    assert port_scan.has_arp_entry(tmp_path / "none") is False


def test_the_modes_of_a_socket_and_its_folder_are_reported(tmp_path: Path) -> None:
    socket_path = tmp_path / "jupyter.sock"
    assert server_info.inspect_socket(socket_path) == {"there": False}
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_path))
        socket_path.chmod(0o660)
        tmp_path.chmod(0o711)
        assert server_info.inspect_socket(socket_path) == {"there": True, "mode": 0o660, "folder": 0o711, "owned": True}
    assert server_info.SOCKET == naming.JUPYTER_SOCKET
