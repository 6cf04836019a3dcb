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

from envkit import credentials, files, net, tunnel
from envkit.commands import forward, project, reach
from envkit.engines import glance
from envkit.errors import Exit, Refusal, Unhealthy
from envkit.model.report import Progress, Report
from envkit.observe import door, ready
from envkit.render.environment import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envkit.commands.project import Known
    from envkit.state import Place

    Say = Callable[[Progress], None]

OPENED_S = 60
KEPT_S = 15  # what the browser needs to read its page, where the file system does not tell that it did
SNAPS = Path("/snap/bin")
PAUSE_S = 0.1
INCLUDE = "Include "


@dataclass(frozen=True, slots=True)
class Opened:
    """A browser that was sent to JupyterLab.

    Attributes:
        name: The environment's name.
        url: JupyterLab's address, without the token.
        logged_in: Whether the browser arrived.
        forwarded: Whether the address is there only until the command is interrupted.
        browser: Whether there is one on this host. Where there is none, the address is for one elsewhere.
    """

    name: str
    url: str
    logged_in: bool
    forwarded: bool = False
    browser: bool = True


def token(known: Known) -> str:
    """Return the Jupyter token.

    Raises:
        Refusal: There is none yet.
    """
    found = credentials.token(known.place)
    if not found:
        raise Refusal(f"the environment {known.name} has no token yet", mend=known.mend)
    return found


def open_(known: Known, shown: Callable[[Report[Opened]], int], say: Say) -> int:
    """Send the caller's browser to JupyterLab, logged in, and say so.

    Where JupyterLab listens on a socket alone, a port is forwarded to it, until the caller interrupts.

    Args:
        known: The environment.
        shown: Prints the report; returns the exit code.
        say: Gets the news.

    Raises:
        Refusal: No browser can be started here.
        StartFailed: The environment does not run.
        Unhealthy: JupyterLab does not answer with our token.
    """
    title, at = known.container, known.endpoint
    if tunnel.is_remote(at):
        known.connect()
    if glance.running(at, title) is None:
        project.running(known.connect(), known)  # says so where it is down
    if not glance.holds(at, title, 0):
        # While our container runs, the port is the engine's; else the token might go to whoever took the port.
        there, forwarded = known.state.port, known.state.forwarded

        def ours() -> bool:
            return glance.holds(at, title, there) and bool(reach.here(at, forwarded, there))

        return shown(_opened(known, reach.here(at, forwarded, there), ours, say))
    with forward.forwarded(known.place.client / "ssh_config", title, known.mend) as kept:
        report, code = _opened(known, kept.port, kept.alive, say, forwarded=True), int(Exit.OK)
        with suppress(KeyboardInterrupt):  # from the moment on when the address is shown, that is the way to end
            code = shown(report)
            kept.wait()
        return code


def _opened(
    known: Known, port: int, ours: Callable[[], bool], say: Say, *, forwarded: bool = False
) -> Report[Opened]:
    """Open JupyterLab through a file that only the caller can read.

    The token stands in that file alone: in no argument of the browser, where every user of the host could
    read it. The file goes once the browser has had time to log in.
    """
    secret = token(known)
    if not ours() or ready.answers(door.at_port(port), secret) != ready.OK:
        raise Unhealthy(f"JupyterLab of {known.name} does not answer at port {port}", mend=known.mend)
    url = f"http://127.0.0.1:{port}"
    # Straight to the page: browsers do not send a SameSite=Strict cookie along a redirect that began in a file.
    # JupyterLab takes the token out of its address as it loads.
    target = f"{url}/lab?token={quote(secret, safe='')}"
    before = _activity(port, secret, ours)
    with _page(known, text("open.html.j2", name=known.name, target=target)) as page:
        if not _browse(page):
            if forwarded:  # a shared server: the user's browser is on another machine
                return Report("open", known.name, Opened(known.name, f"{url}/lab", logged_in=False, forwarded=True,
                                                         browser=False))
            raise _no_browser(port)
        limit_s = float(os.environ.get("ENVKIT_OPEN_TIMEOUT_S") or OPENED_S)
        say(Progress("open", f"waiting for the browser to log in, at most {limit_s:g} s"))
        unread = page.stat().st_atime_ns
        arrived = _arrived(
            lambda: _activity(port, secret, ours), before, limit_s, read=lambda: page.stat().st_atime_ns != unread
        )
    code = Exit.OK if arrived else Exit.CHECK_FAILED
    return Report("open", known.name, Opened(known.name, f"{url}/lab", arrived, forwarded), exit_code=code)


