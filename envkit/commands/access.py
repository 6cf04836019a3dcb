"""`open`, `token`, `ssh-config`: the ways in, each for its owner alone."""

from __future__ import annotations

import json
import os
import stat
import tempfile
import time
import webbrowser
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from envkit import credentials, ssh_tunnel
from envkit.backends.docker import fast_inspect
from envkit.environment import jupyter_forward, project
from envkit.environment.remote import ports
from envkit.errors import ExitCode, PreconditionError, Unhealthy
from envkit.fs import files
from envkit.model.report import Progress, Report
from envkit.net import http
from envkit.observe import jupyter_client, readiness
from envkit.render.jinja import render_template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envkit.environment.project import Environment
    from envkit.state import StateDir

    ProgressCallback = Callable[[Progress], None]

LOGIN_TIMEOUT_S = 60
PAGE_LOAD_S = 15  # what the browser needs to read its page, where the file system does not tell that it did
SNAP_BIN = Path("/snap/bin")
POLL_INTERVAL_S = 0.1
INCLUDE_PREFIX = "Include "


@dataclass(frozen=True, slots=True)
class OpenResult:
    """A browser that was sent to JupyterLab.

    Attributes:
        name: The environment's name.
        url: JupyterLab's address, without the token.
        logged_in: Whether the browser arrived.
        forwarded: Whether the address is there only until the command is interrupted.
        has_browser: Whether there is one on this host. Where there is none, the address is for one elsewhere.
    """

    name: str
    url: str
    logged_in: bool
    forwarded: bool = False
    has_browser: bool = True


def read_token(environment: Environment) -> str:
    """Return the Jupyter token.

    Raises:
        Refusal: There is none yet.
    """
    token = credentials.token(environment.state_dir)
    if not token:
        raise PreconditionError(f"the environment {environment.name} has no token yet", hint=environment.hint)
    return token


def open_lab(
    environment: Environment, show_report: Callable[[Report[OpenResult]], int], on_progress: ProgressCallback
) -> int:
    """Send the caller's browser to JupyterLab, logged in, and say so.

    Where JupyterLab listens on a socket alone, a port is forwarded to it, until the caller interrupts.

    Args:
        environment: The environment.
        show_report: Prints the report; returns the exit code.
        on_progress: Gets the news.

    Raises:
        Refusal: No browser can be started here.
        StartFailed: The environment does not run.
        Unhealthy: JupyterLab does not answer with our token.
    """
    container_name, endpoint = environment.container_name, environment.endpoint
    if ssh_tunnel.is_remote(endpoint):
        environment.connect()
    if fast_inspect.running_container(endpoint, container_name) is None:
        project.require_running(environment.connect(), environment)  # says so where it is down
    if not fast_inspect.owns_port(endpoint, container_name, 0):
        # While our container runs, the port is the engine's; else the token might go to whoever took the port.
        engine_port, port_forwards = environment.state.port, environment.state.forwarded

        def holds_port() -> bool:
            return fast_inspect.owns_port(endpoint, container_name, engine_port) and bool(
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
        with suppress(KeyboardInterrupt):  # from the moment on when the address is shown, that is the way to end
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

    The token stands in that file alone: in no argument of the browser, where every user of the host could
    read it. The file goes once the browser has had time to log in.
    """
    secret = read_token(environment)
    if not holds_port() or readiness.get_token_status(jupyter_client.port_client(port), secret) != readiness.OK:
        raise Unhealthy(f"JupyterLab of {environment.name} does not answer at port {port}", hint=environment.hint)
    url = f"http://127.0.0.1:{port}"
    # Straight to the page: browsers do not send a SameSite=Strict cookie along a redirect that began in a file.
    # JupyterLab takes the token out of its address as it loads.
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
    return PreconditionError("no browser can be started here", hint=f"{hint}, paste `envkit token`")


def read_ssh_config(environment: Environment) -> str:
    """Return the SSH host entry.

    Raises:
        Refusal: There is none yet.
    """
    content = files.read(environment.state_dir.client / "ssh_config")
    if content is None:
        raise PreconditionError(f"the environment {environment.name} has no SSH entry yet", hint=environment.hint)
    return content.decode()


def install_ssh_config(environment: Environment) -> Path:
    """Make the entry known to every SSH client of the caller: one Include line at the top of `~/.ssh/config`.

    Where the file is a link, what it leads to is changed: such links belong to a collection of settings.

    Raises:
        OSError: The file cannot be read or written.
        Refusal: The folder belongs to somebody else, as it does to root when sudo keeps a user's home.
    """
    folder = Path.home() / ".ssh"
    if not folder.is_dir():
        files.ensure_private_folder(folder)
    if folder.stat().st_uid != os.getuid():
        raise PreconditionError(f"{folder} belongs to somebody else", hint="run the command as that user, without sudo")
    config_path = folder / "config"
    real_path = Path(os.path.realpath(config_path))
    line = _include_line(environment.state_dir)
    content = (files.read(real_path) or b"").decode(errors="surrogateescape")
    if line not in content:
        # An Include below a Host line would belong to that host alone, so it goes first.
        files.write(real_path, (line + content).encode(errors="surrogateescape"))
    return config_path


def uninstall_ssh_config(state_dir: StateDir) -> Path | None:
    """Take our own line out of the caller's `~/.ssh/config`: what it includes is gone. Return the file if it had one.

    What cannot be read or written stays: a client passes by what is not there.
    """
    with suppress(OSError, RuntimeError):  # there may be no home
        config_path = Path.home() / ".ssh" / "config"
        real_path = Path(os.path.realpath(config_path))
        content, line = files.read(real_path) or b"", os.fsencode(_include_line(state_dir))
        lines = content.splitlines(keepends=True)
        file_stat = real_path.stat()
        if line in lines and file_stat.st_uid == os.getuid():
            files.write(
                real_path, b"".join(other for other in lines if other != line), mode=stat.S_IMODE(file_stat.st_mode)
            )
            return config_path
    return None


def _include_line(state_dir: StateDir) -> str:
    return f'{INCLUDE_PREFIX}"{state_dir.client / "ssh_config"}"\n'


def _start_browser(page: Path) -> bool:
    try:
        return webbrowser.open(page.as_uri())
    except webbrowser.Error:
        return False


@contextmanager
def _temporary_page(environment: Environment, content: str) -> Iterator[Path]:
    """Put the page where the caller's browser can read it and nobody else can, and take it away again.

    That is the state folder. It is hidden in the home, and a browser from a snap sees only what is in the home
    and not hidden: where there are snaps, the page lies in a folder of its own in the home meanwhile.
    """
    if SNAP_BIN.is_dir() and not _is_visible_to_snaps(environment.state_dir.folder):
        with tempfile.TemporaryDirectory(prefix="envkit-open-", dir=Path.home()) as folder:
            page = Path(folder) / "open.html"
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
    home = Path.home()
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
    """Wait until the browser read its page and the server was used after `initial`; say whether that came to be.

    Use alone may be a page that is open already, or a kernel at work. Where the file system does not tell when a
    file was read, it has to do once the browser had time to read.
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
    """Return when our server was last used, or nothing if it does not say; asking does not count as use."""
    if not holds_port():
        return ""
    response = http.get(port, "/api/status", headers={"Authorization": f"token {secret}"})
    try:
        return str(json.loads(response.body)["last_activity"])
    except (ValueError, KeyError, TypeError, RecursionError):  # what answers was started by the container
        return ""
