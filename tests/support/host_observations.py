"""Observations of a host without any problem."""

from __future__ import annotations

from typing import Any

MIRROR, INDEX = "http://mirror.example.com/debian/dists/bookworm/InRelease", "https://index.example.com/simple"
DATE = "Mon, 23 Nov 2026 06:00:00 GMT"
NOW = 1795413600.0  # the same time as DATE
HEALTHY: dict[str, dict[str, Any]] = {
    "host.engine": {
        "endpoint": "unix:///var/run/docker.sock",
        "version": "26.1.5",
        "api": "1.45",
        "cgroup": "2",
        "root": "/var/lib/docker",
        "free_mib": 40960,
        "gpu_roads": [],
    },
    "host.registry": {"image": "tensorflow/tensorflow:2.9.0-jupyter", "why": "", "hint": ""},
    "host.mirror": {"url": MIRROR, "status": 200, "output": "", "date": DATE, "now": NOW},
    "host.index": {"url": INDEX, "status": 200, "output": "", "date": "", "now": NOW},
    "host.machine": {"memory_mib": 16384, "systems": ["debian"], "programs": {"ssh": True, "rsync": True}},
    "host.port": {"port": 8888, "holder": None},
    "host.subnet": {"subnet": "10.183.0.0/29", "preferred": True, "pool": "10.183.0.0/16"},
    "host.apt": {"code": 0, "output": ""},
    "host.distribution": {"foreign": ""},
    "host.state": {"folder": "/home/a/.local/state/envkit/local", "mode": 0o700, "own": True},
}
