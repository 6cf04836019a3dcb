"""`open`, `token`, `ssh-config`: the ways in, each for its owner alone."""

from __future__ import annotations

import json
import os
import time
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from envkit import credentials, files, names, net
from envkit.engines import glance
from envkit.errors import Refusal, Unhealthy
from envkit.model.report import Report
from envkit.observe import ready
from envkit.render.environment import text

if TYPE_CHECKING:
    from envkit.commands.project import Known

OPENED_S = 60
PAUSE_S = 0.1
INCLUDE = "Include "


@dataclass(frozen=True, slots=True)
class Opened:
    """A browser that was sent to JupyterLab.

    Attributes:
        name: The environment's name.
        url: JupyterLab's address, without the token.
        logged_in: Whether the browser arrived.
    """

    name: str
    url: str
    logged_in: bool


def token(known: Known) -> str:
    """Return the Jupyter token.

    Raises:
        Refusal: There is none yet.
    """
    found = credentials.token(known.place)
    if not found:
        raise Refusal(f"the environment {known.name} has no token yet", mend="envkit up")
    return found


def open_(known: Known) -> Report[Opened]:
    """Send the caller's browser to JupyterLab, logged in, through a file that only the caller can read.

    The token stands in that file alone: in no argument of the browser, where every user of the host could
    read it. The file goes once the browser has logged in.

    Raises:
        Refusal: No browser can be started here.
        Unhealthy: JupyterLab does not answer with our token.
    """
    secret, port = token(known), known.state.port
    # While our container runs, the port is the engine's; else the token might go to whoever took the port.
    running = glance.running(known.endpoint, names.container(known.owner, known.name))
    if running is None or running.labels.get(names.PORT) != str(port) or ready.answers(port, secret) != ready.OK:
        raise Unhealthy(f"JupyterLab of {known.name} does not answer at port {port}", mend="envkit up")
    url = f"http://127.0.0.1:{port}"
    page = known.place.folder / "open.html"
    # Straight to the page: browsers do not send a SameSite=Strict cookie along a redirect that began in a file.
    # JupyterLab takes the token out of its address as it loads.
    target = f"{url}/lab?token={quote(secret, safe='')}"
    files.write(page, text("open.html.j2", name=known.name, target=target).encode())
    before = _activity(port, secret)
    try:
        if not _browse(page):
            raise Refusal(
                "no browser can be started here",
                mend=f"ssh -L {port}:127.0.0.1:{port} from your own machine, open {url}/lab, paste `envkit token`",
            )
        arrived = _wait_for_login(port, secret, before)
    finally:
        files.remove(page)
    return Report("open", known.name, Opened(known.name, f"{url}/lab", arrived))


def ssh_config(known: Known) -> str:
    """Return the SSH host entry.

    Raises:
        Refusal: There is none yet.
    """
    content = files.read(known.place.client / "ssh_config")
    if content is None:
        raise Refusal(f"the environment {known.name} has no SSH entry yet", mend="envkit up")
    return content.decode()


def install_ssh_config(known: Known) -> Path:
    """Make the entry known to every SSH client of the caller: one Include line at the top of `~/.ssh/config`.

    Raises:
        OSError: The file cannot be written.
    """
    folder = Path.home() / ".ssh"
    path = folder / "config"
    if not folder.is_dir():
        files.private_folder(folder)
    line = f'{INCLUDE}"{known.place.client / "ssh_config"}"\n'
    before = (files.read(path) or b"").decode(errors="surrogateescape")
    if line not in before:
        # An Include below a Host line would belong to that host alone, so it goes first.
        files.write(path, (line + before).encode(errors="surrogateescape"))
    return path


def _browse(page: Path) -> bool:
    try:
        return webbrowser.open(page.as_uri())
    except webbrowser.Error:
        return False


def _wait_for_login(port: int, secret: str, before: str) -> bool:
    until = time.monotonic() + float(os.environ.get("ENVKIT_OPEN_TIMEOUT_S") or OPENED_S)
    while time.monotonic() < until:
        if _activity(port, secret) != before:
            return True
        time.sleep(PAUSE_S)
    return False


def _activity(port: int, secret: str) -> str:
    """Return when the server was last used; asking for it does not count as use."""
    answer = net.get(port, "/api/status", headers={"Authorization": f"token {secret}"})
    try:
        return str(json.loads(answer.body)["last_activity"])
    except (ValueError, KeyError, TypeError):
        return ""


