"""`open`: open JupyterLab in the caller's browser, logged in."""

from __future__ import annotations

import json
import os
import time
import webbrowser
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from envkit import backends, ssh_tunnel, state_paths
from envkit.commands.token import token
from envkit.environment import jupyter_forward, project
from envkit.environment.remote import ports
from envkit.errors import ExitCode, PreconditionError, Unhealthy
from envkit.fs import files, temporary
from envkit.model.report import Progress, Report
from envkit.net import http
from envkit.observe import jupyter_client, readiness
from envkit.render.jinja import render_template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envkit.environment.project import Environment

    ProgressCallback = Callable[[Progress], None]

LOGIN_TIMEOUT_S = 60
PAGE_LOAD_S = 15  # time for the browser to read its page on a file system without access times
SNAP_BIN = Path("/snap/bin")
POLL_INTERVAL_S = 0.1


@dataclass(frozen=True, slots=True)
class OpenResult:
    """A browser opened at JupyterLab.

    Attributes:
        name: Name of the environment.
        url: JupyterLab's address without the token.
        logged_in: Whether the browser logged in.
        forwarded: Whether the address works only until the command is interrupted.
        has_browser: Whether this host has a browser; if not, the address is for a browser on another machine.
    """

    name: str
    url: str
    logged_in: bool
    forwarded: bool = False
    has_browser: bool = True


def open_lab(
    environment: Environment, show_report: Callable[[Report[OpenResult]], int], on_progress: ProgressCallback
) -> int:
    """Open JupyterLab in the caller's browser, logged in, and return the exit code.

    If JupyterLab listens on a Unix socket only, a port is forwarded to it until the caller interrupts.

    Args:
        environment: Environment to open.
        show_report: Function that prints the report and returns the exit code.
        on_progress: Callback for progress.

    Raises:
        PreconditionError: No browser can be started on this host.
        StartFailed: The environment is not running.
        Unhealthy: JupyterLab does not accept the environment's token.
    """
    container_name, endpoint = environment.container_name, environment.endpoint
    if ssh_tunnel.is_remote(endpoint):
        environment.connect()
    if backends.fast(endpoint).running_container(container_name) is None:
        project.require_running(environment.connect(), environment)  # raises if it is down
    if not backends.fast(endpoint).owns_port(container_name, 0):
        # While our container runs, the engine owns the port; otherwise another process could receive the token.
        engine_port, port_forwards = environment.state.port, environment.state.forwarded

        def holds_port() -> bool:
            return backends.fast(endpoint).owns_port(container_name, engine_port) and bool(
                ports.local_port(endpoint, port_forwards, engine_port)
            )

        return show_report(
            _open_browser(environment, ports.local_port(endpoint, port_forwards, engine_port), holds_port, on_progress)
        )
    with jupyter_forward.open_forward(
        environment.state_dir.client / "ssh_config", container_name, environment.hint
    ) as port_forward:
        report, code = (
            _open_browser(environment, port_forward.port, port_forward.is_alive, on_progress, forwarded=True),
            int(ExitCode.OK),
        )
        with suppress(KeyboardInterrupt):  # Ctrl-C ends the forward once the address is shown
            code = show_report(report)
            port_forward.wait()
        return code


