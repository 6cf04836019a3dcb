"""Looks at every layer below TensorFlow that a GPU needs: device nodes, driver libraries, CUDA, cuDNN, its tools.

Error numbers and return codes are reported as they are: texts of the same fault differ from release to release.
"""

import ctypes
import errno
import importlib.util
import os
import re
import runpy
import shutil
import sys
from pathlib import Path

LIMIT_S = 20.0
VARIABLES = (
    "NVIDIA_VISIBLE_DEVICES",
    "NVIDIA_DRIVER_CAPABILITIES",
    "CUDA_VISIBLE_DEVICES",
    "LD_LIBRARY_PATH",
    "XLA_FLAGS",
)
# What TensorFlow opens by name, in an order in which each finds what it needs loaded. By CUDA's major version.
LIBRARIES = {
    "11": (
        "libcudart.so.11.0",
        "libcublasLt.so.11",
        "libcublas.so.11",
        "libcufft.so.10",
        "libcurand.so.10",
        "libcusparse.so.11",
        "libcusolver.so.11",
    ),
    "12": (
        "libcudart.so.12",
        "libcublasLt.so.12",
        "libcublas.so.12",
        "libcufft.so.11",
        "libcusparse.so.12",
        "libcusolver.so.11",
    ),
}
# What some of them need in turn, and find only when it is loaded, where they came as Python packages.
WHEEL_DEPENDENCIES = ("libnvJitLink.so.12",)
LIBDEVICE = "nvvm/libdevice/libdevice.10.bc"
CUDA = "/usr/local/cuda"
CUDA_WITHOUT_WHEELS = ("11.0", "11.2")  # builds whose XLA does not look into NVIDIA's wheels
CAPABILITY_MAJOR, CAPABILITY_MINOR = 75, 76  # cuDeviceGetAttribute: of the compute capability
PROCESSES_MAX = 64
DEV = Path("/dev")


def report_driver(reporter):
    """Take every look, cheap and certain ones first; nodes before libraries, which as root create missing ones."""
    reporter.observe("gpu.nodes", inspect_nodes)
    reporter.observe("gpu.variables", inspect_gpu_variables)
    if not (reporter.observe("gpu.libcuda", inspect_libcuda) or {}).get("path"):
        return  # the rest stands on it
    reporter.observe("gpu.nvml", inspect_nvml)
    reporter.observe("gpu.cuda", inspect_cuda)
    reporter.observe("gpu.cache", inspect_cache)
    build = read_build_info()
    if build.get("is_cuda_build"):
        reporter.observe("gpu.libraries", lambda: inspect_libraries(build))
        reporter.observe("gpu.tools", lambda: inspect_tools(build))


def inspect_nodes():
    """Return what opening each NVIDIA device node says."""
    gpus = sorted(path.name for path in DEV.glob("nvidia[0-9]*") if re.fullmatch("nvidia[0-9]+", path.name))
    return {"nodes": {"/dev/" + name: open_node(DEV / name) for name in ("nvidiactl", "nvidia-uvm", *gpus)}}


