"""The probe in a real process, on Python 3.8 and the current Python, with misbehaving fakes of TensorFlow."""

from __future__ import annotations

import os
import select
import signal
from typing import TYPE_CHECKING, Any

import pytest

from envkit.guest import image_packages, jupyter_server
from envkit.observe import guest_runner
from tests.guest.conftest import PROBE, ProbeRun

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

ERRNO = {"ok", "ENOENT", "ENXIO", "EPERM", "EACCES", "EIO"}


def test_missing_tensorflow_is_reported(probe: Callable[..., ProbeRun]) -> None:
    run = probe()
    assert (run.code, run.err) == (0, "")
    assert run.names == [
        "gpu.nodes",
        "gpu.variables",
        "gpu.libcuda",
        "python",
        "cpu",
        "packages",
        "tensorflow.missing",
        "tensorflow.log",
        "done",
    ]
    assert [finding.check for finding in run.findings()] == ["tensorflow/missing", "gpu/driver-missing"]
    nodes = run.data("gpu.nodes")["nodes"]
    assert {"/dev/nvidiactl", "/dev/nvidia-uvm"} <= set(nodes)
    assert set(nodes.values()) <= ERRNO


def test_every_inspection_is_announced(probe: Callable[..., ProbeRun]) -> None:
    run = probe(tensorflow="raise ImportError('no')")
    inspections = [line["data"]["look"] for line in run.lines if line["what"] == "begin"]
    assert inspections == [
        "gpu.nodes",
        "gpu.variables",
        "gpu.libcuda",
        "python",
        "cpu",
        "packages",
        "tensorflow.import",
    ]
    for inspection in inspections:
        index = run.lines.index({"what": "begin", "data": {"look": inspection}, "seconds": 0.0})
        assert run.lines[index + 1]["what"] == inspection


def test_a_leftover_folder_is_not_tensorflow(probe: Callable[..., ProbeRun], packages: Path) -> None:
    (packages / "tensorflow" / "python").mkdir(parents=True)
    assert "tensorflow.missing" in probe().names


def test_files_of_the_workspace_are_not_imported(probe: Callable[..., ProbeRun], cwd: Path) -> None:
    for name in ("json", "signal", "tensorflow", "numpy", "errno"):
        (cwd / f"{name}.py").write_text("raise SystemExit('imported from the workspace')")
    run = probe()
    assert (run.code, run.err) == (0, "")
    assert "tensorflow.missing" in run.names


def test_a_failed_import_is_an_observation(probe: Callable[..., ProbeRun]) -> None:
    cases: tuple[tuple[str, dict[str, str] | None, str], ...] = (
        (
            "raise TypeError('Descriptors cannot be created directly.')",
            {"type": "TypeError", "message": "Descriptors cannot be created directly."},
            "protobuf is newer",
        ),
        (
            "import sys\nsys.stderr.write('AttributeError: _ARRAY_API not found')\nraise TypeError('() -> handle')",
            {"type": "TypeError", "message": "() -> handle"},
            "numpy 2 is installed",
        ),
        (
            "import no_such_module",
            {"type": "ModuleNotFoundError", "message": "No module named 'no_such_module'"},
            "is not installed",
        ),
        ("raise SystemExit(3)", {"type": "SystemExit", "message": "3"}, "unknown"),
        ("raise KeyboardInterrupt", {"type": "KeyboardInterrupt", "message": ""}, "unknown"),
        ("def broken(:", None, "unknown"),
    )
    for tensorflow, error, cause in cases:
        run = probe(tensorflow=tensorflow)
        assert (run.code, run.err) == (0, ""), tensorflow
        assert run.names[-3:] == ["tensorflow.import", "tensorflow.log", "done"], tensorflow
        assert run.data("tensorflow.import")["error"] == (error or run.data("tensorflow.import")["error"])
        assert run.findings()[0].check == "tensorflow/import-failed", tensorflow
        assert cause in run.findings()[0].cause, tensorflow


