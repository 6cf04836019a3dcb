"""Rootless Docker: an ordinary user's daemon, started by RootlessKit, on the host's network."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import ROOT
from tests.support.account import ordinary_user
from tests.support.podman_service import accessible_copy
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

ENGINES = ROOT / ".cache/engines"
# RootlessKit gives the daemon a private /run with links to the real one.
DAEMON = """
rm -f /run/docker /run/containerd /run/xtables.lock
exec dockerd --rootless --bridge none --iptables=false --ip6tables=false --storage-driver vfs \\
  --data-root "$HOME/data" --exec-root "$XDG_RUNTIME_DIR/exec" --pidfile "$XDG_RUNTIME_DIR/pid" \\
  --host "unix://$XDG_RUNTIME_DIR/docker.sock"
"""


@contextmanager
def rootless_docker() -> Iterator[str]:
    """Start the daemon and yield its address; at the end, remove it with its files."""
    folder = Path(tempfile.mkdtemp(prefix="envkit-rootless-"))
    folder.chmod(0o755)
    user = ordinary_user(folder / "home")
    home, runtime = user.folder(folder / "home"), user.folder(folder / "runtime", 0o700)
    programs = [accessible_copy(ENGINES / suite, folder, user) / "usr" for suite in ("trixie", "bookworm")]
    path = ":".join(f"{program}/bin:{program}/sbin" for program in programs)
    environment = {"HOME": str(home), "XDG_RUNTIME_DIR": str(runtime), "PATH": f"{path}:/usr/sbin:/usr/bin:/sbin:/bin"}
    kit = ["rootlesskit", "--net=host", "--copy-up=/etc", "--copy-up=/run", f"--state-dir={runtime}/kit"]
    socket = runtime / "docker.sock"
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            ["env", *kit, "sh", "-c", DAEMON],
            env=environment,
            cwd=home,
            stdout=log,
            stderr=log,
            start_new_session=True,
            text=True,
            **user.switch(),
        ) as daemon,
    ):
        try:
            wait_until(lambda: socket.exists() or daemon.poll() is not None, "Docker listens or has exited")
            assert daemon.poll() is None, (folder / "log").read_text()
            yield f"unix://{socket}"
        finally:
            daemon.terminate()
            daemon.wait(timeout=60)
    shutil.rmtree(folder)
