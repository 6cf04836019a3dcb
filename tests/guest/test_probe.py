"""The real probe as a real process, on Python 3.8 and on this one, beside stand-ins for TensorFlow that misbehave."""

from __future__ import annotations

import os
import select
import signal
from typing import TYPE_CHECKING, Any

import pytest

from envkit.guest import image_packages
from envkit.observe import guest_runner
from tests.guest.conftest import PROBE, Told

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

ERRNO = {"ok", "ENOENT", "ENXIO", "EPERM", "EACCES", "EIO"}


def test_without_tensorflow_it_says_so_and_comes_to_its_end(probe: Callable[..., Told]) -> None:
    told = probe()
    assert (told.code, told.err) == (0, "")
    assert told.whats == [
        "gpu.nodes",
        "gpu.variables",
        "gpu.libcuda",
        "python",
        "packages",
        "tensorflow.missing",
        "tensorflow.log",
        "done",
    ]
    assert [one.check for one in told.findings()] == ["tensorflow/missing", "gpu/driver-missing"]
    nodes = told.data("gpu.nodes")["nodes"]
    assert {"/dev/nvidiactl", "/dev/nvidia-uvm"} <= set(nodes)
    assert set(nodes.values()) <= ERRNO


def test_every_look_is_announced_before_it_is_taken(probe: Callable[..., Told]) -> None:
    told = probe(tensorflow="raise ImportError('no')")
    looks = [line["data"]["look"] for line in told.lines if line["what"] == "begin"]
    assert looks == ["gpu.nodes", "gpu.variables", "gpu.libcuda", "python", "packages", "tensorflow.import"]
    for look in looks:
        begun = told.lines.index({"what": "begin", "data": {"look": look}, "seconds": 0.0})
        assert told.lines[begun + 1]["what"] == look


def test_a_folder_left_behind_is_no_tensorflow(probe: Callable[..., Told], packages: Path) -> None:
    (packages / "tensorflow" / "python").mkdir(parents=True)
    assert "tensorflow.missing" in probe().whats


def test_files_of_the_workspace_are_not_imported(probe: Callable[..., Told], cwd: Path) -> None:
    for name in ("json", "signal", "tensorflow", "numpy", "errno"):
        (cwd / f"{name}.py").write_text("raise SystemExit('imported from the workspace')")
    told = probe()
    assert (told.code, told.err) == (0, "")
    assert "tensorflow.missing" in told.whats


@pytest.mark.parametrize(
    ("tensorflow", "error", "cause"),
    [
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
            "unknown",
        ),
        ("raise SystemExit(3)", {"type": "SystemExit", "message": "3"}, "unknown"),
        ("raise KeyboardInterrupt", {"type": "KeyboardInterrupt", "message": ""}, "unknown"),
        ("def broken(:", None, "unknown"),
    ],
)
def test_an_import_that_raises_is_an_observation(
    probe: Callable[..., Told], tensorflow: str, error: dict[str, str] | None, cause: str
) -> None:
    told = probe(tensorflow=tensorflow)
    assert (told.code, told.err) == (0, "")
    assert told.whats[-3:] == ["tensorflow.import", "tensorflow.log", "done"]
    assert told.data("tensorflow.import")["error"] == (error or told.data("tensorflow.import")["error"])
    assert told.findings()[0].check == "tensorflow/import-failed"
    assert cause in told.findings()[0].cause


def test_a_module_of_that_name_that_is_not_tensorflow_is_told_of(probe: Callable[..., Told]) -> None:
    told = probe(tensorflow="")
    assert told.data("tensorflow.version")["error"]["type"] == "AttributeError"
    assert told.findings()[0].check == "tensorflow/import-failed"


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


@pytest.mark.parametrize("hang", HANGS.values(), ids=HANGS)
def test_a_look_that_hangs_is_ended_and_told_of(probe: Callable[..., Told], hang: str) -> None:
    told = probe(tensorflow=hang, limit=1)
    assert (told.code, told.err) == (0, "")
    assert told.data("ended") == {"by": "limit", "limit_s": 1.0}
    assert told.whats[-3:] == ["ended", "tensorflow.log", "done"]
    assert 1 <= told.took_s < 30
    assert told.findings()[0].check == "tensorflow/silent"
    assert told.findings()[0].detail == "importing TensorFlow took longer than 1 s and was stopped"


@pytest.mark.parametrize(
    ("death", "ended", "seen"),
    [
        ("os.kill(os.getpid(), 9)", {"by": "signal", "signal": "SIGKILL", "out_of_memory": False}, "ended by SIGKILL"),
        ("os.kill(os.getpid(), 4)", {"by": "signal", "signal": "SIGILL", "out_of_memory": False}, "ended by SIGILL"),
        ("os.abort()", {"by": "signal", "signal": "SIGABRT", "out_of_memory": False}, "ended by SIGABRT"),
        ("os._exit(7)", {"by": "exit", "code": 7}, "importing TensorFlow failed"),
    ],
)
def test_a_look_that_dies_is_told_of_with_its_last_words(
    probe: Callable[..., Told], death: str, ended: dict[str, Any], seen: str
) -> None:
    told = probe(
        tensorflow=f"import os, resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
        f"os.write(2, b'last words')\n{death}"
    )
    assert (told.code, told.err) == (0, "")
    assert told.data("ended") == ended
    assert told.data("tensorflow.log") == {"text": "last words"}
    assert told.whats[-1] == "done"
    assert told.findings()[0].check == "tensorflow/silent"
    assert seen in told.findings()[0].detail


