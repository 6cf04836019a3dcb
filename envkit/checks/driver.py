"""What stands between open device nodes and TensorFlow: the driver's libraries, CUDA's, cuDNN.

The layers are walked from the bottom and the first fault is the answer. Return codes decide; they are NVIDIA's and
stay the same from release to release, unlike the texts that go with them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkit.checks import observations as look
from envkit.checks.table import finding
from envkit.plain import line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from envkit.model.release import Release
    from envkit.model.report import Finding, Observation

# NVML's codes, and the check each of them is.
NVML = {4: "gpu/nodes-forbidden", 9: "gpu/module-not-loaded", 18: "gpu/driver-mismatch"}
# CUDA's, of cuInit.
CUDA = {
    34: "gpu/libcuda-stub", 100: "gpu/hidden", 802: "gpu/fabric-manager", 803: "gpu/driver-mismatch",
    804: "gpu/compat-library", 999: "gpu/uvm",
}
DOING = {
    "gpu.libcuda": "loading libcuda.so.1", "gpu.nvml": "asking NVML", "gpu.cuda": "initialising the driver",
    "gpu.libraries": "loading CUDA's libraries",
}
CAPABILITIES = "set NVIDIA_DRIVER_CAPABILITIES to compute,utility, then: envkit down && envkit up --gpu"
HIDES = "CUDA_VISIBLE_DEVICES"
HIDING = frozenset({"", "-1", "NoDevFiles"})  # its values that hide every GPU there may be
_VERSION = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}", re.ASCII)


def fault(observations: Sequence[Observation], release: Release | None) -> Finding | None:
    """Return the first fault between the device nodes and TensorFlow, or None where none was seen.

    Args:
        observations: What the probe saw, in its order.
        release: The TensorFlow release that runs, for the GPUs and the cuDNN it can use.
    """
    return (
        _crashed(observations) or _library(observations) or _nvml(observations) or _cuda(observations)
        or _too_old(observations, release) or _libraries(observations, release)
    )


def _crashed(observations: Sequence[Observation]) -> Finding | None:
    """Tell of a look that did not come back: each runs in a library that is not ours."""
    ended = look.last(observations, "driver.ended")
    if ended is None:
        return None
    before = observations[: observations.index(ended)]
    doing = look.text(look.data(before, "begin"), "look")
    how = f"was ended by {look.text(ended.data, 'signal')}"
    if look.text(ended.data, "by") == "limit":
        how = "took too long and was stopped"
    elif look.text(ended.data, "by") != "signal":
        how = "failed"
    return finding("gpu/driver-crashed", f"{line(DOING.get(doing, doing))} {line(how)}")


def _library(observations: Sequence[Observation]) -> Finding | None:
    seen = look.last(observations, "gpu.libcuda")
    if seen is None:
        return None
    path = look.text(seen.data, "path")
    if not path:
        said = look.text(seen.data, "error") or look.error(seen.data)
        return finding("gpu/libcuda-missing", f"loading libcuda.so.1 says {line(said)}", mend=_injected(observations))
    return stub(observations)


def stub(observations: Sequence[Observation]) -> Finding | None:
    """Return that the loader takes a stub for the driver's library, which shows without any GPU."""
    path = look.text(look.data(observations, "gpu.libcuda"), "path")
    return finding("gpu/libcuda-stub", f"libcuda.so.1 is {line(path)}") if "/stubs/" in path else None


def _injected(observations: Sequence[Observation]) -> str | None:
    """Return the mend where the container asks for too little of the driver."""
    return CAPABILITIES if lacks(observations, "compute") else None


def lacks(observations: Sequence[Observation], capability: str) -> bool:
    """Return whether the container asks for a part of the driver without one capability."""
    asked = variables(observations).get("NVIDIA_DRIVER_CAPABILITIES")
    return isinstance(asked, str) and not {capability, "all"} & set(asked.split(","))


def _nvml(observations: Sequence[Observation]) -> Finding | None:
    code = look.data(observations, "gpu.nvml").get("code")
    if not isinstance(code, int) or code == 0 or _initialised(observations):
        return None  # TensorFlow needs no NVML: where it is not there, or CUDA works all the same, it tells nothing
    if code in NVML:
        return finding(NVML[code], f"NVML answers {code}", data={"nvml": code})
    return None  # what cuInit says is nearer to TensorFlow


def _initialised(observations: Sequence[Observation]) -> bool:
    return look.data(observations, "gpu.cuda").get("code") == 0