def _no_browser(port: int) -> Refusal:
    mend = f"ssh -L {port}:127.0.0.1:{port} USER@THIS-HOST on your own machine, open http://127.0.0.1:{port}/lab"
    return Refusal("no browser can be started here", mend=f"{mend}, paste `envkit token`")


def ssh_config(known: Known) -> str:
    """Return the SSH host entry.

    Raises:
        Refusal: There is none yet.
    """
    content = files.read(known.place.client / "ssh_config")
    if content is None:
        raise Refusal(f"the environment {known.name} has no SSH entry yet", mend=known.mend)
    return content.decode()


def install_ssh_config(known: Known) -> Path:
    """Make the entry known to every SSH client of the caller: one Include line at the top of `~/.ssh/config`.

    Where the file is a link, what it leads to is changed: such links belong to a collection of settings.

    Raises:
        OSError: The file cannot be read or written.
        Refusal: The folder belongs to somebody else, as it does to root when sudo keeps a user's home.
    """
    folder = Path.home() / ".ssh"
    if not folder.is_dir():
        files.private_folder(folder)
    if folder.stat().st_uid != os.getuid():
        raise Refusal(f"{folder} belongs to somebody else", mend="run the command as that user, without sudo")
    named = folder / "config"
    path = Path(os.path.realpath(named))
    line = _include(known.place)
    before = (files.read(path) or b"").decode(errors="surrogateescape")
    if line not in before:
        # An Include below a Host line would belong to that host alone, so it goes first.
        files.write(path, (line + before).encode(errors="surrogateescape"))
    return named


def uninstall_ssh_config(place: Place) -> Path | None:
    """Take our own line out of the caller's `~/.ssh/config`: what it includes is gone. Return the file if it had one.

    What cannot be read or written stays: a client passes by what is not there.
    """
    with suppress(OSError, RuntimeError):  # there may be no home
        named = Path.home() / ".ssh" / "config"
        path = Path(os.path.realpath(named))
        before, line = files.read(path) or b"", os.fsencode(_include(place))
        lines = before.splitlines(keepends=True)
        found = path.stat()
        if line in lines and found.st_uid == os.getuid():
            files.write(path, b"".join(one for one in lines if one != line), mode=stat.S_IMODE(found.st_mode))
            return named
    return None


def _include(place: Place) -> str:
    return f'{INCLUDE}"{place.client / "ssh_config"}"\n'


def _browse(page: Path) -> bool:
    try:
        return webbrowser.open(page.as_uri())
    except webbrowser.Error:
        return False


@contextmanager
def _page(known: Known, content: str) -> Iterator[Path]:
    """Put the page where the caller's browser can read it and nobody else can, and take it away again.

    That is the state folder. It is hidden in the home, and a browser from a snap sees only what is in the home
    and not hidden: where there are snaps, the page lies in a folder of its own in the home meanwhile.
    """
    if SNAPS.is_dir() and not _seen_by_snaps(known.place.folder):
        with tempfile.TemporaryDirectory(prefix="envkit-open-", dir=Path.home()) as folder:
            page = Path(folder) / "open.html"
            files.write(page, content.encode())
            yield page
        return
    page = known.place.folder / "open.html"
    files.write(page, content.encode())
    try:
        yield page
    finally:
        files.remove(page)


def _seen_by_snaps(folder: Path) -> bool:
    home = Path.home()
    return folder.is_relative_to(home) and not folder.relative_to(home).parts[0].startswith(".")


def _arrived(
    activity: Callable[[], str], before: str, limit_s: float, *, read: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic, pause: Callable[[float], None] = time.sleep,
) -> bool:
    """Wait until the browser read its page and the server was used after `before`; say whether that came to be.

    Use alone may be a page that is open already, or a kernel at work. Where the file system does not tell when a
    file was read, it has to do once the browser had time to read.
    """
    began = clock()
    while (waited := clock() - began) < limit_s:
        now = activity()
        before = before or now
        if now not in {"", before} and (read() or waited >= KEPT_S):
            return True
        pause(PAUSE_S)
    return False


def _activity(port: int, secret: str, ours: Callable[[], bool]) -> str:
    """Return when our server was last used, or nothing if it does not say; asking does not count as use."""
    if not ours():
        return ""
    answer = net.get(port, "/api/status", headers={"Authorization": f"token {secret}"})
    try:
        return str(json.loads(answer.body)["last_activity"])
    except (ValueError, KeyError, TypeError, RecursionError):  # what answers was started by the container
        return ""


