"""NVIDIA GPUs in the CDI (Container Device Interface) specs of this host, as written by `nvidia-ctk cdi generate`.

Docker reports the devices it found only since 28.2; earlier versions report the folders of the specs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from envkit.fs import files

if TYPE_CHECKING:
    from collections.abc import Iterable

KIND = "nvidia.com/gpu"


def devices(folders: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the GPUs in the specs of these folders, such as `0` and `all`; invalid specs are ignored."""
    specs = [path for folder in folders for path in sorted(Path(folder).glob("*")) if path.suffix in {".json", ".yaml"}]
    return tuple(dict.fromkeys(name for spec in specs for name in _device_names(spec)))


def _device_names(spec: Path) -> list[str]:
    text = (files.read_if_permitted(spec) or b"").decode(errors="replace")
    try:
        data = json.loads(text) if spec.suffix == ".json" else yaml.safe_load(text)
        if data["kind"] != KIND:
            return []
        return [str(device["name"]) for device in data["devices"]]
    except (ValueError, yaml.YAMLError, TypeError, KeyError):
        return []
