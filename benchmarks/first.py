"""First `up` with the image present
Only the image exists: no network, volume, key or token. envkit's time ends when JupyterLab answers with the token,
polled every 10 ms from outside; envkit then continues to verify TensorFlow, SSH and TensorBoard. Compose's time is that
of `docker compose up -d --wait` with a health check every second, which is its readiness signal for the notebook. Two
figures compare the time until the answer on both sides. On envkit's own image, Compose starts the rendered compose.yaml
with volumes, keys and token that envkit prepared before, which Compose cannot do.

On a slower machine envkit's time grows, while Compose's hardly does because its check runs once per second. On the
machine of this page, four runs on envkit's own image gave 0.79, 0.77, 0.77 and 0.79; on a machine where JupyterLab
takes nearly 50 % longer, five runs gave 0.93, 0.99, 1.11, 1.04 and 0.97, twice above the bar. results.json contains
only the last run on the machine of this page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import peers, plain_image
from benchmarks.clock import Launch, alternate, launch
from benchmarks.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.peers import Compose
    from benchmarks.scratch import Project, Scratch

ROUNDS = 5
PLAIN = "compose --wait on the plain image"
OWN = "compose --wait on the same image"


def measure(scratch: Scratch) -> Iterator[Figure]:
    """Yield the figures of a first `up`."""
    plain_compose = peers.plain_compose(scratch, plain_image.ensure(scratch))
    compose_project = scratch.project("first-compose")
    same_compose = peers.rendered_compose(scratch, compose_project)
    project = scratch.project("first")
    launches = alternate(
        ROUNDS,
        {
            "envkit": lambda: _launch_envkit(project),
            "plain": lambda: _launch_compose(plain_compose, plain_compose.is_ready),
            "own": lambda: _launch_compose(same_compose, compose_project.is_ready),
        },
    )
    ready_times = {tool: tuple(launched.ready_s for launched in samples) for tool, samples in launches.items()}
    total_times = {tool: tuple(launched.usage.wall_s for launched in samples) for tool, samples in launches.items()}
    label = "first up, until the notebook answers"
    yield Figure("first/plain", label, ready_times["envkit"], total_times["plain"], PLAIN, bar=0.75)
    yield Figure("first/own", label, ready_times["envkit"], total_times["own"], OWN, bar=1.0)
    yield Figure(
        "first/plain-answer",
        label,
        ready_times["envkit"],
        ready_times["plain"],
        "compose on the plain image, until the notebook answers",
    )
    yield Figure(
        "first/own-answer",
        label,
        ready_times["envkit"],
        ready_times["own"],
        "compose on the same image, until the notebook answers",
    )
    yield Figure("first/whole", "first up with verification", total_times["envkit"])


def _launch_envkit(project: Project) -> Launch:
    result = launch(lambda: project.envkit("up", "--quiet"), project.is_ready)
    project.envkit("down", "--volumes", "--quiet")
    return result


def _launch_compose(compose: Compose, is_ready: Callable[[], bool]) -> Launch:
    result = launch(compose.up, is_ready)
    compose.down()
    return result
