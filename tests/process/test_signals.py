"""SIGTERM and a closed terminal end envkit as cleanly as Ctrl-C."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from envkit.observe import ssh_attacks
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# A command like the build of a base image: a temporary folder, and a program in its own session.
COMMAND = """
import signal, sys, tempfile
from pathlib import Path
for name in sys.argv[2:]:
    signal.signal(getattr(signal, name), signal.SIG_IGN)
from envkit import process
from envkit.cli import main
from envkit.cli.verbs import lifecycle

def prune():
    with tempfile.TemporaryDirectory(dir=sys.argv[1]) as folder:
        (Path(folder) / "rootfs.tar").touch()
        return process.stream(["/bin/sh", "-c", "echo $$; exec sleep 60"], lambda line: print(line, flush=True))

lifecycle.prune = prune
main.main(["prune"])
"""


def start_envkit(folder: Path, *ignored: str) -> tuple[subprocess.Popen[str], int]:
    """Start envkit, wait until its program runs, and return both processes."""
    argv = [sys.executable, "-c", COMMAND, str(folder), *ignored]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


@pytest.mark.proves("a signal stops envkit as cleanly as Ctrl-C", "real")
def test_a_signal_cleans_up_files_and_programs(tmp_path: Path) -> None:
    cases: tuple[tuple[list[signal.Signals], set[int]], ...] = (
        ([signal.SIGTERM], {143}),
        ([signal.SIGHUP], {129}),
        ([signal.SIGINT], {130}),
        ([signal.SIGHUP, signal.SIGTERM], {129, 143}),
    )
    for numbers, codes in cases:
        process, program = start_envkit(tmp_path)
        for number in numbers:
            process.send_signal(number)
        _, errors = process.communicate(timeout=30)
        assert process.returncode in codes, numbers
        assert errors == "envkit: interrupted; repeat the command\n", numbers
        assert list(tmp_path.iterdir()) == [], numbers
        with pytest.raises(ProcessLookupError):
            os.kill(program, 0)


def test_an_ignored_signal_stays_ignored(tmp_path: Path) -> None:
    process, program = start_envkit(tmp_path, "SIGHUP")
    process.send_signal(signal.SIGHUP)
    os.kill(program, signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode not in {129, -signal.SIGHUP}


def test_a_closed_terminal_is_not_a_bug(tmp_path: Path) -> None:
    process, _ = start_envkit(tmp_path)
    assert process.stderr is not None
    process.stderr.close()
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=30)
    assert (process.returncode, list(tmp_path.iterdir())) == (129, [])


# The kernel delivers a signal to any thread, but Python handles it in the main thread.
SIGNAL_IN_THREAD = """
import signal, socket, sys, threading, time
from pathlib import Path
from envkit.cli import main
from envkit.cli.verbs import lifecycle

def take(first):
    stat = Path(f"/proc/self/task/{first}/stat")
    while stat.read_text().rpartition(")")[2].split()[0] != "S" or not reading.is_set():
        pass
    signal.pthread_kill(threading.get_ident(), getattr(signal, sys.argv[1]))
    time.sleep(60)

def prune():
    silent, _other_end = socket.socketpair()
    silent.settimeout(60)
    threading.Thread(target=take, args=(threading.get_native_id(),), daemon=True).start()
    reading.set()
    silent.recv(1)

reading = threading.Event()
lifecycle.prune = prune
main.main(["prune"])
"""


@pytest.mark.proves("Ctrl-C stops envkit at once and cleanly", "real")
def test_a_signal_in_another_thread_ends_a_blocked_wait() -> None:
    for name, code in (("SIGINT", 130), ("SIGTERM", 143)):
        argv = [sys.executable, "-c", SIGNAL_IN_THREAD, name]
        result = subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, timeout=30, check=False)
        outcome = (result.returncode, result.stderr.count("interrupted"), "Traceback" in result.stderr)
        assert outcome == (code, 1, False), name


# A command that attacks an SSH server: three attacks at a time, each in its own thread.
ATTACK = """
import sys
from pathlib import Path
from envkit.cli import main
from envkit.cli.verbs import lifecycle
from envkit.observe import ssh_attacks

lifecycle.prune = lambda: ssh_attacks.run_attacks(Path(sys.argv[1]) / "ssh_config", "x")
main.main(["prune"])
"""
# Accepts the owner; otherwise it reports that it runs, and hangs in a child program.
HANGING_CLIENT = """#!/bin/sh
case "$*" in *"-v x true") exit 0 ;; esac
exec 3>"${0%/*}/running"
echo . >&3
sleep 60
"""


@pytest.mark.proves("a signal stops envkit as cleanly as Ctrl-C", "real")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_clients_in_threads_end_with_envkit(tmp_path: Path, number: signal.Signals, code: int) -> None:
    (tmp_path / "ssh_config").touch()
    for name, script in {
        "ssh": HANGING_CLIENT,
        "ssh-keygen": "#!/bin/sh\n",
        "ssh-agent": '#!/bin/sh\nexec "$@"\n',
    }.items():
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    os.mkfifo(tmp_path / "running")
    reader = os.open(tmp_path / "running", os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(tmp_path / "running", os.O_WRONLY)  # while it is open, reading does not reach the end
    argv, env = [sys.executable, "-c", ATTACK, str(tmp_path)], os.environ | {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=env)
    try:
        assert len([read_report(reader) for _ in range(ssh_attacks.CONCURRENCY)]) == ssh_attacks.CONCURRENCY
        os.close(writer)
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
        assert (process.returncode, errors) == (code, "envkit: interrupted; repeat the command\n")
        assert read_report(reader) == b""  # no client is left
    finally:
        os.close(reader)


def read_report(descriptor: int) -> bytes:
    """Return the next report of a client, or empty once all clients have ended."""
    assert select.select([descriptor], [], [], 30)[0], "no client reports"
    return os.read(descriptor, len(b".\n"))
