"""Attacks on JupyterLab: by web pages in the developer's browser, hostile notebooks and paths.

Every attack runs against a running environment. Attacks that succeed against JupyterLab's default settings also run
against a server with those settings, to show that the tests can fail.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING

import pytest

from tests.support.jupyter_client import Jupyter, port_of
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import docker

    from tests.functional.conftest import SharedEnvironment
    from tests.support.jupyter_client import Session

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
STREAM = {"Accept": "text/event-stream"}


@pytest.mark.proves("web pages cannot reach JupyterLab under another host name", "real")
def test_other_host_names_are_refused_with_a_token(jupyter: Jupyter) -> None:
    for host in HOSTS:
        for path in ("/api", "/api/status", "/login", "/tensorboard/", "/proxy/6006/", "/static/logo/logo.png"):
            response = jupyter.request("GET", path, {**jupyter.authorized, "Host": host})
            assert response.status in {400, 403}, (host, path)


@pytest.mark.proves("other pages in the browser get no data from JupyterLab", "real")
def test_form_of_another_page_cannot_write(jupyter: Jupyter, session: Session) -> None:
    for headers in (
        {},
        {"Content-Type": "text/plain", "Referer": f"{EVIL}/"},
        {"Content-Type": "application/x-www-form-urlencoded", "Referer": f"http://127.0.0.1:{jupyter.port}/"},
        {"X-XSRFToken": "guessed"},
    ):
        for path in ("/api/kernels", "/api/terminals", "/api/shutdown"):
            assert jupyter.request("POST", path, {**session.headers, **headers}, "{}").status == 403, (path, headers)
    assert jupyter.request("POST", "/login", body=f"password={jupyter.token}").status == 403


@pytest.mark.proves("other pages in the browser get no data from JupyterLab", "real")
def test_requests_from_another_origin_are_refused(jupyter: Jupyter, session: Session) -> None:
    headers = {**session.headers, "X-XSRFToken": session.xsrf, "Origin": EVIL}
    for method, path in (("GET", "/api/contents"), ("POST", "/api/kernels"), ("DELETE", "/api/contents/x")):
        response = jupyter.request(method, path, headers, "{}" if method == "POST" else "")
        assert (response.status, response.header("Access-Control-Allow-Origin")) == (404, ""), path
    preflight = {"Origin": EVIL, "Access-Control-Request-Method": "POST"}
    assert jupyter.request("OPTIONS", "/api/kernels", preflight).header("Access-Control-Allow-Origin") == ""


def test_login_cookie_is_httponly_and_samesite_strict(jupyter: Jupyter) -> None:
    xsrf = jupyter.request("GET", "/login").cookies()["_xsrf"]["_xsrf"].value
    headers = {"Cookie": f"_xsrf={xsrf}", "Content-Type": "application/x-www-form-urlencoded"}
    cookies = jupyter.request("POST", "/login", headers, f"_xsrf={xsrf}&password={jupyter.token}").cookies()
    ((name, cookie),) = [(name, cookie) for name, cookie in cookies.items() if name != "_xsrf"]
    assert (cookie[name]["httponly"], cookie[name]["samesite"]) == (True, "Strict")


def test_no_path_leaves_the_workspace(jupyter: Jupyter) -> None:
    for path in OUTSIDE:
        response = jupyter.request("GET", path, jupyter.authorized)
        assert b"root:" not in response.body, path
        assert response.status in {302, 403, 404} or b"jupyter-config-data" in response.body, path


def test_siblings_of_the_workspace_are_not_served(jupyter: Jupyter) -> None:
    # /workspace is the root folder; a check by prefix would also serve /workspace-secret.
    for path in ("/api/contents/..%2fworkspace-secret", "/files/..%2fworkspace-secret/x"):
        assert jupyter.request("GET", path, jupyter.authorized).status in {403, 404}, path


def test_login_page_redirects_to_no_other_site(jupyter: Jupyter, session: Session) -> None:
    for target in ("//evil.example", "///evil.example/", "/%5Cevil.example", "https:evil", EVIL):
        response = jupyter.request("GET", f"/login?next={target}", session.headers)
        assert response.status == 302, target
        assert re.match(r"/(?![/\\])", response.header("Location")), target


def test_converted_notebooks_are_sandboxed(jupyter: Jupyter) -> None:
    cell = {"cell_type": "markdown", "metadata": {}, "source": "<script>alert(1)</script>"}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    jupyter.api("PUT", "/api/contents/hostile.ipynb", {"type": "notebook", "content": notebook})
    try:
        response = jupyter.request("GET", "/nbconvert/html/hostile.ipynb", jupyter.authorized)
        assert response.status == 404 or "sandbox" in response.header("Content-Security-Policy")
    finally:
        jupyter.api("DELETE", "/api/contents/hostile.ipynb")


@pytest.mark.proves("other pages in the browser get no data from JupyterLab", "real")
def test_jupyterlab_cannot_be_framed(jupyter: Jupyter, session: Session) -> None:
    for path in ("/lab", "/login", "/logout", "/files/missing", "/api/status"):
        response = jupyter.request("GET", path, session.headers)
        assert "frame-ancestors 'none'" in response.header("Content-Security-Policy"), path
        assert response.header("X-Frame-Options") == "DENY", path


def test_proxied_pages_cannot_be_framed_by_other_origins(jupyter: Jupyter, session: Session) -> None:
    # TensorBoard, a program on a port, an event stream, and a port without a program.
    requests: tuple[tuple[str, dict[str, str]], ...] = (
        ("/tensorboard/", {}),
        ("/proxy/8888/api", {}),
        ("/proxy/8888/api", STREAM),
        ("/proxy/1/", {}),
    )
    for path, headers in requests:
        response = jupyter.request("GET", path, {**session.headers, **headers})
        assert response.header("X-Frame-Options") == "SAMEORIGIN", path
        assert "frame-ancestors 'self'" in response.header("Content-Security-Policy"), path


def test_proxy_reaches_no_other_machine(jupyter: Jupyter) -> None:
    for host in ("169.254.169.254", "example.com", "10.0.0.1"):
        assert jupyter.request("GET", f"/proxy/{host}:80/", jupyter.authorized).status == 403, host


def test_kernels_open_no_port(jupyter: Jupyter) -> None:
    with jupyter.kernel() as kernel:
        connection = kernel.run("import json, sys; print(open(sys.argv[sys.argv.index('-f') + 1]).read())")
    assert json.loads(connection)["transport"] == "ipc"


@pytest.fixture(scope="module")
def default_server(engine: docker.DockerClient, shared_env: SharedEnvironment) -> Iterator[Jupyter]:
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
        wait_until(lambda: server.responds("/api"), "the server with default settings answers")
        yield server
    finally:
        container.remove(force=True, v=True)


@pytest.mark.parametrize(
    ("attack", "needs_session"),
    [
        (test_other_host_names_are_refused_with_a_token, False),
        (test_jupyterlab_cannot_be_framed, True),
        (test_login_cookie_is_httponly_and_samesite_strict, False),
        (test_kernels_open_no_port, False),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_attack_succeeds_with_default_settings(
    default_server: Jupyter, attack: Callable[..., None], *, needs_session: bool
) -> None:
    arguments = [default_server.login()] if needs_session else []
    with pytest.raises(AssertionError):
        attack(default_server, *arguments)