def test_another_module_named_tensorflow_is_reported(probe: Callable[..., ProbeRun]) -> None:
    run = probe(tensorflow="")
    assert run.data("tensorflow.version")["error"]["type"] == "AttributeError"
    assert run.findings()[0].check == "tensorflow/import-failed"


HANGS = {
    "in Python": "import time; time.sleep(600)",
    "in native code that holds the interpreter": "import ctypes; ctypes.PyDLL(None).sleep(600)",
    "and ignores signals": """
        import signal, time
        for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        while True:
            time.sleep(1)
        """,
}


def test_a_hanging_import_is_stopped_and_reported(probe: Callable[..., ProbeRun]) -> None:
    for place, hang in HANGS.items():
        run = probe(tensorflow=hang, limit=1)
        assert (run.code, run.err) == (0, ""), place
        assert run.data("ended") == {"by": "limit", "limit_s": 1.0}, place
        assert run.names[-3:] == ["ended", "tensorflow.log", "done"], place
        assert 1 <= run.duration_s < 30, place
        assert run.findings()[0].check == "tensorflow/silent", place
        assert "longer than 1 s" in run.findings()[0].detail, place


def test_a_crash_is_reported_with_its_last_output(probe: Callable[..., ProbeRun]) -> None:
    cases: tuple[tuple[str, dict[str, Any], str], ...] = (
        (
            "os.kill(os.getpid(), 9)",
            {"by": "signal", "signal": "SIGKILL", "out_of_memory": False},
            "terminated by SIGKILL",
        ),
        (
            "os.kill(os.getpid(), 4)",
            {"by": "signal", "signal": "SIGILL", "out_of_memory": False},
            "terminated by SIGILL",
        ),
        ("os.abort()", {"by": "signal", "signal": "SIGABRT", "out_of_memory": False}, "terminated by SIGABRT"),
        ("os._exit(7)", {"by": "exit", "code": 7}, "importing TensorFlow failed"),
    )
    for crash, ended, detail in cases:
        run = probe(
            tensorflow=f"import os, resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
            f"os.write(2, b'last words')\n{crash}"
        )
        assert (run.code, run.err) == (0, ""), crash
        assert run.data("ended") == ended, crash
        assert run.data("tensorflow.log") == {"text": "last words"}, crash
        assert run.names[-1] == "done", crash
        assert run.findings()[0].check == "tensorflow/silent", crash
        assert detail in run.findings()[0].detail, crash


def test_other_output_goes_only_to_the_log(probe: Callable[..., ProbeRun]) -> None:
    run = probe(
        tensorflow="""
        import os
        print('{"what": "done", "data": {}}')
        os.write(1, b'{"what": "tensorflow.version", "data": {"version": "2.9.0"}}\\n')
        os.system('echo from a child')
        """
    )
    assert run.names.count("done") == 1
    assert "2.9.0" not in str([line for line in run.lines if line["what"] == "tensorflow.version"])
    log = run.data("tensorflow.log")["text"]
    assert '{"what": "done"' in log
    assert "from a child" in log


def test_long_output_keeps_its_start_and_end(probe: Callable[..., ProbeRun]) -> None:
    run = probe(
        tensorflow="""
        import os
        os.write(2, b'first words ')
        for _ in range(64):
            os.write(2, b'x' * 65536)
        os.write(2, b' last words')
        os._exit(1)
        """
    )
    log = run.data("tensorflow.log")["text"]
    assert len(log) < 7_000
    assert log.startswith("first words")
    assert log.endswith("last words")


def test_any_message_is_reported(probe: Callable[..., ProbeRun]) -> None:
    run = probe(tensorflow="raise ValueError('\\x1b[31m\\ud800' + 'm' * 100_000)")
    message = run.data("tensorflow.import")["error"]["message"]
    assert message.startswith("\x1b[31m\ud800m")
    assert len(message) < 2_100


def test_an_invalid_limit_is_reported(probe: Callable[..., ProbeRun]) -> None:
    run = probe(limit="soon")
    assert (run.code, run.err) == (0, "")
    assert run.data("ended")["by"] == "error"
    assert run.names == ["ended", "done"]


