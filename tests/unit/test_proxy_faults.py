"""A request that fails at the caller's proxy is the proxy's fault."""

from __future__ import annotations

import http.server
import threading
from typing import TYPE_CHECKING, Any

import pytest

from envkit.checks import proxy
from envkit.observe import doctor
from tests.unit.test_host_checks import judge

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "https://mirror.example/x"


class LoginProxy(http.server.BaseHTTPRequestHandler):
    """A proxy that asks each client for a login."""

    def refuse(self) -> None:
        self.send_response(407, "Proxy Authentication Required")
        self.end_headers()

    do_CONNECT = do_HEAD = refuse  # noqa: N815 - the names of the standard library

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture
def login_proxy() -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), LoginProxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://ada:secret@127.0.0.1:{server.server_port}"
        server.shutdown()


def request(address: str, url: str = URL) -> dict[str, Any]:
    variable = f"{url.partition(':')[0]}_proxy"
    return dict(doctor._check_url(url, {variable: address}))


def test_a_refused_proxy_is_named_with_its_variable() -> None:
    for scheme in ("http", "https"):
        finding = judge(mirror=request("http://ada:secret@127.0.0.1:1", f"{scheme}://mirror.example/x"))["mirror"]
        assert f"http://127.0.0.1:1 ({scheme}_proxy)" in finding.detail
        assert finding.cause == "no program listens there"
        assert f"unset {scheme}_proxy" in finding.hint
        assert "secret" not in f"{finding}"


def test_a_malformed_proxy_is_shown() -> None:
    for address in ("proxy:abc", "http://", "ftp://proxy:1", "http://proxy:99999"):
        finding = judge(index=request(address))["index"]
        assert "not the address of an HTTP proxy" in finding.cause, address
        assert address in finding.detail


def test_an_unknown_host_of_a_proxy_is_not_the_mirrors_fault() -> None:
    for output in ("[Errno -2] Name or service not known", "[Errno -3] Temporary failure in name resolution"):
        data = {
            "url": URL,
            "status": 0,
            "output": output,
            "proxy": "https_proxy",
            "proxy_address": "http://p.invalid:1",
        }
        finding = judge(mirror=data)["mirror"]
        assert finding.cause == "its host name is unknown"
        assert "p.invalid" in finding.detail


def test_a_proxy_that_asks_for_a_login_is_recognized(login_proxy: str) -> None:
    for url in (URL, "http://mirror.example/x"):
        finding = judge(index=request(login_proxy, url))["index"]
        assert finding.cause == "the proxy requires a login", url
        assert "USER:PASSWORD@" in finding.hint
        assert "secret" not in f"{finding}"


def test_a_late_answer_through_a_proxy_names_the_proxy() -> None:
    finding = judge(index={"late": True, "status": 0, "proxy": "https_proxy", "proxy_address": "http://p:1"})["index"]
    assert "http://p:1 (https_proxy)" in finding.detail


def test_a_certificate_behind_a_proxy_is_not_the_proxys_fault() -> None:
    output = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self signed certificate"
    data = {"status": 0, "output": output, "proxy": "https_proxy", "proxy_address": "http://p:1"}
    assert proxy.find_fault(data) is None


def test_a_request_without_a_proxy_has_no_proxy_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    url = "http://127.0.0.1:1/x"
    data = request("http://127.0.0.1:9", url)
    assert "proxy" not in data
    assert proxy.find_fault(data) is None
