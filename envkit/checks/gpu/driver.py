"""Judge the layers between device nodes and TensorFlow: the driver's libraries, CUDA's, cuDNN.

The layers are checked from the bottom up, and only the first fault is reported. NVIDIA's return codes decide; unlike
the texts, they do not change between releases.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkit.checks import observations as obs
from envkit.checks.check import make_finding
from envkit.checks.gpu import codes, visibility
from envkit.checks.gpu.visibility import env_variables
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from envkit.model.release import Release
    from envkit.model.report import Finding, Observation

STEP_LABELS = {
    "gpu.libcuda": "loading libcuda.so.1",
    "gpu.nvml": "querying NVML",
    "gpu.cuda": "initializing the driver",
    "gpu.libraries": "loading CUDA's libraries",
}
CAPABILITIES_HINT = "set NVIDIA_DRIVER_CAPABILITIES to compute,utility, then: envkit down && envkit up --gpu"
_VERSION = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}", re.ASCII)
_FILE_VERSION = re.compile(r"\.so\.([0-9]{3}\.[0-9]{1,3}(?:\.[0-9]{1,3})?)$", re.ASCII)
_OWN_FOLDER = re.compile(r"/(?:compat|cuda-compat[\w.-]*|conda|miniconda\w*|anaconda\w*|envs|site-packages)(?:/|$)")
_NOT_FOUND = re.compile(r"(\S+): cannot open shared object file: No such file")
_DAMAGED = re.compile(
    r"file too short|invalid ELF header|wrong ELF class|undefined symbol|file data|cannot read|version"
)
_VGPU_NAME = re.compile(r"(?:^GRID |-[0-9]{1,3}(?:-[0-9]{1,3})?[ABCQ]$)")  # such as GRID T4-1B, NVIDIA A40-8Q
_GLIBC = re.compile(r"version `(GLIBC\w*_[0-9.]+)' not found")


def find_fault(observations: Sequence[Observation], release: Release | None) -> Finding | None:
    """Find the first fault between the device nodes and TensorFlow; None if there is none.

    Args:
        observations: Observations of the probe, in order.
        release: TensorFlow release that runs, for the GPUs and the cuDNN it can use.
    """
    return (
        _find_libcuda_fault(observations)
        or _find_nvml_fault(observations)
        or _find_cuda_fault(observations)
        or _find_crash(observations)  # after the answers: a program that crashes later does not change them
        or _find_old_gpu(observations, release)
        or _find_missing_libraries(observations, release)
    )


def _find_crash(observations: Sequence[Observation]) -> Finding | None:
    """Report a probe step that did not finish: each one calls into NVIDIA's libraries."""
    crash = obs.last(observations, "driver.ended")
    if crash is None:
        return None
    preceding = observations[: observations.index(crash)]
    step = obs.text(obs.data(preceding, "begin"), "look")
    outcome = f"was terminated by {obs.text(crash.data, 'signal')}"
    if obs.text(crash.data, "by") == "limit":
        outcome = "took too long and was stopped"
    elif obs.text(crash.data, "by") != "signal":
        outcome = "failed"
    return make_finding("gpu/driver-crashed", f"{single_line(STEP_LABELS.get(step, step))} {single_line(outcome)}")


def _find_libcuda_fault(observations: Sequence[Observation]) -> Finding | None:
    observation = obs.last(observations, "gpu.libcuda")
    if observation is None:
        return None
    path = obs.text(observation.data, "path")
    if not path:
        return _explain_unloadable(observations, obs.text(observation.data, "error") or obs.error(observation.data))
    return find_stub(observations)


