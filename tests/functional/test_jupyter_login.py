"""JupyterLab, its APIs, sockets and TensorBoard let in who has the token, and the token stays where it is."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.functional.conftest import SharedEnvironment
    from tests.functional.jupyter import Jupyter, Response, Session

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


def login_asked_for(answer: Response) -> bool:
    """Say whether an answer is a refusal, or the way to the login page."""
    return answer.status == 403 or (answer.status == 302 and answer.header("Location").startswith("/login?next="))


@pytest.mark.proves("JupyterLab lets nobody in without the token", "real")
@pytest.mark.parametrize("path", [*APIS, *PAGES])
def test_nothing_is_read_without_a_token(jupyter: Jupyter, path: str) -> None:
    assert login_asked_for(jupyter.request("GET", path))


def test_anybody_learns_the_version_and_no_more(jupyter: Jupyter) -> None:
    assert set(jupyter.request("GET", "/api").json()) == {"version"}


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_nothing_is_written_without_a_token(jupyter: Jupyter, method: str, path: str) -> None:
    xsrf = jupyter.request("GET", "/login").cookies()["_xsrf"]["_xsrf"].value
    right = {"Cookie": f"_xsrf={xsrf}", "X-XSRFToken": xsrf}
    assert jupyter.request(method, path, body="{}").status == 403
    assert login_asked_for(jupyter.request(method, path, right, "{}"))


@pytest.mark.proves("a wrong token is refused", "real")
def test_a_wrong_token_is_refused_in_every_place_a_token_may_stand(jupyter: Jupyter) -> None:
    nearly = jupyter.token[:-1] + ("a" if jupyter.token[-1] != "a" else "b")
    guessed = secrets.token_urlsafe(32)
    for wrong in (guessed, nearly, jupyter.token[:-1], jupyter.token + "a", jupyter.token.lower(), ""):
        for headers in ({"Authorization": f"token {wrong}"}, {"Authorization": f"Bearer {wrong}"}):
            assert jupyter.request("GET", "/api/status", headers).status == 403, wrong
        assert jupyter.request("GET", f"/api/status?token={wrong}").status == 403, wrong


def test_no_password_opens_the_login_form_but_the_token(jupyter: Jupyter) -> None:
    xsrf = jupyter.request("GET", "/login").cookies()["_xsrf"]["_xsrf"].value
    for wrong in ("", "jupyter", jupyter.token[:-1]):
        headers = {"Cookie": f"_xsrf={xsrf}", "Content-Type": "application/x-www-form-urlencoded"}
        answer = jupyter.request("POST", "/login", headers, f"_xsrf={xsrf}&password={wrong}")
        assert (answer.status, set(answer.cookies()) - {"_xsrf"}) == (401, set()), wrong


def test_the_token_is_too_long_to_be_guessed(jupyter: Jupyter) -> None:
    assert len(jupyter.token) >= 43
    assert len(set(jupyter.token)) > 16


def test_sockets_open_for_the_token_and_for_nobody_else(jupyter: Jupyter, session: Session) -> None:
    kernel = jupyter.api("POST", "/api/kernels", {}).json()["id"]
    terminal = jupyter.api("POST", "/api/terminals", {}).json()["name"]
    here = f"127.0.0.1:{jupyter.port}"
    strangers: tuple[dict[str, str], ...] = (
        {},
        {"Authorization": f"token {secrets.token_urlsafe(32)}"},
        {**session.headers, "Origin": EVIL},
        {**session.headers, "Origin": f"http://{here}.evil.example"},
        {**jupyter.authorized, "Host": "evil.example"},
    )
    try:
        for path in (f"/api/kernels/{kernel}/channels", f"/terminals/websocket/{terminal}", "/api/events/subscribe"):
            for headers in strangers:
                assert jupyter.handshake_status(path, headers) in {302, 403}, (path, headers)  # 302 leads to the login page
            assert jupyter.handshake_status(path, jupyter.authorized) == 101, path
            assert jupyter.handshake_status(path, {**session.headers, "Origin": f"http://{here}"}) == 101, path
    finally:
        jupyter.api("DELETE", f"/api/kernels/{kernel}")
        jupyter.api("DELETE", f"/api/terminals/{terminal}")


@pytest.mark.proves("the token is in no log", "real")
def test_the_token_is_in_no_log_whatever_clients_do_with_it(jupyter: Jupyter, shared_env: SharedEnvironment) -> None:
    asked = f"?token={jupyter.token}"
    referer = {"Referer": f"http://127.0.0.1:{jupyter.port}/lab{asked}"}
    missing = f"/api/kernels/{'0' * 8}-0000-0000-0000-{'0' * 12}"
    jupyter.request("GET", f"{missing}/channels{asked}")
    assert jupyter.handshake_status(f"{missing}/channels{asked}", {}) == 404
    jupyter.request("GET", f"/api/contents/missing{asked}", referer)
    jupyter.request("GET", f"/login{asked}", {"Host": "evil.example"})
    jupyter.request("POST", f"/api/kernels{asked}", {**jupyter.authorized, **referer}, "not JSON")
    jupyter.request("GET", "/proxy/1/", {**jupyter.authorized, **referer})  # nothing listens there: a server error
    log = shared_env.container.logs().decode()
    assert "/channels" in log
    assert jupyter.token not in log


@pytest.mark.proves("TensorBoard is served behind JupyterLab's login alone", "real")
def test_tensorboard_answers_behind_the_login(jupyter: Jupyter, session: Session) -> None:
    assert b"TensorBoard" in jupyter.request("GET", "/tensorboard/", session.headers).body
    assert jupyter.request("GET", "/tensorboard/data/runs", jupyter.authorized).json() == []
    assert login_asked_for(jupyter.request("GET", "/tensorboard/data/runs"))
