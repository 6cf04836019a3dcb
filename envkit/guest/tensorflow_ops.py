"""Inspect TensorFlow: its build, the devices that it lists, and whether each of them computes."""

import importlib.metadata
import importlib.util
import os
import sys
import time
from pathlib import Path

# The operands are small integers, so a correct result is an integer, even in TF32; a wrong one is off by 1.
TOLERANCE = 0.05
SPEED_SIZE, SPEED_RUNS = 4096, 5
PACKAGES = ("tensorflow", "tensorflow-cpu", "keras", "numpy", "protobuf", "h5py")
BUILD_KEYS = ("is_cuda_build", "cuda_version", "cudnn_version", "cpu_compiler", "cuda_compute_capabilities")


def inspect_python():
    """Return the interpreter's version, path and architecture."""
    return {"version": sys.version.split()[0], "executable": sys.executable, "machine": os.uname().machine}


def inspect_cpu():
    """Return whether the CPU has AVX; None if the kernel does not report its instructions."""
    lines = Path("/proc/cpuinfo").read_text("ascii", "replace").splitlines()
    flags = next((line.split() for line in lines if line.startswith("flags")), None)
    return {"avx": "avx" in flags if flags else None}


def inspect_packages():
    """Return the versions of the packages that decide whether TensorFlow can be imported."""
    distributions = {name: list(importlib.metadata.Distribution.discover(name=name)) for name in PACKAGES}
    return {"versions": {name: copies[0].version for name, copies in distributions.items() if copies}}


def has_tensorflow():
    """Return whether TensorFlow is installed; a folder left over from an uninstallation does not count."""
    spec = importlib.util.find_spec("tensorflow")
    return spec is not None and spec.origin is not None


def load_tensorflow():
    """Import TensorFlow with its log enabled, and without reserving all memory of a GPU."""
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="0", TF_FORCE_GPU_ALLOW_GROWTH="true")
    import tensorflow

    return {"path": str(tensorflow.__file__)}


def inspect_version(tf):
    """Return which TensorFlow this is."""
    names = ("version", "git_version", "compiler_version")
    return {name: str(getattr(tf.version, name.upper())) for name in names}


def inspect_build(tf):
    """Return how it was built. A build without CUDA names no CUDA version."""
    info = tf.sysconfig.get_build_info()
    return {key: info[key] for key in BUILD_KEYS if key in info}


def inspect_devices(tf):
    """Return the processors and GPUs that TensorFlow lists. A listed GPU does not necessarily compute."""
    gpus = tf.config.list_physical_devices("GPU")
    return {"cpus": len(tf.config.list_physical_devices("CPU")), "gpus": [inspect_gpu(tf, gpu) for gpu in gpus]}


def inspect_gpu(tf, gpu):
    """Return name, model and compute capability of a GPU."""
    details = tf.config.experimental.get_device_details(gpu)
    return {
        "device": gpu.name.replace("/physical_device:", ""),
        "model": str(details.get("device_name", "")),
        "compute_capability": ".".join(map(str, details.get("compute_capability") or ())),
    }


def integer_array(numpy, shape, step):
    """Return a float32 array of the numbers -3 to 3 in an asymmetric order."""
    indices = numpy.arange(numpy.prod(shape))
    return ((indices * indices * step + indices) % 7 - 3).astype("float32").reshape(shape)


def operations(tf, numpy, half=False):
    """Return name, function and expected result of each operation to test on a device.

    With `half`, in float16: it represents integers up to 2048 exactly, and no result exceeds that.
    """
    lhs, rhs = integer_array(numpy, (256, 192), 3), integer_array(numpy, (192, 320), 5)
    image, kernel = integer_array(numpy, (2, 24, 20, 4), 3), integer_array(numpy, (3, 3, 4, 8), 5)
    convolution = sum(
        numpy.tensordot(image[:, row : row + 22, column : column + 18, :], kernel[row, column], axes=1)
        for row in range(3)
        for column in range(3)
    )
    product = lhs @ rhs
    if half:
        lhs, rhs, image, kernel = (array.astype("float16") for array in (lhs, rhs, image, kernel))
    suffix = "_half" if half else ""
    return (
        ("matmul" + suffix, lambda: tf.matmul(lhs, rhs), product),
        ("conv2d" + suffix, lambda: tf.nn.conv2d(image, kernel, strides=1, padding="VALID"), convolution),
    )