def _explain_unloadable(observations: Sequence[Observation], error: str) -> Finding:
    """Explain why the loader refuses libcuda: it is missing, or it exists and cannot be used."""
    detail = f"loading libcuda.so.1 failed: {single_line(error)}"
    missing = _NOT_FOUND.search(error)
    if missing and "libcuda.so" not in missing[1]:
        cause = f"libcuda.so.1 is there, and {single_line(missing[1])}, which it needs, is not in the container"
        return make_finding("gpu/libcuda-missing", detail, cause=cause, hint=_capabilities_hint(observations))
    if missing or not _DAMAGED.search(error):
        return make_finding("gpu/libcuda-missing", detail, hint=_capabilities_hint(observations))
    glibc = _GLIBC.search(error)
    cause = (
        f"the file was built for a newer system: it needs {glibc[1]}, which the image's C library lacks"
        if glibc
        else "the file exists in the container and is damaged, or is not the driver's library"
    )
    return make_finding("gpu/libcuda-damaged", detail, cause=cause)


def find_stub(observations: Sequence[Observation]) -> Finding | None:
    """Find a stub that the loader takes for the driver's library, which is visible without any GPU."""
    path = obs.text(obs.data(observations, "gpu.libcuda"), "path")
    return make_finding("gpu/libcuda-stub", f"libcuda.so.1 is {single_line(path)}") if "/stubs/" in path else None


def _capabilities_hint(observations: Sequence[Observation]) -> str | None:
    """Return the hint for a container that does not request compute capabilities, or None."""
    return CAPABILITIES_HINT if lacks_capability(observations, "compute") else None


def lacks_capability(observations: Sequence[Observation], capability: str) -> bool:
    """Return whether the container requests parts of the driver, but not this one."""
    setting = env_variables(observations).get("NVIDIA_DRIVER_CAPABILITIES")
    return isinstance(setting, str) and not {capability, "all"} & set(setting.split(","))


def _find_nvml_fault(observations: Sequence[Observation]) -> Finding | None:
    answer = obs.data(observations, "gpu.nvml").get("code")
    if not isinstance(answer, int) or isinstance(answer, bool) or answer == 0 or _is_cuda_ready(observations):
        return None  # TensorFlow does not need NVML; if it is missing, or CUDA works anyway, it proves nothing
    code = codes.NVML.get(answer)
    if code is None or not code.check:
        return None  # cuInit is closer to what TensorFlow does
    message = f"NVML answers {answer} {code.name}: {code.meaning}"
    if code.check == "gpu/nodes-forbidden":
        return _explain_forbidden(observations, message)
    cause, hint = (code.meaning, code.hint) if code.check == "gpu/hardware-error" else (None, None)
    return make_finding(code.check, message, cause=cause, hint=hint, data={"nvml": answer})


def _explain_forbidden(observations: Sequence[Observation], message: str) -> Finding:
    """Explain a driver that may not be accessed: by the modes of the nodes only if a node does not open."""
    nodes = obs.table(obs.data(observations, "gpu.nodes"), "nodes")
    closed = [single_line(path) for path in nodes if obs.text(nodes, path) != "ok"]
    if closed or not nodes:
        suffix = f"; {', '.join(closed)} cannot be opened" if closed else ""
        return make_finding("gpu/nodes-forbidden", message + suffix, data={"nvml": 4})
    return make_finding("gpu/access-denied", f"{message}; every device node opens", data={"nvml": 4})


def _is_cuda_ready(observations: Sequence[Observation]) -> bool:
    return obs.data(observations, "gpu.cuda").get("code") == 0


def _find_cuda_fault(observations: Sequence[Observation]) -> Finding | None:
    observation = obs.last(observations, "gpu.cuda")
    if observation is None:
        return None
    if error := obs.error(observation.data):
        return _explain_unusable(error)
    answer = observation.data.get("code")
    if answer == 0:
        return _find_counting_fault(observations, observation.data)
    code = codes.CUDA.get(answer) if isinstance(answer, int) and not isinstance(answer, bool) else None
    name = single_line(obs.text(observation.data, "name")) or (code.name if code else "")
    message = f"cuInit answers {single_line(str(answer))} {name}".strip()
    if answer in {100, 101}:
        return visibility.explain_missing_gpus(observations, message)
    if code is None:
        return make_finding("gpu/driver-unknown", message, data={"cuInit": answer})
    return _explain_code(observations, f"{message}: {code.meaning}", code)


