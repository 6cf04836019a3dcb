"""Measure whether a container makes progress, without the SDK and without waiting for the engine."""

from __future__ import annotations

import hashlib
import json
from urllib.parse import quote

from envkit.backends.docker import fast_inspect
from envkit.model.activity import Activity
from envkit.net import unix_http

TIMEOUT_S = 5.0
NANOSECONDS = 1e9  # per second
# With `one-shot` the engine answers at once; otherwise it takes two samples, one second apart.
STATS_QUERY = "stats?stream=false&one-shot=true"
# The last line with its timestamp: two equal lines differ.
LOG_QUERY = "logs?stdout=true&stderr=true&timestamps=true&tail=1"


def measure(endpoint: str, name: str) -> Activity | None:
    """Return a container's CPU time and log position, or None if the engine does not answer."""
    socket_path = fast_inspect.local_socket(endpoint)
    if not socket_path:
        return None
    path = f"/containers/{quote(name, safe='')}"
    stats = unix_http.get(socket_path, f"{path}/{STATS_QUERY}", timeout_s=TIMEOUT_S)
    cpu_s = _cpu_seconds(stats.body) if stats.status == fast_inspect.OK else None
    log = unix_http.get(socket_path, f"{path}/{LOG_QUERY}", timeout_s=TIMEOUT_S)
    if log.status != fast_inspect.OK:
        return None
    # Some engines have no statistics, as without a controller for CPU time: then only the log shows progress.
    return Activity(cpu_s or 0.0, hashlib.sha256(log.body).hexdigest())


def _cpu_seconds(stats: bytes) -> float | None:
    try:
        return float(json.loads(stats)["cpu_stats"]["cpu_usage"]["total_usage"]) / NANOSECONDS
    except (ValueError, KeyError, TypeError):
        return None
