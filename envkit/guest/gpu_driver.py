"""Inspect every layer below TensorFlow that a GPU needs: device nodes, driver libraries, CUDA, cuDNN and tools.

Error numbers and return codes are reported unchanged, because the texts of one fault differ between releases.
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
    "CUDA_DEVICE_ORDER",
    "CUDA_MPS_PIPE_DIRECTORY",
    "CUDA_DISABLE_PTX_JIT",
    "LD_LIBRARY_PATH",
    "XLA_FLAGS",
)
# Libraries that TensorFlow loads by name, each after its dependencies, by CUDA's major version.
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
# Dependencies that must be loaded first if the libraries come from Python packages.
WHEEL_DEPENDENCIES = ("libnvJitLink.so.12",)
LIBDEVICE = "nvvm/libdevice/libdevice.10.bc"
CUDA = "/usr/local/cuda"
CUDA_WITHOUT_WHEELS = ("11.0", "11.2")  # builds whose XLA does not search NVIDIA's wheels
CAPABILITY_MAJOR, CAPABILITY_MINOR = 75, 76  # attributes of cuDeviceGetAttribute
PROCESSES_MAX = 64
MIG_INSTANCES_MAX = 16
DEV = Path("/dev")


def report_driver(reporter):
    """Run every inspection, cheap ones first; nodes before libraries, which as root create missing nodes."""
    reporter.observe("gpu.nodes", inspect_nodes)
    reporter.observe("gpu.variables", inspect_gpu_variables)
    if not (reporter.observe("gpu.libcuda", inspect_libcuda) or {}).get("path"):
        return  # everything else needs it
    reporter.observe("gpu.nvml", inspect_nvml)
    reporter.observe("gpu.cuda", inspect_cuda)
    reporter.observe("gpu.cache", inspect_cache)
    build = read_build_info()
    if build.get("is_cuda_build"):
        reporter.observe("gpu.libraries", lambda: inspect_libraries(build))
        reporter.observe("gpu.tools", lambda: inspect_tools(build))


def inspect_nodes():
    """Return the result of opening each NVIDIA device node."""
    gpus = sorted(path.name for path in DEV.glob("nvidia[0-9]*") if re.fullmatch("nvidia[0-9]+", path.name))
    return {"nodes": {"/dev/" + name: open_node(DEV / name) for name in ("nvidiactl", "nvidia-uvm", *gpus)}}


def open_node(path):
    """Return `ok` if a device node can be opened for reading and writing, otherwise the error's name."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY))
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))
    return "ok"


def inspect_gpu_variables():
    """Return the set variables that select GPUs and libraries."""
    return {"variables": {name: os.environ[name] for name in VARIABLES if name in os.environ}}


def load_library(name):
    """Load a library with its dependencies; return it and an empty string, or None and the loader's error."""
    try:
        return ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL | os.RTLD_NOW), ""
    except OSError as error:
        return None, str(error)


def inspect_libcuda():
    """Return the path of the libcuda.so.1 that the loader finds, and the image's package that contains it, if any."""
    library, error = load_library("libcuda.so.1")
    if library is None:
        return {"path": "", "error": error}
    path = mapped_path("libcuda.so")
    return {"path": path, "package": package_of(path)}


def mapped_path(name):
    """Return the real path of a loaded library."""
    lines = Path("/proc/self/maps").read_text("utf-8", "replace").splitlines()
    paths = (line.split(None, 5)[5] for line in lines if line.count("/"))
    return next((path for path in paths if Path(path).name.startswith(name)), "")


def package_of(path):
    """Return the Debian package that contains a file, or an empty string."""
    for list_file in sorted(Path("/var/lib/dpkg/info").glob("*.list")):
        is_candidate = "cuda" in list_file.name or "nvidia" in list_file.name  # reading all lists is slow
        if is_candidate and path in list_file.read_text("utf-8", "replace").splitlines():
            return list_file.stem
    return ""


def inspect_nvml():
    """Query NVML for the driver's version, and for each GPU with its memory and processes."""
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
    """Return one GPU as NVML reports it. Its UUID is shortened, which still distinguishes GPUs."""
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
    instances = mig_instances(library, handle) if has_mig and mode.value else None
    return {
        "index": index,
        "name": name.value.decode("utf-8", "replace"),
        "uuid": uuid.value.decode("ascii", "replace")[:12],
        "memory_mib": memory[0] >> 20,
        "used_mib": memory[2] >> 20,
        "pci": nvml_address(library, handle),
        "mig": bool(has_mig and mode.value),
        "processes": nvml_processes(library, handle),
        **({} if instances is None else {"mig_instances": instances}),
    }


class PciInfo(ctypes.Structure):
    """The beginning of NVML's third version of a PCI address, in a buffer for the whole."""

    _fields_ = (("legacy", ctypes.c_char * 16), ("numbers", ctypes.c_uint * 5), ("address", ctypes.c_char * 32))
    _fields_ += (("rest", ctypes.c_char * 128),)


def nvml_address(library, handle):
    """Return the PCI address of a GPU as CUDA writes it, such as `0000:01:00.0`, or an empty string."""
    info = PciInfo()
    if call_optional(library, "nvmlDeviceGetPciInfo_v3", handle, ctypes.byref(info)) != 0:
        return ""
    return info.address.decode("ascii", "replace").lower()[-12:]  # its domain has eight digits, CUDA's four