def open_node(path):
    """Return `ok` if a device node can be opened for reading and writing, or else the name of the error."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY))
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))
    return "ok"


def inspect_gpu_variables():
    """Return the variables that choose GPUs and libraries, those that are set."""
    return {"variables": {name: os.environ[name] for name in VARIABLES if name in os.environ}}


def load_library(name):
    """Load a library with all it needs, now; return it and an empty text, or None and what the loader says."""
    try:
        return ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL | os.RTLD_NOW), ""
    except OSError as error:
        return None, str(error)


def inspect_libcuda():
    """Return which libcuda.so.1 the loader takes, and which package of the image it belongs to, if any does."""
    library, error = load_library("libcuda.so.1")
    if library is None:
        return {"path": "", "error": error}
    path = mapped_path("libcuda.so")
    return {"path": path, "package": package_of(path)}


def mapped_path(name):
    """Return the path of a loaded library, links resolved."""
    lines = Path("/proc/self/maps").read_text("utf-8", "replace").splitlines()
    paths = (line.split(None, 5)[5] for line in lines if line.count("/"))
    return next((path for path in paths if Path(path).name.startswith(name)), "")


def package_of(path):
    """Return the Debian package that brought a file, or nothing."""
    for list_file in sorted(Path("/var/lib/dpkg/info").glob("*.list")):
        is_candidate = "cuda" in list_file.name or "nvidia" in list_file.name  # to read all of them takes long
        if is_candidate and path in list_file.read_text("utf-8", "replace").splitlines():
            return list_file.stem
    return ""


def inspect_nvml():
    """Return what NVML answers: the driver's version, and each GPU with its memory and who computes on it."""
    library, error = load_library("libnvidia-ml.so.1")
    if library is None:
        return {"code": None, "error": error}
    code = library.nvmlInit_v2()
    if code:
        return {"code": code}
    version, count = ctypes.create_string_buffer(96), ctypes.c_uint()
    library.nvmlSystemGetDriverVersion(version, 96)
    library.nvmlDeviceGetCount_v2(ctypes.byref(count))
    gpus = [nvml_gpu(library, index) for index in range(count.value)]
    return {"code": 0, "driver": version.value.decode("ascii", "replace"), "gpus": gpus}


def nvml_gpu(library, index):
    """Return one GPU as NVML sees it. Its UUID is cut short: enough to tell GPUs apart."""
    handle = ctypes.c_void_p()
    code = library.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle))
    if code:
        return {"index": index, "code": code}
    name, uuid = ctypes.create_string_buffer(96), ctypes.create_string_buffer(96)
    memory = (ctypes.c_ulonglong * 3)()  # total, free, used
    mode, pending = ctypes.c_uint(), ctypes.c_uint()
    library.nvmlDeviceGetName(handle, name, 96)
    library.nvmlDeviceGetUUID(handle, uuid, 96)
    library.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory))
    has_mig = not call_optional(library, "nvmlDeviceGetMigMode", handle, ctypes.byref(mode), ctypes.byref(pending))
    return {
        "index": index,
        "name": name.value.decode("utf-8", "replace"),
        "uuid": uuid.value.decode("ascii", "replace")[:12],
        "memory_mib": memory[0] >> 20,
        "used_mib": memory[2] >> 20,
        "mig": bool(has_mig and mode.value),
        "processes": nvml_processes(library, handle),
    }


class Process(ctypes.Structure):
    """NVML's first form of a process, which every release knows."""

    _fields_ = (("pid", ctypes.c_uint), ("used", ctypes.c_ulonglong))


def nvml_processes(library, handle):
    """Return how many processes compute on a GPU; their numbers are those of another name space."""
    count, processes = ctypes.c_uint(PROCESSES_MAX), (Process * PROCESSES_MAX)()
    code = call_optional(library, "nvmlDeviceGetComputeRunningProcesses", handle, ctypes.byref(count), processes)
    return count.value if code == 0 else None


def call_optional(library, name, *arguments):
    """Call a function that older libraries lack; return its code, or None if it is not there."""
    function = getattr(library, name, None)
    return None if function is None else function(*arguments)


def inspect_cuda():
    """Return what the driver answers: whether it can be initialised, its CUDA version, and each GPU."""
    library = load_library("libcuda.so.1")[0]
    version, count = ctypes.c_int(), ctypes.c_int()
    code = library.cuInit(0)
    library.cuDriverGetVersion(ctypes.byref(version))
    info = {"code": code, "name": error_name(library, code), "cuda": version.value}
    if code == 0:
        library.cuDeviceGetCount(ctypes.byref(count))
        info["gpus"] = [cuda_gpu(library, index) for index in range(count.value)]
    return info


def error_name(library, code):
    """Return the name CUDA gives a code."""
    name = ctypes.c_char_p()
    return (
        ""
        if call_optional(library, "cuGetErrorName", code, ctypes.byref(name))
        else (name.value or b"").decode("ascii")
    )


