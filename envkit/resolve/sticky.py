"""What was found at the first `up` stays: a busy hour or another shell must not make a running workspace anew."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from envkit.resolve.gpu import is_gpu_available
from envkit.resolve.run import has_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.model.facts import Facts, HostQuery
    from envkit.model.state import State

KEYS = ("cpus", "memory_mib", "run_proxies", "gpu_offered")
BASE, FOREIGN_BASE = "base", "ground"  # what `auto` chose and why; what was seen in an image that others made
MEMORY_TOLERANCE = 1.1  # a host's memory differs a little from one boot to the next


def choices_to_save(facts: Facts, query: HostQuery) -> dict[str, str]:
    """Return what to remember of the host once it led to a running workspace."""
    values: dict[str, object] = {"cpus": facts.cpus, "memory_mib": facts.memory_mib}
    values["gpu_offered"] = is_gpu_available(facts) if query.gpu else None  # where nobody asked, nothing was chosen
    if query.proxy:
        values["run_proxies"] = {name: url for name, url in facts.run_proxies.items() if not has_credentials(url)}
    return {key: json.dumps(value) for key, value in values.items()}


def apply_choices(facts: Facts, choices: Mapping[str, str], query: HostQuery) -> Facts:
    """Return the facts with what was remembered in the place of what is so today.

    A host that shrank below it counts as it is: the engine would refuse more than there is.
    """
    overrides = {key: json.loads(choices[key]) for key in KEYS if key in choices}
    if not query.proxy:
        overrides.pop("run_proxies", None)
    overrides["cpus"] = min(overrides.get("cpus", facts.cpus), facts.cpus)
    memory = overrides.get("memory_mib", facts.memory_mib)
    overrides["memory_mib"] = memory if memory <= facts.memory_mib * MEMORY_TOLERANCE else facts.memory_mib
    return replace(facts, **overrides)


def forget_base(state: State) -> State:
    """Return the state without what a base was; which one it is stays."""
    choices = {key: value for key, value in state.choices.items() if key != FOREIGN_BASE}
    return replace(state, base_id="", base_origin="", choices=choices)


def reset_choices(state: State) -> State:
    """Return the state without what was merely picked or found: the next `up` chooses anew."""
    choices = {key: value for key, value in state.choices.items() if key not in {*KEYS, BASE, FOREIGN_BASE}}
    return replace(state, port=0, ssh_port=0, base_ref="", base_id="", base_origin="", choices=choices)
