"""Run each stage in a child process, while this process keeps the reader's pipe, the time limit and other output.

So a stage that hangs in native code, is killed or crashes is still reported, and the last line is always `done`. The
libraries that one stage loads do not affect the next.
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
    """Inspections that run in one process.

    Args:
        report: Function that runs them with a reporter.
        limit_s: Time limit, seconds.
        failure_name: Name of the observation that reports a failure.
        log_name: Name of the observation that reports other output, or None for no report.
    """

    def __init__(self, report, limit_s, failure_name="ended", log_name=None):
        self.report, self.limit_s, self.failure_name, self.log_name = report, limit_s, failure_name, log_name


def run_stage(reporter, stage):
    """Run a stage, and exit without the teardown of native libraries, which may crash after the last observation."""
    code = 1
    try:
        os.setsid()  # the children of the stage end with it
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        # If the parent is killed, the alarm ends this process.
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
    """Return the wait status of a process, or None if it still runs after the time limit."""
    deadline = time.monotonic() + limit_s
    while True:
        exited_pid, status = os.waitpid(pid, os.WNOHANG)
        remaining_s = deadline - time.monotonic()
        if exited_pid or remaining_s <= 0:
            return status if exited_pid else None
        signal.sigtimedwait({signal.SIGCHLD}, remaining_s)


def wait_for_failure(pid, limit_s, oom_before):
    """Wait for the child and return how it failed, or None if it succeeded."""
    status = wait_for(pid, limit_s)
    kill_group(pid)
    if status is None:
        os.kill(pid, signal.SIGKILL)  # right after the fork it has no process group yet
        wait_for(pid, GRACE_S)  # a process stuck in a driver may survive that
        return {"by": "limit", "limit_s": limit_s}
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return {"by": "signal", "signal": name, "out_of_memory": name == "SIGKILL" and count_oom_kills() > oom_before}
    code = os.WEXITSTATUS(status)
    return {"by": "exit", "code": code} if code else None


def kill_group(pid):
    """Kill the child and the processes of its group."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def forward_sigterm(pid):
    """Kill the child when this process receives SIGTERM: signals to this process's group do not reach the child."""

    def on_sigterm(number, _frame):
        kill_group(pid)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, on_sigterm)


def count_oom_kills():
    """Return how many processes of this container the kernel killed for lack of memory, or 0 if unknown."""
    counters = next((Path(path) for path in OOM_COUNTERS if os.access(path, os.R_OK)), None)
    lines = counters.read_text("ascii").splitlines() if counters else []
    return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))


def create_log_file():
    """Return the descriptor of an anonymous file, in memory if possible, because no folder may be writable."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("log")
    import tempfile

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def read_log(descriptor):
    """Return a file's content, without its middle if it is long."""
    size, chunk_size = os.fstat(descriptor).st_size, 2 * TEXT_LENGTH_MAX
    ends = os.pread(descriptor, chunk_size, 0) + os.pread(descriptor, chunk_size, max(chunk_size, size - chunk_size))
    return shorten(ends.decode("utf-8", "replace"))


def supervise(reporter, stage):
    """Run a stage in a child process; report its failure and its other output."""
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
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # from now on its id may belong to another process
    if failure:
        reporter.emit(stage.failure_name, failure)
    if stage.log_name:
        reporter.emit(stage.log_name, {"text": read_log(log)})
    os.close(log)


def run(stages):
    """Run every stage that a function returns; the pipe carries only observations, `done` last."""
    reporter, start = Reporter(os.dup(1)), time.monotonic()
    try:
        for stage in stages():
            supervise(reporter, stage)
        reporter.emit("done", {}, time.monotonic() - start)
    except BrokenPipeError:
        os._exit(1)  # the reader has gone
    except BaseException as error:
        reporter.emit("ended", {"by": "error", "error": describe_error(error)})
        reporter.emit("done", {})