def cuda_gpu(library, index):
    """Return one GPU as CUDA sees it."""
    device, name, parts = ctypes.c_int(), ctypes.create_string_buffer(96), []
    library.cuDeviceGet(ctypes.byref(device), index)
    library.cuDeviceGetName(name, 96, device)
    for attribute in (CAPABILITY_MAJOR, CAPABILITY_MINOR):
        value = ctypes.c_int()
        library.cuDeviceGetAttribute(ctypes.byref(value), attribute, device)
        parts.append(str(value.value))
    return {"name": name.value.decode("utf-8", "replace"), "compute_capability": ".".join(parts)}


def inspect_cache():
    """Return where the driver keeps what it compiles, and what that folder lies on."""
    path = os.environ.get("CUDA_CACHE_PATH") or str(Path("~/.nv/ComputeCache").expanduser())
    mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text("utf-8", "replace").splitlines()]
    cache_path = os.path.realpath(path) + "/"
    ancestors = [fields for fields in mounts if cache_path.startswith(fields[4].rstrip("/") + "/")]
    mount = max(reversed(ancestors), key=lambda fields: len(fields[4]))  # of two at one place the later one counts
    fs_type = mount[mount.index("-") + 1]
    return {
        "path": path,
        "off": os.environ.get("CUDA_CACHE_DISABLE") == "1",
        "mount": mount[4],
        "type": fs_type,
        "writable": is_writable(Path(path)),
    }


def is_writable(folder):
    """Return whether a folder can be written to, or made."""
    ancestor = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return os.access(str(ancestor), os.W_OK)


def read_build_info():
    """Return what TensorFlow was built with, without importing it: a file beside it says so."""
    spec = importlib.util.find_spec("tensorflow")
    if spec is None or spec.origin is None:
        return {}
    file = Path(spec.origin).parent / "python/platform/build_info.py"
    return dict(runpy.run_path(str(file)).get("build_info", {})) if file.is_file() else {}


def inspect_libraries(build):
    """Return what loading each library says that TensorFlow opens by name, and cuDNN's version."""
    cudnn = "libcudnn.so." + str(build.get("cudnn_version", "8")).split(".")[0]
    names = (*LIBRARIES.get(str(build.get("cuda_version", "")).split(".")[0], ()), cudnn)
    for name in WHEEL_DEPENDENCIES:
        load_with_fallback(name)
    results = {name: load_with_fallback(name) for name in names}
    library = load_library(cudnn)[0] if results[cudnn] == "ok" else None
    version = None
    if library is not None:
        library.cudnnGetVersion.restype = ctypes.c_size_t
        version = library.cudnnGetVersion()
    return {"libraries": results, "cudnn": version, "cuda": str(build.get("cuda_version", ""))}


def load_with_fallback(name):
    """Load a library by name, or from where NVIDIA's wheels put it; return `ok` or what the loader says."""
    library, error = load_library(name)
    for folder in sys.path:
        for path in sorted(Path(folder).glob("nvidia/*/lib/" + name)) if library is None else ():
            library, error = load_library(str(path))
    return "ok" if library is not None else error


def inspect_tools(build):
    """Return where the assembler and the device library are that XLA compiles kernels with, by its own search."""
    flag_dirs = re.findall(r"--xla_gpu_cuda_data_dir=(\S+)", os.environ.get("XLA_FLAGS", ""))
    cuda = str(build.get("cuda_version", ""))
    wheel_roots = () if cuda in CUDA_WITHOUT_WHEELS else sys.path
    wheels = [str(path) for folder in wheel_roots for path in Path(folder).glob("nvidia/cuda_nvcc")]
    cuda_dirs = [*flag_dirs[-1:], "cuda_sdk_lib", CUDA + "-" + cuda, CUDA, *wheels, "."]
    libdevice = next(
        (str(Path(cuda_dir, LIBDEVICE)) for cuda_dir in cuda_dirs if Path(cuda_dir, LIBDEVICE).is_file()), ""
    )
    ptxas = next(
        (str(Path(cuda_dir, "bin/ptxas")) for cuda_dir in cuda_dirs if Path(cuda_dir, "bin/ptxas").is_file()), ""
    )
    return {"ptxas": shutil.which("ptxas") or ptxas, "libdevice": libdevice}
