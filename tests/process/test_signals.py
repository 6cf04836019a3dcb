"""envkit that is told to end, or whose terminal closes, clears up as after Ctrl-C."""

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

# A verb that does what the build of a base does: a folder for the time being, and a program in a session of its own.
VERB = """
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


def started(folder: Path, *ignored: str) -> tuple[subprocess.Popen[str], int]:
    """Start envkit, and wait until its program runs; return both processes."""
    argv = [sys.executable, "-c", VERB, str(folder), *ignored]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


@pytest.mark.proves("a signal that ends envkit is as clean as Ctrl-C", "real")
@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        ([signal.SIGTERM], 143),
        ([signal.SIGHUP], 129),
        ([signal.SIGINT], 130),
        ([signal.SIGHUP, signal.SIGTERM], None),
    ],
)
def test_what_was_begun_is_cleared_up(tmp_path: Path, numbers: list[signal.Signals], code: int | None) -> None:
    process, program = started(tmp_path)
    for number in numbers:
        process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode in ({code} if code else {129, 143})
    assert said == "envkit: interrupted; repeat the command\n"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(program, 0)


def test_what_is_ignored_stays_ignored(tmp_path: Path) -> None:
    process, program = started(tmp_path, "SIGHUP")
    process.send_signal(signal.SIGHUP)
    os.kill(program, signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode not in {129, -signal.SIGHUP}


def test_a_terminal_that_is_gone_is_no_bug(tmp_path: Path) -> None:
    process, _ = started(tmp_path)
    assert process.stderr is not None
    process.stderr.close()
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=30)
    assert (process.returncode, list(tmp_path.iterdir())) == (129, [])


# The system hands a signal to any thread, as it did to one that had just started a program; Python acts in the first.
TAKEN_BY_ANOTHER = """
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


@pytest.mark.proves("Ctrl-C leaves at once and cleanly", "real")
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_that_another_thread_took_ends_what_waits_for_a_silent_engine(name: str, code: int) -> None:
    argv = [sys.executable, "-c", TAKEN_BY_ANOTHER, name]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, timeout=30, check=False)
    assert (done.returncode, done.stderr.count("interrupted"), "Traceback" in done.stderr) == (code, 1, False)


# A verb that attacks an SSH server, which makes three attacks at a time, each in a thread of its own.
ATTACKING = """
import sys
from pathlib import Path
from envkit.cli import main
from envkit.cli.verbs import lifecycle
from envkit.observe import ssh_attacks

lifecycle.prune = lambda: ssh_attacks.run_attacks(Path(sys.argv[1]) / "ssh_config", "x")
main.main(["prune"])
"""
# Lets the owner in; else it tells that it runs, and hangs in a program that it started.
HANGING = """#!/bin/sh
case "$*" in *"-v x true") exit 0 ;; esac
exec 3>"${0%/*}/running"
echo . >&3
sleep 60
"""


@pytest.mark.proves("a signal that ends envkit is as clean as Ctrl-C", "real")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_clients_that_run_in_threads_end_with_it(tmp_path: Path, number: signal.Signals, code: int) -> None:
    (tmp_path / "ssh_config").touch()
    for name, script in {"ssh": HANGING, "ssh-keygen": "#!/bin/sh\n", "ssh-agent": '#!/bin/sh\nexec "$@"\n'}.items():
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    os.mkfifo(tmp_path / "running")
    reads = os.open(tmp_path / "running", os.O_RDONLY | os.O_NONBLOCK)
    ours = os.open(tmp_path / "running", os.O_WRONLY)  # while it is open there is no end to read
    argv, env = [sys.executable, "-c", ATTACKING, str(tmp_path)], os.environ | {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=env)
    try:
        assert len([heard(reads) for _ in range(ssh_attacks.CONCURRENCY)]) == ssh_attacks.CONCURRENCY
        os.close(ours)
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
        assert (process.returncode, said) == (code, "envkit: interrupted; repeat the command\n")
        assert heard(reads) == b""  # nobody is left who could say more
    finally:
        os.close(reads)


def heard(descriptor: int) -> bytes:
    """Return the next word of what runs, or nothing once all of it is gone."""
    assert select.select([descriptor], [], [], 30)[0], "it runs, and says nothing"
    return os.read(descriptor, len(b".\n"))
