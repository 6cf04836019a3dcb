"""JupyterLab's configuration: the same in every workspace, and fails closed.

The token and the settings of a workspace are read from files that are mounted read-only. Jupyter disables
authentication if its token is empty, so the server exits here if any value is unexpected.
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
from jupyter_server_proxy.handlers import ProxyHandler

MOUNT = Path("/run/secrets/envkit")
HOME = Path("/home/dev")
WORKSPACE = "/workspace"
SOCKET = "/run/envkit/jupyter.sock"
TENSORBOARD = "/opt/tensorflow/bin/tensorboard"
TOKEN = re.compile(r"[A-Za-z0-9_-]{43,}", re.ASCII)  # 43 characters are 256 bits; Jupyter does not limit guesses
TOKEN_IN_TEXT = re.compile(r"(?i)(\btoken(?:=|%3d|\s+))[^&\s\"'<>]+")


def read(path: Path) -> str:
    """Read a mounted file; exit if it is unreadable, or readable by other users."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SystemExit(f"envkit: {path} cannot be read: {error}") from None
    if not stat.S_ISREG(mode) or mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SystemExit(f"envkit: {path} must be a file of mode 0600")
    return text


def read_token(path: Path) -> str:
    """Read the token; exit if it is too short to be secure."""
    token = read(path).strip()
    if not TOKEN.fullmatch(token):
        raise SystemExit(f"envkit: {path} does not contain a token of 43 or more characters")
    return token


def read_settings(path: Path) -> tuple[int | str, list[str], str]:
    """Read port or socket, host names and TensorBoard's log folder; exit if a value is unexpected."""
    try:
        settings: dict[str, Any] = json.loads(read(path))
        jupyter, logdir = settings["jupyter"], settings["tensorboard"]["logdir"]
        address, hosts = jupyter["socket"] if "socket" in jupyter else jupyter["port"], jupyter["hosts"]
    except (ValueError, KeyError, TypeError) as error:
        raise SystemExit(f"envkit: {path} is damaged: {error!r}") from None
    if address != SOCKET and (type(address) is not int or not 0 < address < 65536):
        raise SystemExit(f"envkit: {path} has no valid port")
    if not (isinstance(hosts, list) and hosts and all(isinstance(host, str) and host for host in hosts)):
        raise SystemExit(f"envkit: {path} has no valid host names")
    if not (isinstance(logdir, str) and logdir.startswith("/")):
        raise SystemExit(f"envkit: {path} has no valid log folder")
    return address, hosts, logdir


def redact_logs(token: str) -> None:
    """Redact the token, and tokens in URLs, in every log record of this process."""
    make_record = logging.getLogRecordFactory()
    formatter = logging.Formatter()

    def redact(text: str) -> str:
        return TOKEN_IN_TEXT.sub(r"\1[hidden]", text.replace(token, "[hidden]"))

    def make_redacted(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make_record(*args, **kwargs)
        try:
            record.msg, record.args = redact(record.getMessage()), None
        except (TypeError, ValueError):  # arguments that do not match the message: logging reports it
            return record
        if record.exc_info:
            record.exc_text = redact(formatter.formatException(record.exc_info))
        return record

    logging.setLogRecordFactory(make_redacted)


def forbid_foreign_frames() -> None:
    """Forbid other sites to frame proxied pages: TensorBoard's, and those of any program on a port of the workspace.

    The proxy replaces the server's headers by the program's. A second policy only narrows the program's own; programs
    such as TensorBoard frame their own pages.
    """
    initialize = ProxyHandler.__init__

    def initialize_with_policy(self: Any, *args: Any, **kwargs: Any) -> None:
        initialize(self, *args, **kwargs)
        flush = self.flush  # an attribute of the handler: it disables the method of WebSocket handlers

        def flush_with_policy(*flush_args: Any, **flush_kwargs: Any) -> Any:
            if not self._headers_written:
                self.add_header("Content-Security-Policy", "frame-ancestors 'self'")
                self.set_header("X-Frame-Options", "SAMEORIGIN")
            return flush(*flush_args, **flush_kwargs)

        self.flush = flush_with_policy

    ProxyHandler.__init__ = initialize_with_policy


c = get_config()  # type: ignore[name-defined]  # noqa: F821 - provided by Jupyter

token = read_token(MOUNT / "token")
address, hosts, logdir = read_settings(MOUNT / "settings.json")
redact_logs(token)
forbid_foreign_frames()

# For the server only: kernels must start even if their own configuration has errors.
os.environ.pop("TRAITLETS_APPLICATION_RAISE_CONFIG_FILE_ERROR", None)

# Authentication: the token. Its cookie is not sent from other sites, because the origin of requests proxied to
# TensorBoard is not checked.
c.IdentityProvider.token = token
c.IdentityProvider.cookie_options = {"SameSite": "Strict", "HttpOnly": True}
c.PasswordIdentityProvider.hashed_password = ""
c.PasswordIdentityProvider.allow_password_change = False
c.ServerApp.allow_unauthenticated_access = False
c.ServerApp.allow_root = False

# Origins. A published port needs a server on all addresses of the container, for which Jupyter disables the check of
# the Host header by default; allow_remote_access = False enables it.
if isinstance(address, str):
    c.ServerApp.sock = address  # in a folder that only this user can enter
    c.ServerApp.sock_mode = "0600"
else:
    c.ServerApp.ip = "0.0.0.0"  # noqa: S104 - in the container; the host publishes the port on loopback only
    c.ServerApp.port = address
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
        "Referrer-Policy": "same-origin",  # `no-referrer` would make every download fail
    }
}

# Content: the workspace. Kernels use sockets in a folder that only this user can enter.
c.ServerApp.root_dir = WORKSPACE
c.ServerApp.preferred_dir = WORKSPACE
c.KernelManager.transport = "ipc"
c.KernelSpecManager.ensure_native_kernel = False
c.MultiKernelManager.default_kernel_name = "python3"
c.ServerApp.terminado_settings = {"shell_command": ["/bin/bash", "--login"]}

# JupyterLab installs no extensions and makes no external requests; the user's layout is stored in the home folder.
c.LabApp.extension_manager = "readonly"
c.LabApp.news_url = None
# Extensions of the kernel's packages, which the image has in a root-owned folder. The server's own take precedence;
# packages that are installed later cannot change its pages.
c.LabApp.labextensions_path = [f"/opt/{name}/share/jupyter/labextensions" for name in ("jupyter", "tensorflow")]
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.user_settings_dir = str(HOME / ".jupyter/lab/user-settings")
c.LabApp.workspaces_dir = str(HOME / ".jupyter/lab/workspaces")
c.ServerApp.jpserver_extensions = {
    "jupyterlab": True,
    "jupyter_server_proxy": True,
    "jupyter_server_terminals": True,
    "jupyter_lsp": True,
    "notebook_shim": False,  # reads settings of the classic notebook
}

# TensorBoard has no login: it listens on the container's loopback and is proxied behind JupyterLab's login.
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
        "launcher_entry": {"title": "TensorBoard"},
    }
}
# A notebook's own TensorBoard, and any other server of the workspace, at /proxy/PORT/.
c.ServerProxy.non_service_rewrite_response = forbid_foreign_frames

# A normal start logs nothing. This warning lists handlers without their own authentication check, but
# `allow_unauthenticated_access = False` requires a login before any handler runs.
warnings.filterwarnings("ignore", category=JupyterServerAuthWarning)
c.ServerApp.open_browser = False
c.ServerApp.websocket_ping_timeout = 30_000  # the default exceeds the ping interval, which logs a warning
c.Application.log_level = "WARN"
