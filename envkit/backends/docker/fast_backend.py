"""Docker's `FastBackend`: plain HTTP over the engine's socket, without the SDK."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.model.activity import Activity
    from envkit.model.engine_state import ContainerInfo


@dataclass(frozen=True, slots=True)
class DockerFastBackend:
    """Fast access to the engine at an endpoint; see `FastBackend`."""

    endpoint: str

    def running_container(self, name: str) -> ContainerInfo | None:
        from envkit.backends.docker import fast_inspect

        return fast_inspect.running_container(self.endpoint, name)

    def owns_port(self, name: str, port: int) -> bool:
        from envkit.backends.docker import fast_inspect

        return fast_inspect.owns_port(self.endpoint, name, port)

    def measure_activity(self, name: str) -> Activity | None:
        from envkit.backends.docker import activity

        return activity.measure(self.endpoint, name)

    def run_raw(self, name: str, argv: Sequence[str]) -> int | None:
        from envkit.backends.docker import fast_exec

        return fast_exec.run_raw(self.endpoint, name, argv)