def _explain_code(observations: Sequence[Observation], message: str, code: codes.Code) -> Finding:
    """Explain a code of cuInit; one that names no cause leaves it unknown."""
    if code.check == "gpu/driver-mismatch":
        return _explain_mismatch(observations, message)
    hint = code.hint or None
    if not code.check or (code is codes.CUDA[801] and not _is_virtual(observations)):
        return make_finding("gpu/driver-unknown", message, cause=code.meaning if hint else "unknown", hint=hint)
    names_cause = code.check in {"gpu/mps", "gpu/vgpu", "gpu/hardware-error"}
    return make_finding(code.check, message, cause=code.meaning if names_cause else None, hint=hint)


def _find_counting_fault(observations: Sequence[Observation], data: Mapping[str, Any]) -> Finding | None:
    """Find a fault of the GPUs that an initialized driver counts; None if there is one that can be used."""
    gpus = obs.tables(data, "gpus")
    failed = obs.number(data.get("count_code"))
    if failed:
        code = codes.CUDA.get(int(failed))
        message = f"cuDeviceGetCount answers {failed:.0f} {code.name if code else ''}".strip()
        return make_finding("gpu/driver-unknown", f"{message}: {code.meaning}" if code else message)
    if not gpus:
        return visibility.explain_missing_gpus(observations, "the driver counts no GPU")
    unreadable = [
        single_line(f"GPU {index} {obs.text(gpu, 'name')}".strip()) + _format_code(gpu)
        for index, gpu in enumerate(gpus)
        if not _is_readable(gpu)
    ]
    if len(unreadable) < len(gpus):
        return None
    return make_finding(
        "gpu/driver-unknown", f"the driver counts {'; '.join(unreadable)}, and does not report its compute capability"
    )


def _is_readable(gpu: Mapping[str, Any]) -> bool:
    return not obs.number(gpu.get("code")) and parse_version(obs.text(gpu, "compute_capability")) != (0, 0)


def _format_code(gpu: Mapping[str, Any]) -> str:
    answer = obs.number(gpu.get("code"))
    code = codes.CUDA.get(int(answer)) if answer else None
    return f" (it answers {answer:.0f}{f' {code.name}: {code.meaning}' if code else ''})" if answer else ""


def _is_virtual(observations: Sequence[Observation]) -> bool:
    """Return whether NVML lists a virtual GPU, which its name shows."""
    gpus = obs.tables(obs.data(observations, "gpu.nvml"), "gpus")
    return any(_VGPU_NAME.search(obs.text(gpu, "name")) for gpu in gpus)


def _explain_unusable(error: str) -> Finding:
    """Explain a libcuda whose functions cannot be called."""
    check = "gpu/libcuda-damaged" if "undefined symbol" in error else "gpu/driver-unknown"
    cause = "the file called libcuda.so.1 lacks the driver's functions: it is another library, or damaged"
    return make_finding(
        check,
        f"initializing the driver raised {single_line(error)}",
        cause=cause if check == "gpu/libcuda-damaged" else None,
    )


def _explain_mismatch(observations: Sequence[Observation], message: str) -> Finding:
    """Explain a libcuda of another version than the kernel module: the host's, or one of the image."""
    libcuda, nvml = obs.data(observations, "gpu.libcuda"), obs.data(observations, "gpu.nvml")
    path, package = single_line(obs.text(libcuda, "path")), single_line(obs.text(libcuda, "package"))
    if package:
        hint = f"remove {package} from the image (apt: in envkit.yaml, or its base), then: envkit up"
        detail = f"{message}; libcuda.so.1 is {path} from the image's package {package}"
        return make_finding("gpu/driver-in-image", detail, hint=hint)
    version = _FILE_VERSION.search(path)
    kernel = single_line(obs.text(nvml, "driver"))
    # NVML works only with the kernel module's own version, so a different libcuda does not come from the host.
    differs = bool(version and kernel and nvml.get("code") == 0 and version[1] != kernel)
    if not differs and not _OWN_FOLDER.search(path):
        return make_finding("gpu/driver-mismatch", message)
    kernel_text = f", and the kernel module is {kernel}" if kernel else ""
    folder = path.rpartition("/")[0]
    return make_finding(
        "gpu/driver-in-image",
        f"{message}; libcuda.so.1 is {path}{kernel_text}",
        cause="the image's own libcuda (of conda, cuda-compat, or copied) hides the host's, whose version matches",
        hint=f"remove {folder} from LD_LIBRARY_PATH and from /etc/ld.so.conf.d, or that libcuda from the image; then: "
        "envkit up",
    )


