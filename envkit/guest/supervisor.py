"""A second process looks, while the first one keeps the reader's pipe, the clock and whatever is printed besides.

So a look that hangs in native code, is killed or crashes is still told of, and the last line is always `done`. Each
stage has a process of its own: what one loads changes nothing for the next.
"""

import os
import signal
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

from envkit.guest.reporter import TEXT_LENGTH_MAX, Reporter, describe_error, shorten

GRACE_S = 5
OOM_COUNTERS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")


class Stage:
    """Looks that one process takes.

    Args:
        report: Takes them; gets the teller.
        limit_s: How long they may take.
        failure_name: What a bad end is told as.
        log_name: What is told of what it printed, or None for nothing.
    """

    def __init__(self, report, limit_s, failure_name="ended", log_name=None):
        self.report, self.limit_s, self.failure_name, self.log_name = report, limit_s, failure_name, log_name


def run_stage(reporter, stage):
    """Look, and leave without the teardown of native libraries, which may crash after all is said."""
    code = 1
    try:
        os.setsid()  # what the look starts is ended with it
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        # Should the first process be killed, nobody is left to end this one.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(int(stage.limit_s) + GRACE_S)
        stage.report(reporter)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def wait_for(pid, limit_s):
    """Return the wait status of a process, or None if it still runs when the time is over."""
    deadline = time.monotonic() + limit_s
    while True:
        exited_pid, status = os.waitpid(pid, os.WNOHANG)
        remaining_s = deadline - time.monotonic()
        if exited_pid or remaining_s <= 0:
            return status if exited_pid else None
        signal.sigtimedwait({signal.SIGCHLD}, remaining_s)


def wait_for_failure(pid, limit_s, oom_before):
    """Wait for the looking process and return how it ended, or None if it came to its end."""
    status = wait_for(pid, limit_s)
    kill_group(pid)
    if status is None:
        os.kill(pid, signal.SIGKILL)  # in its first moment it has no group of its own
        wait_for(pid, GRACE_S)  # a process stuck in a driver may outlive even that
        return {"by": "limit", "limit_s": limit_s}
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return {"by": "signal", "signal": name, "out_of_memory": name == "SIGKILL" and count_oom_kills() > oom_before}
    code = os.WEXITSTATUS(status)
    return {"by": "exit", "code": code} if code else None


def kill_group(pid):
    """End whatever the looking process started and did not go its own way, and that itself where it still runs."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def forward_sigterm(pid):
    """Let the looking process end with this one, where somebody asks this one to end: it hears no group's signals."""

    def on_sigterm(number, _frame):
        kill_group(pid)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, on_sigterm)


def count_oom_kills():
    """Return how many processes of this container the kernel killed for want of memory, as far as it tells."""
    counters = next((Path(path) for path in OOM_COUNTERS if os.access(path, os.R_OK)), None)
    lines = counters.read_text("ascii").splitlines() if counters else []
    return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))


def create_log_file():
    """Return the descriptor of a nameless file; in memory if possible, because no folder may be writable."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("log")
    import tempfile

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def read_log(descriptor):
    """Return what was written to a file, with its middle cut out if it is long."""
    size, chunk_size = os.fstat(descriptor).st_size, 2 * TEXT_LENGTH_MAX
    ends = os.pread(descriptor, chunk_size, 0) + os.pread(descriptor, chunk_size, max(chunk_size, size - chunk_size))
    return shorten(ends.decode("utf-8", "replace"))


def supervise(reporter, stage):
    """Let a second process look; tell how it ended if not well, and what was printed besides."""
    log = create_log_file()
    os.dup2(log, 1)
    os.dup2(log, 2)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    oom_before = count_oom_kills()
    pid = os.fork()
    if pid == 0:
        run_stage(reporter, stage)
    forward_sigterm(pid)
    failure = wait_for_failure(pid, stage.limit_s, oom_before)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # its number may be another process's from now on
    if failure:
        reporter.emit(stage.failure_name, failure)
    if stage.log_name:
        reporter.emit(stage.log_name, {"text": read_log(log)})
    os.close(log)


def run(stages):
    """Take every stage that a function returns; the reader's pipe is for observations alone, `done` the last."""
    reporter, start = Reporter(os.dup(1)), time.monotonic()
    try:
        for stage in stages():
            supervise(reporter, stage)
        reporter.emit("done", {}, time.monotonic() - start)
    except BrokenPipeError:
        os._exit(1)  # nobody reads any more
    except BaseException as error:
        reporter.emit("ended", {"by": "error", "error": describe_error(error)})
        reporter.emit("done", {})