def test_what_is_printed_besides_goes_to_the_log_and_nowhere_else(probe: Callable[..., Told]) -> None:
    told = probe(
        tensorflow="""
        import os
        print('{"what": "done", "data": {}}')
        os.write(1, b'{"what": "tensorflow.version", "data": {"version": "2.9.0"}}\\n')
        os.system('echo from a child')
        """
    )
    assert told.whats.count("done") == 1
    assert "2.9.0" not in str([line for line in told.lines if line["what"] == "tensorflow.version"])
    log = told.data("tensorflow.log")["text"]
    assert '{"what": "done"' in log
    assert "from a child" in log


def test_a_flood_is_kept_short_and_keeps_its_ends(probe: Callable[..., Told]) -> None:
    told = probe(
        tensorflow="""
        import os
        os.write(2, b'first words ')
        for _ in range(64):
            os.write(2, b'x' * 65536)
        os.write(2, b' last words')
        os._exit(1)
        """
    )
    log = told.data("tensorflow.log")["text"]
    assert len(log) < 7_000
    assert log.startswith("first words")
    assert log.endswith("last words")


def test_a_message_of_any_length_and_kind_is_told(probe: Callable[..., Told]) -> None:
    told = probe(tensorflow="raise ValueError('\\x1b[31m\\ud800' + 'm' * 100_000)")
    message = told.data("tensorflow.import")["error"]["message"]
    assert message.startswith("\x1b[31m\ud800m")
    assert len(message) < 2_100


def test_a_limit_that_is_none_is_told_of(probe: Callable[..., Told]) -> None:
    told = probe(limit="soon")
    assert (told.code, told.err) == (0, "")
    assert told.data("ended")["by"] == "error"
    assert told.whats == ["ended", "done"]


def test_without_files_in_memory_it_uses_a_temporary_one(probe: Callable[..., Told]) -> None:
    told = probe(
        tensorflow="import os; os.write(2, b'words'); raise ImportError",
        text="import os\nif hasattr(os, 'memfd_create'):\n    del os.memfd_create\n" + PROBE,
    )
    assert told.data("tensorflow.log")["text"].startswith("words")


WAITS = "import os, time; open('looker', 'w').write(str(os.getpid())); time.sleep(60)"


@pytest.fixture
def looker(cwd: Path) -> Iterator[Callable[[], int]]:
    """Yield a way to wait until the second process says who it is; it gives a handle that tells its end."""
    os.mkfifo(cwd / "looker")
    pipe = os.open(cwd / "looker", os.O_RDONLY | os.O_NONBLOCK)

    def looker() -> int:
        assert ready_within(pipe, 20)
        return os.pidfd_open(int(os.read(pipe, 100)))

    yield looker
    os.close(pipe)


def ready_within(descriptor: int, seconds: float) -> bool:
    """Wait for something to read: of a process's handle, its end."""
    return bool(select.select([descriptor], [], [], seconds)[0])


def test_a_reader_who_goes_away_leaves_nothing_running(
    start: Callable[..., subprocess.Popen[bytes]], looker: Callable[[], int]
) -> None:
    with start(tensorflow=WAITS, limit=1) as process:
        handle = looker()
        assert process.stdout is not None
        process.stdout.close()
        assert ready_within(handle, 10)
        os.close(handle)
        assert process.stderr is not None
        assert process.stderr.read() == b""
        process.wait(timeout=10)


def test_the_second_process_ends_by_itself_when_the_first_is_killed(
    start: Callable[..., subprocess.Popen[bytes]], looker: Callable[[], int]
) -> None:
    with start(tensorflow=WAITS, limit=1, text=PROBE.replace("GRACE_S = 5", "GRACE_S = 1")) as process:
        handle = looker()
        process.send_signal(signal.SIGKILL)
        assert ready_within(handle, 10)
        os.close(handle)


CHILD = "import os, time; open('looker', 'w').write(str(os.getpid())); time.sleep(60)"
STARTS = f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {CHILD!r}])\n"


@pytest.mark.parametrize(("after", "limit"), [("time.sleep(60)", 2), ("raise ImportError('no')", 60)])
def test_what_a_look_started_ends_with_it(
    start: Callable[..., subprocess.Popen[bytes]], looker: Callable[[], int], after: str, limit: int
) -> None:
    waits = "\n".join(("import os", "while not os.path.exists('started'): time.sleep(0.01)"))
    child = STARTS.replace("time.sleep(60)", "open('started', 'w'); time.sleep(60)")
    with start(tensorflow=f"{child}{waits}\n{after}", limit=limit) as process:
        handle = looker()
        assert ready_within(handle, 15)
        os.close(handle)
        process.wait(timeout=15)


def test_a_request_to_end_reaches_the_second_process(
    start: Callable[..., subprocess.Popen[bytes]], looker: Callable[[], int]
) -> None:
    with start(tensorflow=WAITS, limit=60) as process:
        handle = looker()
        process.send_signal(signal.SIGTERM)
        assert ready_within(handle, 10)
        os.close(handle)
        assert process.wait(timeout=10) == -signal.SIGTERM


def test_a_tensorflow_without_keras_fails_a_look(probe: Callable[..., Told], packages: Path) -> None:
    (packages / "numpy.py").write_text("")
    program = guest_runner.build_program("smoke").replace("computing.report_tensorflow(reporter)", "import tensorflow")
    told = probe(tensorflow="", text=program)
    assert told.data("training.data")["error"]["type"] == "AttributeError"
    assert "training.fit" not in told.whats


def test_the_looks_at_the_contents_have_the_time_that_each_of_them_may_take() -> None:
    assert len(image_packages.INSPECTORS) * image_packages.CHECK_S < image_packages.LIMIT_S