def _find_old_gpu(observations: Sequence[Observation], release: Release | None) -> Finding | None:
    gpus = compute_capabilities(observations)
    old = old_gpus(observations, release)
    if release is None or not old or len(old) < len(gpus):
        return None
    oldest = min(parse_architecture(architecture) for architecture in release.compute_capabilities)
    names = "; ".join(
        f"{single_line(name)} has compute capability {format_version(capability)}" for name, capability in gpus.items()
    )
    return make_finding("gpu/too-old", f"{names}; TensorFlow {release.version} needs {format_version(oldest)} or newer")


def old_gpus(observations: Sequence[Observation], release: Release | None) -> tuple[str, ...]:
    """Return the GPUs that are older than a release supports, by index and name."""
    if release is None or not release.compute_capabilities:
        return ()
    oldest = min(parse_architecture(architecture) for architecture in release.compute_capabilities)
    return tuple(name for name, capability in compute_capabilities(observations).items() if capability < oldest)


def _find_missing_libraries(observations: Sequence[Observation], release: Release | None) -> Finding | None:
    data = obs.data(observations, "gpu.libraries")
    missing = {name: result for name, result in obs.table(data, "libraries").items() if result != "ok"}
    if missing:
        detail = "; ".join(single_line(str(message)) for message in missing.values())
        return make_finding("gpu/libraries-missing", detail, data={"missing": sorted(missing)})
    return _find_cudnn_fault(data.get("cudnn"), release)


def _find_cudnn_fault(version: object, release: Release | None) -> Finding | None:
    if release is None or isinstance(version, bool) or not isinstance(version, int):
        return None
    # 8100 is 8.1.0, and 90100 is 9.1.0.
    actual = (version // 10000, version // 100 % 100) if version >= 90000 else (version // 1000, version // 100 % 10)
    expected = parse_version(release.cudnn)
    if not expected or (actual[0] == expected[0] and actual >= expected):
        return None
    return make_finding(
        "gpu/cudnn-wrong",
        f"cuDNN {format_version(actual)} is loaded; TensorFlow {release.version} was built with {release.cudnn}",
        data={"cudnn": version},
    )


def compute_capabilities(observations: Sequence[Observation]) -> dict[str, tuple[int, int]]:
    """Return the compute capability of each GPU that the driver counts, by index and name."""
    gpus = obs.tables(obs.data(observations, "gpu.cuda"), "gpus")
    capabilities = {
        f"GPU {index} {obs.text(gpu, 'name')}".strip(): parse_version(obs.text(gpu, "compute_capability"))
        for index, gpu in enumerate(gpus)
    }
    return {name: capability for name, capability in capabilities.items() if capability and capability != (0, 0)}


def parse_version(text: str) -> tuple[int, int] | None:
    """Parse the beginning of a version such as `7.5` or `8.9.4` into (7, 5); None if it is invalid."""
    if not (match := _VERSION.match(text)):
        return None
    major, minor = match[0].split(".")
    return int(major), int(minor)


def parse_architecture(name: str) -> tuple[int, int]:
    """Parse an architecture such as `sm_75` into (7, 5)."""
    digits = "".join(filter(str.isdecimal, name))
    return int(digits[:-1]), int(digits[-1])


def format_version(version: tuple[int, int]) -> str:
    """Format (7, 5) as `7.5`."""
    return f"{version[0]}.{version[1]}"