def _open_browser(
    environment: Environment,
    port: int,
    holds_port: Callable[[], bool],
    on_progress: ProgressCallback,
    *,
    forwarded: bool = False,
) -> Report[OpenResult]:
    """Open JupyterLab through a file that only the caller can read.

    Only that file contains the token: every user of the host can read the arguments of the browser's process. The
    file is removed once the browser has had time to log in.
    """
    secret = token(environment)
    if not holds_port() or readiness.get_token_status(jupyter_client.port_client(port), secret) != readiness.OK:
        raise Unhealthy(
            f"JupyterLab of {environment.name} does not answer at port {port}",
            code="jupyter-unreachable",
            hint=environment.hint,
        )
    url = f"http://127.0.0.1:{port}"
    # Straight to the page: browsers do not send a SameSite=Strict cookie with a redirect from a file.
    # JupyterLab removes the token from its address when it loads.
    target = f"{url}/lab?token={quote(secret, safe='')}"
    initial_activity = _last_activity(port, secret, holds_port)
    with _temporary_page(environment, render_template("open.html.j2", name=environment.name, target=target)) as page:
        if not _start_browser(page):
            if forwarded:  # a shared server: the user's browser is on another machine
                return Report(
                    "open",
                    environment.name,
                    OpenResult(environment.name, f"{url}/lab", logged_in=False, forwarded=True, has_browser=False),
                )
            raise _no_browser_error(port)
        timeout_s = float(os.environ.get("ENVKIT_OPEN_TIMEOUT_S") or LOGIN_TIMEOUT_S)
        on_progress(Progress("open", f"waiting for the browser to log in, at most {timeout_s:g} s"))
        initial_atime = page.stat().st_atime_ns
        logged_in = _wait_for_login(
            lambda: _last_activity(port, secret, holds_port),
            initial_activity,
            timeout_s,
            is_page_read=lambda: page.stat().st_atime_ns != initial_atime,
        )
    code = ExitCode.OK if logged_in else ExitCode.CHECK_FAILED
    return Report(
        "open", environment.name, OpenResult(environment.name, f"{url}/lab", logged_in, forwarded), exit_code=code
    )


def _no_browser_error(port: int) -> PreconditionError:
    hint = f"ssh -L {port}:127.0.0.1:{port} USER@THIS-HOST on your own machine, open http://127.0.0.1:{port}/lab"
    return PreconditionError(
        "no browser can be started on this host", code="browser-missing", hint=f"{hint}, paste `envkit token`"
    )


def _start_browser(page: Path) -> bool:
    try:
        return webbrowser.open(page.as_uri())
    except webbrowser.Error:
        return False


@contextmanager
def _temporary_page(environment: Environment, content: str) -> Iterator[Path]:
    """Write the page where only the caller's browser can read it, and remove it afterwards.

    That is the state folder, which is hidden in the home. A browser from a snap reads only files in the home that are
    not hidden: on a host with snaps the page is in a temporary folder in the home.
    """
    if SNAP_BIN.is_dir() and not _is_visible_to_snaps(environment.state_dir.folder):
        with temporary.folder("envkit-open-", Path(state_paths.require_home())) as folder:
            page = folder / "open.html"
            files.write(page, content.encode())
            yield page
        return
    page = environment.state_dir.folder / "open.html"
    files.write(page, content.encode())
    try:
        yield page
    finally:
        files.remove(page)


def _is_visible_to_snaps(folder: Path) -> bool:
    home = Path(state_paths.require_home())
    return folder.is_relative_to(home) and not folder.relative_to(home).parts[0].startswith(".")


def _wait_for_login(
    get_activity: Callable[[], str],
    initial: str,
    timeout_s: float,
    *,
    is_page_read: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Wait until the browser has read its page and the server was used after `initial`; return whether it was.

    Activity alone may come from a page that was open before, or from a busy kernel. On a file system without access
    times, activity counts once the browser has had time to read the page.
    """
    start = clock()
    while (elapsed := clock() - start) < timeout_s:
        current = get_activity()
        initial = initial or current
        if current not in {"", initial} and (is_page_read() or elapsed >= PAGE_LOAD_S):
            return True
        sleep(POLL_INTERVAL_S)
    return False


def _last_activity(port: int, secret: str, holds_port: Callable[[], bool]) -> str:
    """Return when our server was last used, or an empty string if it does not answer; this request is not use."""
    if not holds_port():
        return ""
    response = http.get(port, "/api/status", headers={"Authorization": f"token {secret}"})
    try:
        return str(json.loads(response.body)["last_activity"])
    except (ValueError, KeyError, TypeError, RecursionError):  # container code answers
        return ""
