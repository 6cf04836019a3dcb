"""JupyterLab's settings: the same in every workspace, and closed when anything is wrong.

Nothing is written into this file. What differs, the token and the settings, is read from files that are
mounted read-only. Jupyter itself starts without authentication when its token is empty, so whatever is
not exactly right ends the server here.
"""

from __future__ import annotations

import json
import logging
import os
import re
import stat
import warnings
from pathlib import Path
from typing import Any

from jupyter_server.utils import JupyterServerAuthWarning

MOUNT = Path("/run/secrets/envkit")
HOME = Path("/home/dev")
WORKSPACE = "/workspace"
SOCKET = "/run/envkit/jupyter.sock"
TENSORBOARD = "/opt/tensorflow/bin/tensorboard"
TOKEN = re.compile(r"[A-Za-z0-9_-]{43,}", re.ASCII)  # 43 characters carry 256 bits: Jupyter never slows guessing
TOKEN_IN_TEXT = re.compile(r"(?i)(\btoken(?:=|%3d|\s+))[^&\s\"'<>]+")


def read(path: Path) -> str:
    """Return a mounted file's text; a file that others may read, or that cannot be read, ends the server."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SystemExit(f"envkit: {path} cannot be read: {error}") from None
    if not stat.S_ISREG(mode) or mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SystemExit(f"envkit: {path} must be a file of mode 0600")
    return text


def read_token(path: Path) -> str:
    """Return the token; one that could be guessed ends the server."""
    token = read(path).strip()
    if not TOKEN.fullmatch(token):
        raise SystemExit(f"envkit: {path} holds no token of 43 or more characters")
    return token


def read_settings(path: Path) -> tuple[int | str, list[str], str]:
    """Return port or socket, host names and TensorBoard's log folder; anything unexpected ends the server."""
    try:
        given: dict[str, Any] = json.loads(read(path))
        jupyter, logdir = given["jupyter"], given["tensorboard"]["logdir"]
        place, hosts = jupyter["socket"] if "socket" in jupyter else jupyter["port"], jupyter["hosts"]
    except (ValueError, KeyError, TypeError) as error:
        raise SystemExit(f"envkit: {path} is damaged: {error!r}") from None
    if place != SOCKET and (type(place) is not int or not 0 < place < 65536):
        raise SystemExit(f"envkit: {path} names no port")
    if not (isinstance(hosts, list) and hosts and all(isinstance(one, str) and one for one in hosts)):
        raise SystemExit(f"envkit: {path} names no hosts")
    if not (isinstance(logdir, str) and logdir.startswith("/")):
        raise SystemExit(f"envkit: {path} names no log folder")
    return place, hosts, logdir


def keep_out_of_logs(token: str) -> None:
    """Blank the token, and whatever else stands as a token in a URL, in every log record of this process."""
    made = logging.getLogRecordFactory()
    traceback = logging.Formatter()

    def scrub(text: str) -> str:
        return TOKEN_IN_TEXT.sub(r"\1[hidden]", text.replace(token, "[hidden]"))

    def scrubbed(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = made(*args, **kwargs)
        try:
            record.msg, record.args = scrub(record.getMessage()), None
        except (TypeError, ValueError):  # a message that does not fit its arguments: logging reports it
            return record
        if record.exc_info:
            record.exc_text = scrub(traceback.formatException(record.exc_info))
        return record

    logging.setLogRecordFactory(scrubbed)


def keep_out_of_frames(response: Any) -> None:
    """Let no other page frame TensorBoard, which frames its own: its answers bring headers of their own."""
    response.headers["X-Frame-Options"] = "SAMEORIGIN"


c = get_config()  # type: ignore[name-defined]  # noqa: F821 - Jupyter runs this file with it

token = read_token(MOUNT / "token")
place, hosts, logdir = read_settings(MOUNT / "settings.json")
keep_out_of_logs(token)

# These were for the server's own start. A kernel with a mistake in its own settings shall still start.
os.environ.pop("TRAITLETS_APPLICATION_RAISE_CONFIG_FILE_ERROR", None)

# Who may come in: whoever has the token. The cookie that replaces it goes to no other site, because
# requests that pass on to TensorBoard are not checked for where they come from.
c.IdentityProvider.token = token
c.IdentityProvider.cookie_options = {"SameSite": "Strict", "HttpOnly": True}
c.PasswordIdentityProvider.hashed_password = ""
c.PasswordIdentityProvider.allow_password_change = False
c.ServerApp.allow_unauthenticated_access = False
c.ServerApp.allow_root = False

# Where requests may come from. Listening on all addresses of the container, which publishing a port
# needs, would by itself turn the check of the Host header off: it is turned on again.
if isinstance(place, str):
    c.ServerApp.sock = place  # in a folder that only this user enters
    c.ServerApp.sock_mode = "0600"
else:
    c.ServerApp.ip = "0.0.0.0"  # noqa: S104 - of the container; the host publishes it on loopback alone
    c.ServerApp.port = place
c.ServerApp.port_retries = 0
c.ServerApp.allow_remote_access = False
c.ServerApp.local_hostnames = hosts
c.ServerApp.allow_origin = ""
c.ServerApp.allow_origin_pat = ""
c.ServerApp.allow_credentials = False
c.ServerApp.disable_check_xsrf = False
c.ServerApp.trust_xheaders = False
c.ServerApp.tornado_settings = {
    "headers": {
        "Content-Security-Policy": "frame-ancestors 'none'",
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",  # none at all would refuse every download
    }
}

# What is served: the workspace. Kernels are reached through sockets in a folder that only this user enters.
c.ServerApp.root_dir = WORKSPACE
c.ServerApp.preferred_dir = WORKSPACE
c.KernelManager.transport = "ipc"
c.KernelSpecManager.ensure_native_kernel = False
c.MultiKernelManager.default_kernel_name = "python3"
c.ServerApp.terminado_settings = {"shell_command": ["/bin/bash", "--login"]}

# JupyterLab as it is: it installs nothing, calls nobody, and keeps what the user arranges at home.
c.LabApp.extension_manager = "readonly"
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.user_settings_dir = str(HOME / ".jupyter/lab/user-settings")
c.LabApp.workspaces_dir = str(HOME / ".jupyter/lab/workspaces")
c.ServerApp.jpserver_extensions = {
    "jupyterlab": True,
    "jupyter_server_proxy": True,
    "jupyter_server_terminals": True,
    "jupyter_lsp": True,
    "notebook_shim": False,  # for settings of the classic notebook
}

# TensorBoard has no login of its own: it listens inside the container and is reached through this one.
c.ServerProxy.servers = {
    "tensorboard": {
        "command": [
            TENSORBOARD,
            "--logdir",
            logdir.replace("{", "{{").replace("}", "}}"),
            "--host",
            "127.0.0.1",
            "--port",
            "{port}",
        ],
        "environment": {"PYTHONWARNINGS": "ignore"},
        "absolute_url": False,
        "timeout": 60,
        "rewrite_response": keep_out_of_frames,
        "launcher_entry": {"title": "TensorBoard"},
    }
}

# A start without trouble is silent. The one warning left out names handlers that do not ask for a login
# themselves; `allow_unauthenticated_access = False` asks for it before any of them runs.
warnings.filterwarnings("ignore", category=JupyterServerAuthWarning)
c.ServerApp.open_browser = False
c.ServerApp.websocket_ping_timeout = 30_000  # the default is longer than the interval, which warns
c.Application.log_level = "WARN"