def _cuda(observations: Sequence[Observation]) -> Finding | None:
    seen = look.last(observations, "gpu.cuda")
    if seen is None:
        return None
    code = seen.data.get("code")
    if code == 0:
        return None if look.tables(seen.data, "gpus") else _hidden(observations, "the driver counts no GPU")
    said = f"cuInit answers {code} {line(look.text(seen.data, 'name'))}".strip()
    if code == 100:
        return _hidden(observations, said)
    check = CUDA.get(code) if isinstance(code, int) else None
    if check == "gpu/driver-mismatch":
        return _mismatch(observations, said)
    return finding(check or "gpu/driver-unknown", said, data={"cuInit": code})


def _hidden(observations: Sequence[Observation], said: str) -> Finding:
    """Tell apart what hides GPUs that the driver itself counts."""
    listed = look.tables(look.data(observations, "gpu.nvml"), "gpus")
    hidden = variables(observations).get(HIDES)
    if not listed:
        return finding("gpu/none-left", said)
    if any(one.get("mig") is True for one in listed) and not (isinstance(hidden, str) and hidden in HIDING):
        return finding("gpu/mig-empty", f"{said}; MIG is on")
    if isinstance(hidden, str):
        return finding("gpu/hidden", f"NVML lists {len(listed)} and {said}; {HIDES} is {hidden!r}")
    return finding("gpu/driver-unknown", f"NVML lists {len(listed)} and {said}")


def _mismatch(observations: Sequence[Observation], said: str) -> Finding:
    package = look.text(look.data(observations, "gpu.libcuda"), "package")
    if not package:
        return finding("gpu/driver-mismatch", said)
    path = look.text(look.data(observations, "gpu.libcuda"), "path")
    return finding(
        "gpu/driver-in-image", f"{said}; libcuda.so.1 is {line(path)} of the image's package {line(package)}",
        mend=f"take {line(package)} out of the image (apt: in envkit.yaml, or its base), then: envkit up",
    )


def _too_old(observations: Sequence[Observation], release: Release | None) -> Finding | None:
    gpus = capabilities(observations)
    if release is None or not gpus or not release.compute_capabilities:
        return None
    oldest = min(architecture(one) for one in release.compute_capabilities)
    if any(found >= oldest for found in gpus.values()):
        return None
    names = "; ".join(f"{line(name)} has compute capability {dotted(found)}" for name, found in gpus.items())
    return finding("gpu/too-old", f"{names}; TensorFlow {release.version} needs {dotted(oldest)} or newer")


def _libraries(observations: Sequence[Observation], release: Release | None) -> Finding | None:
    seen = look.data(observations, "gpu.libraries")
    missing = {name: said for name, said in look.table(seen, "libraries").items() if said != "ok"}
    if missing:
        said = "; ".join(line(str(one)) for one in missing.values())
        return finding("gpu/libraries-missing", said, data={"missing": sorted(missing)})
    return _cudnn(seen.get("cudnn"), release)


def _cudnn(version: object, release: Release | None) -> Finding | None:
    if release is None or isinstance(version, bool) or not isinstance(version, int):
        return None
    # 8100 is 8.1.0, and 90100 is 9.1.0.
    found = (version // 10000, version // 100 % 100) if version >= 90000 else (version // 1000, version // 100 % 10)
    needed = _pair(release.cudnn)
    if not needed or (found[0] == needed[0] and found >= needed):
        return None
    return finding(
        "gpu/cudnn-wrong",
        f"cuDNN {dotted(found)} is loaded; TensorFlow {release.version} was built with {release.cudnn}",
        data={"cudnn": version},
    )


def capabilities(observations: Sequence[Observation]) -> dict[str, tuple[int, int]]:
    """Return the compute capability of each GPU that the driver counts, by its number and name."""
    listed = look.tables(look.data(observations, "gpu.cuda"), "gpus")
    named = {
        f"GPU {at} {look.text(one, 'name')}".strip(): _pair(look.text(one, "compute_capability"))
        for at, one in enumerate(listed)
    }
    return {name: found for name, found in named.items() if found}


def _pair(text: str) -> tuple[int, int] | None:
    if not (found := _VERSION.match(text)):
        return None
    major, minor = found[0].split(".")
    return int(major), int(minor)


def architecture(name: str) -> tuple[int, int]:
    """Return `sm_75` as 7, 5."""
    digits = "".join(filter(str.isdecimal, name))
    return int(digits[:-1]), int(digits[-1])


def dotted(pair: tuple[int, int]) -> str:
    """Return (7, 5) as `7.5`."""
    return f"{pair[0]}.{pair[1]}"


def variables(observations: Sequence[Observation]) -> Mapping[str, Any]:
    """Return the variables that choose GPUs and libraries, those that are set in the container."""
    return look.table(look.data(observations, "gpu.variables"), "variables")
