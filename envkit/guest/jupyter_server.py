"""Start the image's Jupyter server as a workspace would, and check that its API answers."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

# The server of envkit's images; the first `jupyter` on PATH is that of the kernel.
SERVER = Path("/opt/jupyter/bin/jupyter")
RUNNING = Path(
    "/run/secrets/envkit/token"
)  # exists only in a running workspace, whose server envkit checks from outside
APPLICATIONS = ("lab", "notebook", "server")
START_S = 60.0
POLL_S = 0.2
OUTPUT_MAX = 4000


def inspect_jupyter():
    """Return the path of Jupyter, and whether its server answers; without a server, whether it prints its version."""
    path = str(SERVER) if SERVER.exists() else shutil.which("jupyter") or ""
    if not path:
        return {"path": "", "works": False, "output": ""}
    application = next((name for name in APPLICATIONS if Path(path + "-" + name).exists()), "")
    if not application or RUNNING.exists():
        return dict(path=path, **print_version(path))
    with tempfile.TemporaryDirectory(prefix="envkit-jupyter-") as folder:
        return dict(path=path, server=application, **start_server([path, application], folder))


def print_version(path):
    """Return whether Jupyter prints its version."""
    result = subprocess.run(
        [path, "--version"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=START_S,
        check=False,
    )
    return {"works": result.returncode == 0, "output": result.stdout.decode("utf-8", "replace")[-OUTPUT_MAX:]}


def start_server(command, folder):
    """Start a server in an empty folder, and return whether its API answers."""
    port = find_free_port()
    arguments = ["--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=" + str(port)]
    log_path = Path(folder) / "log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command + arguments,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=dict(os.environ, HOME=folder),
            start_new_session=True,
        )
    try:
        works = wait_for_api(process, port, time.monotonic() + START_S)
    finally:
        kill(process)
    output = log_path.read_text("utf-8", "replace")
    return {"works": works, "output": "" if works else output[-OUTPUT_MAX:]}


def find_free_port():
    """Return a port of loopback that no program uses."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for_api(process, port, deadline):
    """Return whether the server answers before the deadline and before it exits."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with opener.open("http://127.0.0.1:" + str(port) + "/api", timeout=5) as response:
                return response.status == 200
        except urllib.error.HTTPError as error:
            return error.code < 500  # a configuration may move the API or demand a login
        except OSError:
            time.sleep(POLL_S)
    return False


def kill(process):
    """Kill the server and its children."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