def own_kernels(tf, numpy):
    """Return name, function and expected result of operations whose kernels TensorFlow brings itself.

    Matrix products and convolutions use cuBLAS and cuDNN, which have code of their own for newer GPUs.
    """
    lhs, rhs = integer_array(numpy, (64, 48), 3), integer_array(numpy, (64, 48), 5)
    return (
        ("multiply", lambda: tf.multiply(lhs, rhs), lhs * rhs),
        ("cast", lambda: tf.cast(tf.constant(lhs), tf.int32), lhs.astype("int32")),
        ("reduce", lambda: tf.reduce_sum(lhs, axis=1), lhs.sum(axis=1)),
        ("random", lambda: count_random(tf), numpy.float32(64 * 48)),
    )


def count_random(tf):
    """Return how many of 3,072 random numbers are in their range, as a scalar on the device that drew them."""
    numbers = tf.random.uniform((64, 48), minval=1.0, maxval=2.0)
    return tf.reduce_sum(tf.clip_by_value(tf.math.floor(numbers), 0.0, 1.0))


def measure_speed(tf, device):
    """Measure how fast a device multiplies large matrices, after a warm-up."""
    with tf.device("/" + device):
        matrix = tf.random.normal((SPEED_SIZE, SPEED_SIZE))
        float(tf.reduce_sum(tf.matmul(matrix, matrix)))
        start = time.monotonic()
        for _ in range(SPEED_RUNS):
            product = tf.matmul(matrix, matrix)
        float(tf.reduce_sum(product))
    seconds = time.monotonic() - start
    return {"tflops": round(2 * SPEED_SIZE**3 * SPEED_RUNS / seconds / 1e12, 2), "dtype": "float32"}


def check_operation(tf, numpy, device, operation, expected):
    """Run an operation on a device, and return the device that executed it and whether the result is right."""
    with tf.device("/" + device):
        result = operation()
    values = result.numpy()
    same_shape = values.shape == expected.shape
    error = float(numpy.max(numpy.abs(values - expected))) if same_shape else float("inf")
    # Comparisons with NaN are false, so NaN counts as wrong.
    return {"placed": result.device, "right": error < TOLERANCE, "largest_error": error if error < 1e30 else None}


def report_operations(reporter, tf, devices):
    """Run every operation on every device, without silent fallback to the CPU."""
    import numpy

    tf.config.set_soft_device_placement(False)
    for device in devices:
        is_gpu = device.startswith("GPU")
        for name, operation, expected in (
            *operations(tf, numpy),
            *((*own_kernels(tf, numpy), *operations(tf, numpy, half=True)) if is_gpu else ()),
        ):
            context = {"device": device, "op": name}
            reporter.observe("tensorflow.op", lambda: check_operation(tf, numpy, device, operation, expected), context)  # noqa: B023
        if is_gpu:
            reporter.observe("tensorflow.speed", lambda: measure_speed(tf, device), {"device": device})  # noqa: B023


def report_tensorflow(reporter):
    """Run every inspection of TensorFlow, cheap ones first."""
    reporter.observe("python", inspect_python)
    reporter.observe("cpu", inspect_cpu)
    reporter.observe("packages", inspect_packages)
    if not has_tensorflow():
        reporter.emit("tensorflow.missing", {})
    elif reporter.observe("tensorflow.import", load_tensorflow):
        report_details(reporter)


def report_details(reporter):
    """Run the inspections that need TensorFlow, which has been imported."""
    tf = sys.modules["tensorflow"]
    if not reporter.observe("tensorflow.version", lambda: inspect_version(tf)):
        return
    reporter.observe("tensorflow.build", lambda: inspect_build(tf))
    devices = reporter.observe("tensorflow.devices", lambda: inspect_devices(tf)) or {"gpus": []}
    report_operations(reporter, tf, ["CPU:0"] + [gpu["device"] for gpu in devices["gpus"]])
