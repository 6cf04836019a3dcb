"""Looks at TensorFlow and the GPUs from inside a container, and prints one JSON line for each look.

Runs as text on the standard input of `python - [SECONDS]`, on Python 3.8 or later, and needs nothing but the
standard library and TensorFlow. It judges nothing: a look that fails is reported like any other.

A first process keeps the reader's pipe, the clock and whatever is printed besides; a second one looks. So a look
that hangs in native code, is killed or crashes is still told of, and the last line is always `done`. All of it is one
file because it travels as text.
"""
# ruff: noqa: E402 - the path is cleaned before anything is imported from it

import sys

# Reading its program from a pipe, Python searches the current folder first. That may be the workspace, where a
# stray `json.py` would be imported in place of the real one.
sys.path[:] = [entry for entry in sys.path if entry]

import errno
import importlib.metadata
import importlib.util
import json
import os
import re
import signal
import time
import traceback
from pathlib import Path

LIMIT_S = 120.0
GRACE_S = 5
KEPT_CHARACTERS = 6000
# The operands are small whole numbers, so a right result is whole as well, even in TF32; a wrong one is off by 1.
TOLERANCE = 0.05
PACKAGES = ("tensorflow", "tensorflow-cpu", "keras", "numpy", "protobuf", "h5py")
GPU_VARIABLES = ("NVIDIA_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES")
BUILD_KEYS = ("is_cuda_build", "cuda_version", "cudnn_version", "cpu_compiler", "cuda_compute_capabilities")
OOM_COUNTERS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")


class Teller:
    """Writes observations to the reader, each at once."""

    def __init__(self, descriptor):
        self.file = os.fdopen(descriptor, "w", encoding="ascii")

    def tell(self, what, data, seconds=0.0):
        """Write one observation."""
        line = json.dumps({"what": what, "data": data, "seconds": round(seconds, 4)}, default=str)
        self.file.write(line + "\n")
        self.file.flush()

    def look(self, what, function, about=None):
        """Announce a look, take it, tell its outcome, and return what was seen, or None if it failed."""
        about = about or {}
        self.tell("begin", dict({"look": what}, **about))
        started = time.monotonic()
        try:
            seen = function()
        except BaseException as error:
            traceback.print_exc()
            self.tell(what, dict(about, error=described(error)), time.monotonic() - started)
            return None
        self.tell(what, dict(about, **seen), time.monotonic() - started)
        return seen


def described(error):
    """Return type and message of an exception."""
    return {"type": type(error).__name__, "message": shortened(str(error), 2000)}


def shortened(text, limit=KEPT_CHARACTERS):
    """Return a text with its middle cut out if it is long: causes stand first, consequences last."""
    half = limit // 2
    return text if len(text) <= limit else text[:half] + "\n[...]\n" + text[-half:]


def look_python():
    """Return the interpreter that runs this."""
    return {"version": sys.version.split()[0], "executable": sys.executable, "machine": os.uname().machine}


def look_nodes():
    """Return what opening each NVIDIA device node says.

    This comes before any NVIDIA library is loaded: as root, those create missing nodes themselves.
    """
    gpus = sorted(path.name for path in Path("/dev").glob("nvidia[0-9]*") if re.fullmatch("nvidia[0-9]+", path.name))
    return {"nodes": {"/dev/" + name: opened("/dev/" + name) for name in ("nvidiactl", "nvidia-uvm", *gpus)}}