def test_without_memfd_the_log_is_a_temporary_file(probe: Callable[..., ProbeRun]) -> None:
    run = probe(
        tensorflow="import os; os.write(2, b'words'); raise ImportError",
        text="import os\nif hasattr(os, 'memfd_create'):\n    del os.memfd_create\n" + PROBE,
    )
    assert run.data("tensorflow.log")["text"].startswith("words")


WAIT = "import os, time; open('child_pid', 'w').write(str(os.getpid())); time.sleep(60)"


@pytest.fixture
def child_pid(cwd: Path) -> Iterator[Callable[[], int]]:
    """Yield a function that waits for the child's process id, and returns a pidfd that shows its end."""
    os.mkfifo(cwd / "child_pid")
    pipe = os.open(cwd / "child_pid", os.O_RDONLY | os.O_NONBLOCK)

    def child_pid() -> int:
        assert ready_within(pipe, 20)
        return os.pidfd_open(int(os.read(pipe, 100)))

    yield child_pid
    os.close(pipe)


def ready_within(descriptor: int, seconds: float) -> bool:
    """Wait until a descriptor is readable: a pidfd, until its process ends."""
    return bool(select.select([descriptor], [], [], seconds)[0])


def test_nothing_runs_after_the_reader_has_gone(
    start: Callable[..., subprocess.Popen[bytes]], child_pid: Callable[[], int]
) -> None:
    with start(tensorflow=WAIT, limit=1) as process:
        handle = child_pid()
        assert process.stdout is not None
        process.stdout.close()
        assert ready_within(handle, 10)
        os.close(handle)
        assert process.stderr is not None
        assert process.stderr.read() == b""
        process.wait(timeout=10)


def test_the_child_ends_after_its_parent_is_killed(
    start: Callable[..., subprocess.Popen[bytes]], child_pid: Callable[[], int]
) -> None:
    with start(tensorflow=WAIT, limit=1, text=PROBE.replace("GRACE_S = 5", "GRACE_S = 1")) as process:
        handle = child_pid()
        process.send_signal(signal.SIGKILL)
        assert ready_within(handle, 10)
        os.close(handle)


CHILD = "import os, time; open('child_pid', 'w').write(str(os.getpid())); time.sleep(60)"
START_CHILD = f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {CHILD!r}])\n"


@pytest.mark.parametrize(("after", "limit"), [("time.sleep(60)", 2), ("raise ImportError('no')", 60)])
def test_child_programs_end_with_their_stage(
    start: Callable[..., subprocess.Popen[bytes]], child_pid: Callable[[], int], after: str, limit: int
) -> None:
    wait = "\n".join(("import os", "while not os.path.exists('started'): time.sleep(0.01)"))
    child = START_CHILD.replace("time.sleep(60)", "open('started', 'w'); time.sleep(60)")
    with start(tensorflow=f"{child}{wait}\n{after}", limit=limit) as process:
        handle = child_pid()
        assert ready_within(handle, 15)
        os.close(handle)
        process.wait(timeout=15)


def test_sigterm_ends_the_child(start: Callable[..., subprocess.Popen[bytes]], child_pid: Callable[[], int]) -> None:
    with start(tensorflow=WAIT, limit=60) as process:
        handle = child_pid()
        process.send_signal(signal.SIGTERM)
        assert ready_within(handle, 10)
        os.close(handle)
        assert process.wait(timeout=10) == -signal.SIGTERM


def test_tensorflow_without_keras_fails_an_observation(probe: Callable[..., ProbeRun], packages: Path) -> None:
    (packages / "numpy.py").write_text("")
    program = guest_runner.build_program("smoke")
    inspection = "tensorflow_ops.report_tensorflow(reporter)"
    assert inspection in program
    program = program.replace(inspection, "import tensorflow")
    run = probe(tensorflow="", text=program)
    assert run.data("training.data")["error"]["type"] == "AttributeError"
    assert "training.fit" not in run.names


def test_the_limit_covers_all_package_inspections() -> None:
    limits_s = 2 * image_packages.CHECK_S + jupyter_server.START_S
    assert limits_s < image_packages.LIMIT_S
