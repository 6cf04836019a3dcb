"""Judge the layers between device nodes and TensorFlow: the driver's libraries, CUDA's, cuDNN.

The layers are checked from the bottom up, and only the first fault is reported. NVIDIA's return codes decide; unlike
the texts, they do not change between releases.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkit.checks import observations as obs
from envkit.checks.check import make_finding
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from envkit.model.release import Release
    from envkit.model.report import Finding, Observation

# NVML's return codes -> check.
NVML_CHECKS = {4: "gpu/nodes-forbidden", 9: "gpu/module-not-loaded", 18: "gpu/driver-mismatch"}
# Return codes of cuInit -> check.
CUDA_CHECKS = {
    34: "gpu/libcuda-stub",
    100: "gpu/hidden",
    802: "gpu/fabric-manager",
    803: "gpu/driver-mismatch",
    804: "gpu/compat-library",
    999: "gpu/uvm",
}
STEP_LABELS = {
    "gpu.libcuda": "loading libcuda.so.1",
    "gpu.nvml": "querying NVML",
    "gpu.cuda": "initializing the driver",
    "gpu.libraries": "loading CUDA's libraries",
}
CAPABILITIES_HINT = "set NVIDIA_DRIVER_CAPABILITIES to compute,utility, then: envkit down && envkit up --gpu"
VISIBLE_DEVICES = "CUDA_VISIBLE_DEVICES"
HIDING_VALUES = frozenset({"", "-1", "NoDevFiles"})  # of CUDA_VISIBLE_DEVICES: they hide every GPU
_VERSION = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}", re.ASCII)


def find_fault(observations: Sequence[Observation], release: Release | None) -> Finding | None:
    """Find the first fault between the device nodes and TensorFlow; None if there is none.

    Args:
        observations: Observations of the probe, in order.
        release: TensorFlow release that runs, for the GPUs and the cuDNN it can use.
    """
    return (
        _find_crash(observations)
        or _find_libcuda_fault(observations)
        or _find_nvml_fault(observations)
        or _find_cuda_fault(observations)
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
        error = obs.text(observation.data, "error") or obs.error(observation.data)
        return make_finding(
            "gpu/libcuda-missing",
            f"loading libcuda.so.1 failed: {single_line(error)}",
            hint=_capabilities_hint(observations),
        )
    return find_stub(observations)


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
    code = obs.data(observations, "gpu.nvml").get("code")
    if not isinstance(code, int) or code == 0 or _is_cuda_ready(observations):
        return None  # TensorFlow does not need NVML; if it is missing, or CUDA works anyway, it proves nothing
    if code in NVML_CHECKS:
        return make_finding(NVML_CHECKS[code], f"NVML answers {code}", data={"nvml": code})
    return None  # cuInit is closer to what TensorFlow does


def _is_cuda_ready(observations: Sequence[Observation]) -> bool:
    return obs.data(observations, "gpu.cuda").get("code") == 0


def _find_cuda_fault(observations: Sequence[Observation]) -> Finding | None:
    observation = obs.last(observations, "gpu.cuda")
    if observation is None:
        return None
    code = observation.data.get("code")
    if code == 0:
        return (
            None
            if obs.tables(observation.data, "gpus")
            else _explain_missing_gpus(observations, "the driver counts no GPU")
        )
    message = f"cuInit answers {code} {single_line(obs.text(observation.data, 'name'))}".strip()
    if code == 100:
        return _explain_missing_gpus(observations, message)
    check_id = CUDA_CHECKS.get(code) if isinstance(code, int) else None
    if check_id == "gpu/driver-mismatch":
        return _explain_mismatch(observations, message)
    return make_finding(check_id or "gpu/driver-unknown", message, data={"cuInit": code})


def _explain_missing_gpus(observations: Sequence[Observation], message: str) -> Finding:
    """Find out what hides the GPUs from the driver."""
    nvml_gpus = obs.tables(obs.data(observations, "gpu.nvml"), "gpus")
    visible_devices = env_variables(observations).get(VISIBLE_DEVICES)
    if not nvml_gpus:
        return make_finding("gpu/none-left", message)
    if any(gpu.get("mig") is True for gpu in nvml_gpus) and not (
        isinstance(visible_devices, str) and visible_devices in HIDING_VALUES
    ):
        return make_finding("gpu/mig-empty", f"{message}; MIG is on")
    if isinstance(visible_devices, str):
        return make_finding(
            "gpu/hidden", f"NVML lists {len(nvml_gpus)}, but {message}; {VISIBLE_DEVICES} is {visible_devices!r}"
        )
    return make_finding("gpu/driver-unknown", f"NVML lists {len(nvml_gpus)}, but {message}")


def _explain_mismatch(observations: Sequence[Observation], message: str) -> Finding:
    package = obs.text(obs.data(observations, "gpu.libcuda"), "package")
    if not package:
        return make_finding("gpu/driver-mismatch", message)
    path = obs.text(obs.data(observations, "gpu.libcuda"), "path")
    return make_finding(
        "gpu/driver-in-image",
        f"{message}; libcuda.so.1 is {single_line(path)} from the image's package {single_line(package)}",
        hint=f"remove {single_line(package)} from the image (apt: in envkit.yaml, or its base), then: envkit up",
    )


def _find_old_gpu(observations: Sequence[Observation], release: Release | None) -> Finding | None:
    gpus = compute_capabilities(observations)
    if release is None or not gpus or not release.compute_capabilities:
        return None
    oldest = min(parse_architecture(architecture) for architecture in release.compute_capabilities)
    if any(capability >= oldest for capability in gpus.values()):
        return None
    names = "; ".join(
        f"{single_line(name)} has compute capability {format_version(capability)}" for name, capability in gpus.items()
    )
    return make_finding("gpu/too-old", f"{names}; TensorFlow {release.version} needs {format_version(oldest)} or newer")


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
    expected = _parse_version(release.cudnn)
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
        f"GPU {index} {obs.text(gpu, 'name')}".strip(): _parse_version(obs.text(gpu, "compute_capability"))
        for index, gpu in enumerate(gpus)
    }
    return {name: capability for name, capability in capabilities.items() if capability}


def _parse_version(text: str) -> tuple[int, int] | None:
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


def env_variables(observations: Sequence[Observation]) -> Mapping[str, Any]:
    """Return the container's variables that select GPUs and libraries."""
    return obs.table(obs.data(observations, "gpu.variables"), "variables")