def opened(path):
    """Return `ok` if a device node can be opened for reading and writing, or else the name of the error."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY))
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))
    return "ok"


def look_variables():
    """Return the variables that choose GPUs, those that are set."""
    return {"variables": {name: os.environ[name] for name in GPU_VARIABLES if name in os.environ}}


def look_packages():
    """Return the versions of the packages that decide whether TensorFlow can be imported."""
    found = {name: list(importlib.metadata.Distribution.discover(name=name)) for name in PACKAGES}
    return {"versions": {name: copies[0].version for name, copies in found.items() if copies}}


def tensorflow_is_there():
    """Return whether there is a TensorFlow to import; a folder left empty by an uninstallation is none."""
    spec = importlib.util.find_spec("tensorflow")
    return spec is not None and spec.origin is not None


def load_tensorflow():
    """Import TensorFlow, with its log on and without its habit of taking all memory of a GPU."""
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="0", TF_FORCE_GPU_ALLOW_GROWTH="true")
    import tensorflow

    return {"path": str(tensorflow.__file__)}


def look_version(tf):
    """Return which TensorFlow this is."""
    names = ("version", "git_version", "compiler_version")
    return {name: str(getattr(tf.version, name.upper())) for name in names}


def look_build(tf):
    """Return how it was built. A build without CUDA names no CUDA version."""
    info = tf.sysconfig.get_build_info()
    return {key: info[key] for key in BUILD_KEYS if key in info}


def look_devices(tf):
    """Return the processors and GPUs that TensorFlow lists. A listed GPU is not yet one that computes."""
    gpus = tf.config.list_physical_devices("GPU")
    return {"cpus": len(tf.config.list_physical_devices("CPU")), "gpus": [look_gpu(tf, gpu) for gpu in gpus]}


def look_gpu(tf, gpu):
    """Return name, model and compute capability of a GPU."""
    details = tf.config.experimental.get_device_details(gpu)
    return {
        "device": gpu.name.replace("/physical_device:", ""),
        "model": str(details.get("device_name", "")),
        "compute_capability": ".".join(map(str, details.get("compute_capability") or ())),
    }


def whole_numbers(numpy, shape, step):
    """Return a float32 array of the numbers -3 to 3 in an order without symmetry."""
    count = numpy.arange(numpy.prod(shape))
    return ((count * count * step + count) % 7 - 3).astype("float32").reshape(shape)


def operations(tf, numpy):
    """Return name, operation and right result of each operation that every device has to get right."""
    left, right = whole_numbers(numpy, (256, 192), 3), whole_numbers(numpy, (192, 320), 5)
    image, kernel = whole_numbers(numpy, (2, 24, 20, 4), 3), whole_numbers(numpy, (3, 3, 4, 8), 5)
    convolved = sum(
        numpy.tensordot(image[:, row:row + 22, column:column + 18, :], kernel[row, column], axes=1)
        for row in range(3) for column in range(3)
    )
    return (
        ("matmul", lambda: tf.matmul(left, right), left @ right),
        ("conv2d", lambda: tf.nn.conv2d(image, kernel, strides=1, padding="VALID"), convolved),
    )


def compute(tf, numpy, device, operation, expected):
    """Run an operation on a device and return where it really ran and whether the result is right."""
    with tf.device("/" + device):
        result = operation()
    values = result.numpy()
    same_shape = values.shape == expected.shape
    off = float(numpy.max(numpy.abs(values - expected))) if same_shape else float("inf")
    # A result that is not a number compares as false, so it counts as wrong.
    return {"placed": result.device, "right": off < TOLERANCE, "largest_error": off if off < 1e30 else None}


def look_operations(teller, tf, devices):
    """Run every operation on every device. Nothing may quietly move to the CPU."""
    import numpy

    tf.config.set_soft_device_placement(False)
    for device in devices:
        for name, operation, expected in operations(tf, numpy):
            about = {"device": device, "op": name}
            teller.look("tensorflow.op", lambda: compute(tf, numpy, device, operation, expected), about)  # noqa: B023


def look_at_everything(teller):
    """Take every look, cheap and certain ones first."""
    teller.look("python", look_python)
    teller.look("gpu.nodes", look_nodes)
    teller.look("gpu.variables", look_variables)
    teller.look("packages", look_packages)
    if not tensorflow_is_there():
        teller.tell("tensorflow.missing", {})
    elif teller.look("tensorflow.import", load_tensorflow):
        look_at_tensorflow(teller)


def look_at_tensorflow(teller):
    """Take the looks that need TensorFlow, which is imported by now."""
    tf = sys.modules["tensorflow"]
    if not teller.look("tensorflow.version", lambda: look_version(tf)):
        return
    teller.look("tensorflow.build", lambda: look_build(tf))
    seen = teller.look("tensorflow.devices", lambda: look_devices(tf)) or {"gpus": []}
    look_operations(teller, tf, ["CPU:0"] + [gpu["device"] for gpu in seen["gpus"]])


def act_as_looker(teller, limit_s):
    """Look, and leave without the teardown of native libraries, which may crash after all is said."""
    code = 1
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        # Should the first process be killed, nobody is left to end this one.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(int(limit_s) + GRACE_S)
        look_at_everything(teller)
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
        ended, status = os.waitpid(pid, os.WNOHANG)
        left = deadline - time.monotonic()
        if ended or left <= 0:
            return status if ended else None
        signal.sigtimedwait({signal.SIGCHLD}, left)


def how_it_ended(pid, limit_s, oom_before):
    """Wait for the looking process and return how it ended, or None if it came to its end."""
    status = wait_for(pid, limit_s)
    if status is None:
        os.kill(pid, signal.SIGKILL)
        wait_for(pid, GRACE_S)  # a process stuck in a driver may outlive even that
        return {"by": "limit", "limit_s": limit_s}
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return {"by": "signal", "signal": name, "out_of_memory": name == "SIGKILL" and oom_kills() > oom_before}
    code = os.WEXITSTATUS(status)
    return {"by": "exit", "code": code} if code else None


def oom_kills():
    """Return how many processes of this container the kernel killed for want of memory, as far as it tells."""
    counters = next((Path(path) for path in OOM_COUNTERS if os.access(path, os.R_OK)), None)
    lines = counters.read_text("ascii").splitlines() if counters else []
    return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))


def kept_file():
    """Return the descriptor of a nameless file; in memory if possible, because no folder may be writable."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("log")
    import tempfile

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def text_of(descriptor):
    """Return what was written to a file, with its middle cut out if it is long."""
    size, part = os.fstat(descriptor).st_size, 2 * KEPT_CHARACTERS
    ends = os.pread(descriptor, part, 0) + os.pread(descriptor, part, max(part, size - part))
    return shortened(ends.decode("utf-8", "replace"))


def supervise(teller, limit_s):
    """Let a second process look; tell how it ended if not well, and what was printed besides."""
    log = kept_file()
    os.dup2(log, 1)
    os.dup2(log, 2)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    oom_before = oom_kills()
    pid = os.fork()
    if pid == 0:
        act_as_looker(teller, limit_s)
    ended = how_it_ended(pid, limit_s, oom_before)
    if ended:
        teller.tell("ended", ended)
    teller.tell("tensorflow.log", {"text": text_of(log)})


def main():
    """Keep the reader's pipe for observations alone, look, and say that it is done."""
    teller, started = Teller(os.dup(1)), time.monotonic()
    try:
        supervise(teller, float(sys.argv[1]) if len(sys.argv) > 1 else LIMIT_S)
        teller.tell("done", {}, time.monotonic() - started)
    except BrokenPipeError:
        os._exit(1)  # nobody reads any more
    except BaseException as error:
        teller.tell("ended", {"by": "error", "error": described(error)})
        teller.tell("done", {})


main()
