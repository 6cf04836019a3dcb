"""What was found at the first `up` stays: a busy hour or another shell must not make a running workspace anew."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from envkit.resolve.gpu import offered
from envkit.resolve.run import has_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.model.facts import Facts, Wants
    from envkit.model.state import State

KEYS = ("cpus", "memory_mib", "run_proxies", "gpu_offered")
BASE, GROUND = "base", "ground"  # what `auto` chose and why; what was seen in an image that others made
SLACK = 1.1  # a host's memory differs a little from one boot to the next


def choices(facts: Facts, wants: Wants) -> dict[str, str]:
    """Return what to remember of the host once it led to a running workspace."""
    found: dict[str, object] = {"cpus": facts.cpus, "memory_mib": facts.memory_mib}
    found["gpu_offered"] = offered(facts) if wants.gpu else None  # where nobody asked, nothing was chosen
    if wants.proxy:
        found["run_proxies"] = {name: url for name, url in facts.run_proxies.items() if not has_credentials(url)}
    return {key: json.dumps(value) for key, value in found.items()}


def as_chosen(facts: Facts, chosen: Mapping[str, str], wants: Wants) -> Facts:
    """Return the facts with what was remembered in the place of what is so today.

    A host that shrank below it counts as it is: the engine would refuse more than there is.
    """
    kept = {key: json.loads(chosen[key]) for key in KEYS if key in chosen}
    if not wants.proxy:
        kept.pop("run_proxies", None)
    kept["cpus"] = min(kept.get("cpus", facts.cpus), facts.cpus)
    memory = kept.get("memory_mib", facts.memory_mib)
    kept["memory_mib"] = memory if memory <= facts.memory_mib * SLACK else facts.memory_mib
    return replace(facts, **kept)


def without_base(state: State) -> State:
    """Return the state without what a base was; which one it is stays."""
    left = {key: value for key, value in state.choices.items() if key != GROUND}
    return replace(state, base_id="", base_origin="", choices=left)


def refreshed(state: State) -> State:
    """Return the state without what was merely picked or found: the next `up` chooses anew."""
    left = {key: value for key, value in state.choices.items() if key not in {*KEYS, BASE, GROUND}}
    return replace(state, port=0, ssh_port=0, base_ref="", base_id="", base_origin="", choices=left)