def mig_instances(library, handle):
    """Return the shortened UUIDs of a GPU's MIG instances, or None if they cannot be counted."""
    count, uuids = ctypes.c_uint(), []
    if call_optional(library, "nvmlDeviceGetMaxMigDeviceCount", handle, ctypes.byref(count)) != 0:
        return None
    for index in range(min(count.value, MIG_INSTANCES_MAX)):
        instance, uuid = ctypes.c_void_p(), ctypes.create_string_buffer(96)
        if call_optional(library, "nvmlDeviceGetMigDeviceHandleByIndex", handle, index, ctypes.byref(instance)) == 0:
            library.nvmlDeviceGetUUID(instance, uuid, 96)
            uuids.append(uuid.value.decode("ascii", "replace")[:12])
    return uuids


class Process(ctypes.Structure):
    """NVML's first version of a process, which every release supports."""

    _fields_ = (("pid", ctypes.c_uint), ("used", ctypes.c_ulonglong))


def nvml_processes(library, handle):
    """Return the number of processes on a GPU; their ids belong to another namespace."""
    count, processes = ctypes.c_uint(PROCESSES_MAX), (Process * PROCESSES_MAX)()
    code = call_optional(library, "nvmlDeviceGetComputeRunningProcesses", handle, ctypes.byref(count), processes)
    return count.value if code == 0 else None


def call_optional(library, name, *arguments):
    """Call a function that older libraries lack; return its code, or None if it does not exist."""
    function = getattr(library, name, None)
    return None if function is None else function(*arguments)


def inspect_cuda():
    """Query the driver: whether it can be initialized, its CUDA version, and each GPU."""
    library = load_library("libcuda.so.1")[0]
    version, count = ctypes.c_int(), ctypes.c_int()
    code = library.cuInit(0)
    library.cuDriverGetVersion(ctypes.byref(version))
    info = {"code": code, "name": error_name(library, code), "cuda": version.value}
    if code == 0:
        count_code = library.cuDeviceGetCount(ctypes.byref(count))
        info.update({"count_code": count_code} if count_code else {})
        info["gpus"] = [cuda_gpu(library, index) for index in range(count.value)]
    return info


def error_name(library, code):
    """Return CUDA's name of a code."""
    name = ctypes.c_char_p()
    return (
        ""
        if call_optional(library, "cuGetErrorName", code, ctypes.byref(name))
        else (name.value or b"").decode("ascii")
    )


def cuda_gpu(library, index):
    """Return one GPU as CUDA reports it, and the first code of a query that failed."""
    device, name, address = ctypes.c_int(), ctypes.create_string_buffer(96), ctypes.create_string_buffer(32)
    values = [ctypes.c_int(), ctypes.c_int()]
    queries = [library.cuDeviceGet(ctypes.byref(device), index), library.cuDeviceGetName(name, 96, device)]
    for attribute, value in zip((CAPABILITY_MAJOR, CAPABILITY_MINOR), values):  # noqa: B905 - Python 3.8
        queries.append(library.cuDeviceGetAttribute(ctypes.byref(value), attribute, device))
    has_address = call_optional(library, "cuDeviceGetPCIBusId", address, 32, device) == 0
    code = next((answer for answer in queries if answer), 0)
    return {
        "name": name.value.decode("utf-8", "replace"),
        "compute_capability": ".".join(str(value.value) for value in values),
        **({"pci": address.value.decode("ascii", "replace").lower()} if has_address else {}),
        **({"code": code, "code_name": error_name(library, code)} if code else {}),
    }


def inspect_cache():
    """Return the driver's cache of compiled kernels and the file system of that folder."""
    path = os.environ.get("CUDA_CACHE_PATH") or str(Path("~/.nv/ComputeCache").expanduser())
    mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text("utf-8", "replace").splitlines()]
    cache_path = os.path.realpath(path) + "/"
    ancestors = [fields for fields in mounts if cache_path.startswith(fields[4].rstrip("/") + "/")]
    mount = max(reversed(ancestors), key=lambda fields: len(fields[4]))  # a later mount hides an earlier one
    fs_type = mount[mount.index("-") + 1]
    return {
        "path": path,
        "off": os.environ.get("CUDA_CACHE_DISABLE") == "1",
        "mount": mount[4],
        "type": fs_type,
        "writable": is_writable(Path(path)),
    }


def is_writable(folder):
    """Return whether a folder is writable or can be created."""
    ancestor = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return os.access(str(ancestor), os.W_OK)


def read_build_info():
    """Return TensorFlow's build information from a file of the package, without importing it."""
    spec = importlib.util.find_spec("tensorflow")
    if spec is None or spec.origin is None:
        return {}
    file = Path(spec.origin).parent / "python/platform/build_info.py"
    return dict(runpy.run_path(str(file)).get("build_info", {})) if file.is_file() else {}


def inspect_libraries(build):
    """Load each library that TensorFlow loads by name, and return the results and cuDNN's version."""
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
    """Load a library by name or from NVIDIA's wheels; return `ok` or the loader's error."""
    library, error = load_library(name)
    for folder in sys.path:
        for path in sorted(Path(folder).glob("nvidia/*/lib/" + name)) if library is None else ():
            library, error = load_library(str(path))
    return "ok" if library is not None else error


def inspect_tools(build):
    """Return the paths of the assembler and device library that XLA compiles kernels with, by XLA's own search."""
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
