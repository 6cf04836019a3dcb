"""Keep the choices of the first `up`: a busy host or another shell must not recreate a running workspace."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from envkit.resolve.gpu import is_gpu_available
from envkit.resolve.proxies import has_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.model.facts import Facts, HostQuery
    from envkit.model.state import State

KEYS = ("cpus", "memory_mib", "run_proxies", "gpu_offered")
BASE, FOREIGN_BASE = "base", "foreign_base"  # state keys: the choice of `auto`, and the contents of a foreign base
MEMORY_TOLERANCE = 1.1  # a host's memory differs slightly between boots


def choices_to_save(facts: Facts, query: HostQuery) -> dict[str, str]:
    """Return the facts to store once a workspace runs with them."""
    values: dict[str, object] = {"cpus": facts.resources.cpus, "memory_mib": facts.resources.memory_mib}
    values["gpu_offered"] = is_gpu_available(facts) if query.gpu else None  # otherwise there was no choice
    if query.proxy:
        proxies = facts.network.run_proxies
        values["run_proxies"] = {name: url for name, url in proxies.items() if not has_credentials(url)}
    return {key: json.dumps(value) for key, value in values.items()}


def apply_choices(facts: Facts, choices: Mapping[str, str], query: HostQuery) -> Facts:
    """Replace facts by the stored choices.

    If the host has fewer resources now, the current ones count: the engine would reject more.
    """
    saved = {key: json.loads(choices[key]) for key in KEYS if key in choices}
    host, network = facts.resources, facts.network
    memory = saved.get("memory_mib", host.memory_mib)
    return replace(
        facts,
        resources=replace(
            host,
            cpus=min(saved.get("cpus", host.cpus), host.cpus),
            memory_mib=memory if memory <= host.memory_mib * MEMORY_TOLERANCE else host.memory_mib,
        ),
        network=replace(network, run_proxies=saved["run_proxies"])
        if query.proxy and "run_proxies" in saved
        else network,
        gpu_offered=saved.get("gpu_offered", facts.gpu_offered),
    )


def forget_base(state: State) -> State:
    """Return the state without the details of the base; its reference stays."""
    choices = {key: value for key, value in state.choices.items() if key != FOREIGN_BASE}
    return replace(state, base_id="", base_origin="", choices=choices)


def reset_choices(state: State) -> State:
    """Return the state without automatic choices, so that the next `up` chooses again."""
    choices = {key: value for key, value in state.choices.items() if key not in {*KEYS, BASE, FOREIGN_BASE}}
    return replace(state, port=0, ssh_port=0, base_ref="", base_id="", base_origin="", choices=choices)
