"""JupyterLab under attack: from web pages in the developer's browser, from hostile notebooks, from paths.

Every attack is made on a running environment. In the end those that succeed on JupyterLab as it comes are made on
one with its stock settings, to show that the tests can fail.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from tests.functional.jupyter import Jupyter, port_of
from tests.functional.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import docker

    from tests.functional.conftest import SharedEnvironment
    from tests.functional.jupyter import Session

EVIL = "http://evil.example"
HOSTS = ("evil.example", "evil.example:8888", "127.0.0.1.evil.example", "169.254.169.254", "10.0.0.1", "")
OUTSIDE = (
    "/api/contents/..%2f..%2fetc%2fpasswd",
    "/api/contents/%2e%2e/%2e%2e/etc/passwd",
    "/files/../../etc/passwd",
    "/files/..%2f..%2fetc%2fpasswd",
    "/files/%2e%2e%2f%2e%2e%2fetc/passwd",
    "/files//etc/passwd",
    "/static/..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/lab/static/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/view/..%2f..%2fetc/passwd",
    "/lab/extensions/..%2f..%2f..%2fetc/passwd",
    "/custom/..%2f..%2fetc/passwd",
)


@pytest.mark.proves("web pages cannot reach JupyterLab under another host name", "real")
@pytest.mark.parametrize("host", HOSTS)
def test_another_host_name_is_refused_even_with_the_token(jupyter: Jupyter, host: str) -> None:
    for path in ("/api", "/api/status", "/login", "/tensorboard/", "/proxy/6006/", "/static/logo/logo.png"):
        answer = jupyter.ask("GET", path, {**jupyter.authorized, "Host": host})
        assert answer.status in {400, 403}, path


@pytest.mark.proves("other pages of the browser get nothing from JupyterLab", "real")
def test_a_logged_in_browser_cannot_be_made_to_write_by_a_form_of_another_page(
    jupyter: Jupyter,
    session: Session,
) -> None:
    for headers in (
        {},
        {"Content-Type": "text/plain", "Referer": f"{EVIL}/"},
        {"Content-Type": "application/x-www-form-urlencoded", "Referer": f"http://127.0.0.1:{jupyter.port}/"},
        {"X-XSRFToken": "guessed"},
    ):
        for path in ("/api/kernels", "/api/terminals", "/api/shutdown"):
            assert jupyter.ask("POST", path, {**session.headers, **headers}, "{}").status == 403, (path, headers)
    assert jupyter.ask("POST", "/login", body=f"password={jupyter.token}").status == 403


@pytest.mark.proves("other pages of the browser get nothing from JupyterLab", "real")
def test_another_origin_gets_nothing_from_a_logged_in_browser(jupyter: Jupyter, session: Session) -> None:
    evil = {**session.headers, "X-XSRFToken": session.xsrf, "Origin": EVIL}
    for method, path in (("GET", "/api/contents"), ("POST", "/api/kernels"), ("DELETE", "/api/contents/x")):
        answer = jupyter.ask(method, path, evil, "{}" if method == "POST" else "")
        assert (answer.status, answer.header("Access-Control-Allow-Origin")) == (404, ""), path
    preflight = {"Origin": EVIL, "Access-Control-Request-Method": "POST"}
    assert jupyter.ask("OPTIONS", "/api/kernels", preflight).header("Access-Control-Allow-Origin") == ""


def test_the_login_cookie_goes_to_no_script_and_no_other_site(jupyter: Jupyter) -> None:
    xsrf = jupyter.ask("GET", "/login").cookies()["_xsrf"]["_xsrf"].value
    headers = {"Cookie": f"_xsrf={xsrf}", "Content-Type": "application/x-www-form-urlencoded"}
    cookies = jupyter.ask("POST", "/login", headers, f"_xsrf={xsrf}&password={jupyter.token}").cookies()
    ((name, cookie),) = [(name, one) for name, one in cookies.items() if name != "_xsrf"]
    assert (cookie[name]["httponly"], cookie[name]["samesite"]) == (True, "Strict")


@pytest.mark.parametrize("path", OUTSIDE)
def test_no_path_leads_out_of_the_workspace(jupyter: Jupyter, path: str) -> None:
    answer = jupyter.ask("GET", path, jupyter.authorized)
    assert b"root:" not in answer.body
    assert answer.status in {302, 403, 404} or b"jupyter-config-data" in answer.body


def test_a_folder_beside_the_workspace_is_out_of_reach(jupyter: Jupyter) -> None:
    # The root folder's own name as a prefix: /workspace is served, /workspace-secret would not be.
    for path in ("/api/contents/..%2fworkspace-secret", "/files/..%2fworkspace-secret/x"):
        assert jupyter.ask("GET", path, jupyter.authorized).status in {403, 404}, path


@pytest.mark.parametrize("next_", ["//evil.example", "///evil.example/", "/%5Cevil.example", "https:evil", EVIL])
def test_the_login_page_leads_to_no_other_site(jupyter: Jupyter, session: Session, next_: str) -> None:
    answer = jupyter.ask("GET", f"/login?next={next_}", session.headers)
    assert answer.status == 302
    assert re.match(r"/(?![/\\])", answer.header("Location"))


def test_a_hostile_notebook_converted_to_a_page_is_in_a_sandbox(jupyter: Jupyter) -> None:
    cell = {"cell_type": "markdown", "metadata": {}, "source": "<script>alert(1)</script>"}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    jupyter.api("PUT", "/api/contents/hostile.ipynb", {"type": "notebook", "content": notebook})
    try:
        answer = jupyter.ask("GET", "/nbconvert/html/hostile.ipynb", jupyter.authorized)
        assert answer.status == 404 or "sandbox" in answer.header("Content-Security-Policy")
    finally:
        jupyter.api("DELETE", "/api/contents/hostile.ipynb")


@pytest.mark.proves("other pages of the browser get nothing from JupyterLab", "real")
def test_no_page_can_put_jupyterlab_into_a_frame(jupyter: Jupyter, session: Session) -> None:
    for path in ("/lab", "/login", "/logout", "/files/missing", "/api/status"):
        answer = jupyter.ask("GET", path, session.headers)
        assert "frame-ancestors 'none'" in answer.header("Content-Security-Policy"), path
        assert answer.header("X-Frame-Options") == "DENY", path


def test_no_other_page_can_put_tensorboard_into_a_frame(jupyter: Jupyter, session: Session) -> None:
    assert jupyter.ask("GET", "/tensorboard/", session.headers).header("X-Frame-Options") == "SAMEORIGIN"


def test_the_proxy_to_the_workspace_reaches_no_other_machine(jupyter: Jupyter) -> None:
    for host in ("169.254.169.254", "example.com", "10.0.0.1"):
        assert jupyter.ask("GET", f"/proxy/{host}:80/", jupyter.authorized).status == 403, host


def test_kernels_listen_on_no_port(jupyter: Jupyter) -> None:
    with jupyter.kernel() as kernel:
        connection = kernel.run("import json, sys; print(open(sys.argv[sys.argv.index('-f') + 1]).read())")
    assert json.loads(connection)["transport"] == "ipc"


@pytest.fixture(scope="module")
def stock(engine: docker.DockerClient, shared_env: SharedEnvironment) -> Iterator[Jupyter]:
    token = secrets.token_urlsafe(32)
    command = [
        "-m",
        "jupyterlab",
        "--ip=0.0.0.0",
        "--no-browser",
        f"--IdentityProvider.token={token}",
        "--ServerApp.root_dir=/home",
    ]
    container = engine.containers.run(
        shared_env.container.attrs["Image"],
        command,
        entrypoint="/opt/jupyter/bin/python",
        detach=True,
        user="1000:1000",
        tmpfs={"/home": "uid=1000,exec"},
        environment={"HOME": "/home"},
        ports={"8888/tcp": ("127.0.0.1", 0)},
    )
    try:
        server = Jupyter(port_of(container), token)
        wait_until(lambda: server.answers("/api"), "the server with stock settings answers")
        yield server
    finally:
        container.remove(force=True, v=True)


@pytest.mark.parametrize(
    ("attack", "given"),
    [
        (test_another_host_name_is_refused_even_with_the_token, {"host": "evil.example"}),
        (test_no_page_can_put_jupyterlab_into_a_frame, {"session": True}),
        (test_the_login_cookie_goes_to_no_script_and_no_other_site, {}),
        (test_kernels_listen_on_no_port, {}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_these_attacks_succeed_on_stock_settings(
    stock: Jupyter,
    attack: Callable[..., None],
    given: dict[str, Any],
) -> None:
    given = given | ({"session": stock.login()} if "session" in given else {})
    with pytest.raises(AssertionError):
        attack(stock, **given)
