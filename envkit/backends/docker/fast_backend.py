"""Docker's `FastBackend`: plain HTTP over the engine's socket, without the SDK."""

from __future__ import annotations

TYPE_CHECKING = False  # not from typing, whose import an unchanged `up` does not need
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envkit.model.activity import Activity
    from envkit.model.engine_state import ContainerInfo


class DockerFastBackend:
    """Fast access to the engine at an endpoint; see `FastBackend`."""

    __slots__ = ("endpoint",)

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def running_container(self, name: str) -> ContainerInfo | None:
        from envkit.backends.docker import fast_inspect

        return fast_inspect.running_container(self.endpoint, name)

    def is_running(self, name: str, labels: Mapping[str, str], network: str) -> bool:
        from envkit.backends.docker import fast_inspect

        return fast_inspect.is_running(self.endpoint, name, labels, network)

    def owns_port(self, name: str, port: int) -> bool:
        from envkit.backends.docker import fast_inspect

        return fast_inspect.owns_port(self.endpoint, name, port)

    def measure_activity(self, name: str) -> Activity | None:
        from envkit.backends.docker import activity

        return activity.measure(self.endpoint, name)

    def run_raw(self, name: str, argv: Sequence[str]) -> int | None:
        from envkit.backends.docker import fast_exec

        return fast_exec.run_raw(self.endpoint, name, argv)
