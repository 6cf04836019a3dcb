"""Each GPU as the looks saw it: from NVML, from the driver, from TensorFlow, put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit.checks import observations as look
from envkit.plain import line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from envkit.model.report import Observation


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU of a container.

    Attributes:
        index: Its number, as NVML counts.
        name: Its model.
        uuid: The beginning of its UUID, enough to tell it from others.
        memory_mib: Its memory.
        used_mib: What is taken of it.
        processes: How many processes compute on it, those of other containers included; None where NVML does not say.
        driver: The driver's version.
        compute_capability: Such as `8.0`; empty where the driver does not count it.
    """

    index: int
    name: str
    uuid: str
    memory_mib: int
    used_mib: int
    processes: int | None
    driver: str
    compute_capability: str


def seen(observations: Sequence[Observation]) -> tuple[Gpu, ...]:
    """Return the GPUs that NVML lists, with what the driver says of those it counts by the same name."""
    nvml = look.data(observations, "gpu.nvml")
    counted = list(look.tables(look.data(observations, "gpu.cuda"), "gpus"))
    found = []
    for one in look.tables(nvml, "gpus"):
        # The driver has an order of its own, and leaves out what a variable hides: the model's name joins the two.
        same = next((gpu for gpu in counted if look.text(gpu, "name") == look.text(one, "name")), None)
        if same is not None:
            counted.remove(same)
        found.append(_gpu(one, same or {}, look.text(nvml, "driver")))
    return tuple(found)


def _gpu(one: Mapping[str, Any], counted: Mapping[str, Any], driver: str) -> Gpu:
    processes = one.get("processes")
    return Gpu(
        index=_whole(one.get("index")),
        name=line(look.text(one, "name")),
        uuid=line(look.text(one, "uuid")),
        memory_mib=_whole(one.get("memory_mib")),
        used_mib=_whole(one.get("used_mib")),
        processes=_whole(processes) if isinstance(processes, int) else None,
        driver=line(driver),
        compute_capability=line(look.text(counted, "compute_capability")),
    )


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
