"""JupyterLab under attack: from the network, from web pages in the developer's browser, from hostile notebooks.

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
    from tests.functional.jupyter import Answer, Session

EVIL = "http://evil.example"
APIS = (
    "/api/status", "/api/me", "/api/contents", "/api/kernels", "/api/kernelspecs", "/api/sessions", "/api/terminals",
    "/api/config/notebook", "/api/nbconvert", "/api/events", "/api/spec.yaml", "/metrics", "/lab/api/settings",
    "/lab/api/workspaces", "/lab/api/extensions", "/lab/api/translations",
)
PAGES = (
    "/lab", "/lab/tree/x", "/doc", "/files/x", "/view/x", "/nbconvert/html/x.ipynb", "/custom/custom.css",
    "/proxy/6006/", "/proxy/localhost:6006/", "/proxy/absolute/6006/", "/tensorboard/", "/tensorboard/data/runs",
    "/server-proxy/servers-info",
)
WRITES = (
    ("POST", "/api/kernels"), ("POST", "/api/sessions"), ("POST", "/api/terminals"), ("POST", "/api/shutdown"),
    ("POST", "/api/contents"), ("PUT", "/api/contents/x"), ("PATCH", "/api/contents/x"), ("DELETE", "/api/contents/x"),
    ("POST", "/api/events"), ("PUT", "/lab/api/settings/a:b"), ("POST", "/lab/api/extensions"),
    ("POST", "/tensorboard/x"), ("POST", "/proxy/6006/x"),
)
HOSTS = ("evil.example", "evil.example:8888", "127.0.0.1.evil.example", "169.254.169.254", "10.0.0.1", "")
OUTSIDE = (
    "/api/contents/..%2f..%2fetc%2fpasswd", "/api/contents/%2e%2e/%2e%2e/etc/passwd", "/files/../../etc/passwd",
    "/files/..%2f..%2fetc%2fpasswd", "/files/%2e%2e%2f%2e%2e%2fetc/passwd", "/files//etc/passwd",
    "/static/..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd", "/lab/static/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/view/..%2f..%2fetc/passwd", "/lab/extensions/..%2f..%2f..%2fetc/passwd", "/custom/..%2f..%2fetc/passwd",
)


def login_asked_for(answer: Answer) -> bool:
    """Say whether an answer is a refusal, or the way to the login page."""
    return answer.status == 403 or (answer.status == 302 and answer.header("Location").startswith("/login?next="))


@pytest.fixture
def session(jupyter: Jupyter) -> Session:
    return jupyter.login()


@pytest.mark.proves("JupyterLab lets nobody in without the token", "real")
@pytest.mark.parametrize("path", [*APIS, *PAGES])
def test_nothing_is_read_without_a_token(jupyter: Jupyter, path: str) -> None:
    assert login_asked_for(jupyter.ask("GET", path))


def test_anybody_learns_the_version_and_no_more(jupyter: Jupyter) -> None:
    assert set(jupyter.ask("GET", "/api").json()) == {"version"}


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_nothing_is_written_without_a_token(jupyter: Jupyter, method: str, path: str) -> None:
    xsrf = jupyter.ask("GET", "/login").cookies()["_xsrf"]["_xsrf"].value
    right = {"Cookie": f"_xsrf={xsrf}", "X-XSRFToken": xsrf}
    assert jupyter.ask(method, path, body="{}").status == 403
    assert login_asked_for(jupyter.ask(method, path, right, "{}"))


@pytest.mark.proves("a wrong token is refused", "real")
def test_a_wrong_token_is_refused_in_every_place_a_token_may_stand(jupyter: Jupyter) -> None:
    nearly = jupyter.token[:-1] + ("a" if jupyter.token[-1] != "a" else "b")
    guessed = secrets.token_urlsafe(32)
    for wrong in (guessed, nearly, jupyter.token[:-1], jupyter.token + "a", jupyter.token.lower(), ""):
        for headers in ({"Authorization": f"token {wrong}"}, {"Authorization": f"Bearer {wrong}"}):
            assert jupyter.ask("GET", "/api/status", headers).status == 403, wrong
        assert jupyter.ask("GET", f"/api/status?token={wrong}").status == 403, wrong


def test_no_password_opens_the_login_form_but_the_token(jupyter: Jupyter) -> None:
    xsrf = jupyter.ask("GET", "/login").cookies()["_xsrf"]["_xsrf"].value
    for wrong in ("", "jupyter", jupyter.token[:-1]):
        headers = {"Cookie": f"_xsrf={xsrf}", "Content-Type": "application/x-www-form-urlencoded"}
        answer = jupyter.ask("POST", "/login", headers, f"_xsrf={xsrf}&password={wrong}")
        assert (answer.status, set(answer.cookies()) - {"_xsrf"}) == (401, set()), wrong


def test_the_token_is_too_long_to_be_guessed(jupyter: Jupyter) -> None:
    assert len(jupyter.token) >= 43
    assert len(set(jupyter.token)) > 16


@pytest.mark.proves("web pages cannot reach JupyterLab under another host name", "real")
@pytest.mark.parametrize("host", HOSTS)
def test_another_host_name_is_refused_even_with_the_token(jupyter: Jupyter, host: str) -> None:
    for path in ("/api", "/api/status", "/login", "/tensorboard/", "/proxy/6006/", "/static/logo/logo.png"):
        answer = jupyter.ask("GET", path, {**jupyter.authorized, "Host": host})
        assert answer.status in {400, 403}, path


def test_the_names_of_loopback_are_served(jupyter: Jupyter) -> None:
    for host in (f"localhost:{jupyter.port}", f"127.0.0.1:{jupyter.port}"):
        assert jupyter.ask("GET", "/api/status", {**jupyter.authorized, "Host": host}).status == 200


@pytest.mark.proves("other pages of the browser get nothing from JupyterLab", "real")
def test_a_logged_in_browser_cannot_be_made_to_write_by_a_form_of_another_page(
    jupyter: Jupyter, session: Session,
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
                assert jupyter.knock(path, headers) in {302, 403}, (path, headers)  # 302 leads to the login page
            assert jupyter.knock(path, jupyter.authorized) == 101, path
            assert jupyter.knock(path, {**session.headers, "Origin": f"http://{here}"}) == 101, path
    finally:
        jupyter.api("DELETE", f"/api/kernels/{kernel}")
        jupyter.api("DELETE", f"/api/terminals/{terminal}")


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


def test_files_of_the_workspace_can_be_downloaded(jupyter: Jupyter, session: Session) -> None:
    # A server too strict about where requests come from refuses every download.
    jupyter.api("PUT", "/api/contents/download.txt", {"type": "file", "format": "text", "content": "here"})
    try:
        referer = {"Referer": f"http://127.0.0.1:{jupyter.port}/lab"}
        assert jupyter.ask("GET", "/files/download.txt?download=1", session.headers | referer).body == b"here"
    finally:
        jupyter.api("DELETE", "/api/contents/download.txt")


@pytest.mark.proves("the token is in no log", "real")
def test_the_token_is_in_no_log_whatever_clients_do_with_it(jupyter: Jupyter, shared_env: SharedEnvironment) -> None:
    asked = f"?token={jupyter.token}"
    referer = {"Referer": f"http://127.0.0.1:{jupyter.port}/lab{asked}"}
    missing = f"/api/kernels/{'0' * 8}-0000-0000-0000-{'0' * 12}"
    jupyter.ask("GET", f"{missing}/channels{asked}")
    assert jupyter.knock(f"{missing}/channels{asked}", {}) == 404
    jupyter.ask("GET", f"/api/contents/missing{asked}", referer)
    jupyter.ask("GET", f"/login{asked}", {"Host": "evil.example"})
    jupyter.ask("POST", f"/api/kernels{asked}", {**jupyter.authorized, **referer}, "not JSON")
    jupyter.ask("GET", "/proxy/1/", {**jupyter.authorized, **referer})  # nothing listens there: a server error
    log = shared_env.container.logs().decode()
    assert "/channels" in log
    assert jupyter.token not in log


def test_no_other_page_can_put_tensorboard_into_a_frame(jupyter: Jupyter, session: Session) -> None:
    assert jupyter.ask("GET", "/tensorboard/", session.headers).header("X-Frame-Options") == "SAMEORIGIN"


@pytest.mark.proves("TensorBoard is served behind JupyterLab's login alone", "real")
def test_tensorboard_answers_behind_the_login(jupyter: Jupyter, session: Session) -> None:
    assert b"TensorBoard" in jupyter.ask("GET", "/tensorboard/", session.headers).body
    assert jupyter.ask("GET", "/tensorboard/data/runs", jupyter.authorized).json() == []
    assert login_asked_for(jupyter.ask("GET", "/tensorboard/data/runs"))


def test_the_proxy_to_the_workspace_reaches_no_other_machine(jupyter: Jupyter) -> None:
    for host in ("169.254.169.254", "example.com", "10.0.0.1"):
        assert jupyter.ask("GET", f"/proxy/{host}:80/", jupyter.authorized).status == 403, host


def test_kernels_listen_on_no_port(jupyter: Jupyter) -> None:
    with jupyter.kernel() as kernel:
        connection = kernel.run("import json, sys; print(open(sys.argv[sys.argv.index('-f') + 1]).read())")
    assert json.loads(connection)["transport"] == "ipc"


@pytest.mark.proves("JupyterLab has one kernel, the one with TensorFlow", "real")
def test_the_kernel_is_tensorflows(jupyter: Jupyter) -> None:
    assert set(jupyter.api("GET", "/api/kernelspecs").json()["kernelspecs"]) == {"python3"}
    with jupyter.kernel() as kernel:
        assert "2.9.0" in kernel.run("from importlib.metadata import version; print(version('tensorflow-cpu'))")


# The same attacks on a server with stock settings: most of the tests above have to fail there.


@pytest.fixture(scope="module")
def stock(engine: docker.DockerClient, shared_env: SharedEnvironment) -> Iterator[Jupyter]:
    token = secrets.token_urlsafe(32)
    command = [
        "-m", "jupyterlab", "--ip=0.0.0.0", "--no-browser", f"--IdentityProvider.token={token}",
        "--ServerApp.root_dir=/home",
    ]
    container = engine.containers.run(
        shared_env.container.attrs["Image"], command, entrypoint="/opt/jupyter/bin/python", detach=True,
        user="1000:1000", tmpfs={"/home": "uid=1000,exec"}, environment={"HOME": "/home"},
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
    stock: Jupyter, attack: Callable[..., None], given: dict[str, Any],
) -> None:
    given = given | ({"session": stock.login()} if "session" in given else {})
    with pytest.raises(AssertionError):
        attack(stock, **given)


def test_widgets_of_notebooks_can_be_shown(jupyter: Jupyter, session: Session) -> None:
    page = jupyter.ask("GET", "/lab", session.headers)
    config = json.loads(re.findall(rb'<script id="jupyter-config-data"[^>]*>(.*?)</script>', page.body, re.DOTALL)[0])
    (manager,) = [one for one in config["federated_extensions"] if one["name"] == "@jupyter-widgets/jupyterlab-manager"]
    script = f"/lab/extensions/{manager['name']}/{manager['load']}"
    assert jupyter.ask("GET", script, session.headers).status == 200
