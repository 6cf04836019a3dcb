"""JupyterLab, its APIs, sockets and TensorBoard require the token, and the token does not leak."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.functional.conftest import SharedEnvironment
    from tests.support.jupyter_client import Jupyter, Response, Session

EVIL = "http://evil.example"
APIS = (
    "/api/status",
    "/api/me",
    "/api/contents",
    "/api/kernels",
    "/api/kernelspecs",
    "/api/sessions",
    "/api/terminals",
    "/api/config/notebook",
    "/api/nbconvert",
    "/api/events",
    "/api/spec.yaml",
    "/metrics",
    "/lab/api/settings",
    "/lab/api/workspaces",
    "/lab/api/extensions",
    "/lab/api/translations",
)
PAGES = (
    "/lab",
    "/lab/tree/x",
    "/doc",
    "/files/x",
    "/view/x",
    "/nbconvert/html/x.ipynb",
    "/custom/custom.css",
    "/proxy/6006/",
    "/proxy/localhost:6006/",
    "/proxy/absolute/6006/",
    "/tensorboard/",
    "/tensorboard/data/runs",
    "/server-proxy/servers-info",
)
WRITES = (
    ("POST", "/api/kernels"),
    ("POST", "/api/sessions"),
    ("POST", "/api/terminals"),
    ("POST", "/api/shutdown"),
    ("POST", "/api/contents"),
    ("PUT", "/api/contents/x"),
    ("PATCH", "/api/contents/x"),
    ("DELETE", "/api/contents/x"),
    ("POST", "/api/events"),
    ("PUT", "/lab/api/settings/a:b"),
    ("POST", "/lab/api/extensions"),
    ("POST", "/tensorboard/x"),
    ("POST", "/proxy/6006/x"),
)


def requires_login(response: Response) -> bool:
    """Check whether a response is a refusal or a redirect to the login page."""
    return response.status == 403 or (response.status == 302 and response.header("Location").startswith("/login?next="))


@pytest.mark.proves("JupyterLab refuses every request without the token", "real")
def test_reading_requires_a_token(jupyter: Jupyter) -> None:
    for path in (*APIS, *PAGES):
        assert requires_login(jupyter.request("GET", path)), path


def test_version_is_the_only_public_information(jupyter: Jupyter) -> None:
    assert set(jupyter.request("GET", "/api").json()) == {"version"}


def test_writing_requires_a_token(jupyter: Jupyter) -> None:
    xsrf = jupyter.request("GET", "/login").cookies()["_xsrf"]["_xsrf"].value
    headers = {"Cookie": f"_xsrf={xsrf}", "X-XSRFToken": xsrf}
    for method, path in WRITES:
        assert jupyter.request(method, path, body="{}").status == 403, (method, path)
        assert requires_login(jupyter.request(method, path, headers, "{}")), (method, path)


@pytest.mark.proves("a wrong token is refused", "real")
def test_wrong_token_is_refused_in_headers_and_address(jupyter: Jupyter) -> None:
    similar = jupyter.token[:-1] + ("a" if jupyter.token[-1] != "a" else "b")
    guessed = secrets.token_urlsafe(32)
    for wrong in (guessed, similar, jupyter.token[:-1], jupyter.token + "a", jupyter.token.lower(), ""):
        for headers in ({"Authorization": f"token {wrong}"}, {"Authorization": f"Bearer {wrong}"}):
            assert jupyter.request("GET", "/api/status", headers).status == 403, wrong
        assert jupyter.request("GET", f"/api/status?token={wrong}").status == 403, wrong


def test_login_form_accepts_only_the_token(jupyter: Jupyter) -> None:
    xsrf = jupyter.request("GET", "/login").cookies()["_xsrf"]["_xsrf"].value
    for wrong in ("", "jupyter", jupyter.token[:-1]):
        headers = {"Cookie": f"_xsrf={xsrf}", "Content-Type": "application/x-www-form-urlencoded"}
        response = jupyter.request("POST", "/login", headers, f"_xsrf={xsrf}&password={wrong}")
        assert (response.status, set(response.cookies()) - {"_xsrf"}) == (401, set()), wrong


def test_token_is_too_long_to_be_guessed(jupyter: Jupyter) -> None:
    assert len(jupyter.token) >= 43
    assert len(set(jupyter.token)) > 16


def test_websockets_require_the_token(jupyter: Jupyter, session: Session) -> None:
    kernel = jupyter.api("POST", "/api/kernels", {}).json()["id"]
    terminal = jupyter.api("POST", "/api/terminals", {}).json()["name"]
    server = f"127.0.0.1:{jupyter.port}"
    unauthorized: tuple[dict[str, str], ...] = (
        {},
        {"Authorization": f"token {secrets.token_urlsafe(32)}"},
        {**session.headers, "Origin": EVIL},
        {**session.headers, "Origin": f"http://{server}.evil.example"},
        {**jupyter.authorized, "Host": "evil.example"},
    )
    try:
        for path in (f"/api/kernels/{kernel}/channels", f"/terminals/websocket/{terminal}", "/api/events/subscribe"):
            for headers in unauthorized:
                assert jupyter.handshake_status(path, headers) in {302, 403}, (
                    path,
                    headers,
                )  # 302 leads to the login page
            assert jupyter.handshake_status(path, jupyter.authorized) == 101, path
            assert jupyter.handshake_status(path, {**session.headers, "Origin": f"http://{server}"}) == 101, path
    finally:
        jupyter.api("DELETE", f"/api/kernels/{kernel}")
        jupyter.api("DELETE", f"/api/terminals/{terminal}")


@pytest.mark.proves("the token is in no log", "real")
def test_token_is_not_logged(jupyter: Jupyter, shared_env: SharedEnvironment) -> None:
    query = f"?token={jupyter.token}"
    referer = {"Referer": f"http://127.0.0.1:{jupyter.port}/lab{query}"}
    missing = f"/api/kernels/{'0' * 8}-0000-0000-0000-{'0' * 12}"
    jupyter.request("GET", f"{missing}/channels{query}")
    assert jupyter.handshake_status(f"{missing}/channels{query}", {}) == 404
    jupyter.request("GET", f"/api/contents/missing{query}", referer)
    jupyter.request("GET", f"/login{query}", {"Host": "evil.example"})
    jupyter.request("POST", f"/api/kernels{query}", {**jupyter.authorized, **referer}, "not JSON")
    jupyter.request("GET", "/proxy/1/", {**jupyter.authorized, **referer})  # a server error: the port is closed
    log = shared_env.container.logs().decode()
    assert "/channels" in log
    assert jupyter.token not in log


@pytest.mark.proves("TensorBoard is served only behind JupyterLab's login", "real")
def test_tensorboard_requires_the_login(jupyter: Jupyter, session: Session) -> None:
    assert b"TensorBoard" in jupyter.request("GET", "/tensorboard/", session.headers).body
    assert jupyter.request("GET", "/tensorboard/data/runs", jupyter.authorized).json() == []
    assert requires_login(jupyter.request("GET", "/tensorboard/data/runs"))
