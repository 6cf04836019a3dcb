"""First `up` with the image present
Nothing of the environment exists: no network, volume, key or token. envkit's time is until JupyterLab answers with
the token, asked every 10 ms from outside; its process then goes on to prove TensorFlow, SSH and TensorBoard. Compose's
time is that of `docker compose up -d --wait` with a health check every second, which is how it says that the notebook
answers. Two figures compare like with like: until the answer on both sides. On envkit's own image Compose starts the
rendered compose.yaml, on volumes, keys and token that envkit prepared before, which Compose cannot.

When the machine is slower, envkit's time grows with it, and Compose's hardly does, whose check comes once a second: on
the machine of this page four runs on envkit's own image gave 0.79, 0.77, 0.77 and 0.79; on one where JupyterLab takes
nearly half as long again, five gave 0.93, 0.99, 1.11, 1.04 and 0.97, twice above the bar. results.json holds the last
run on the machine of this page alone.
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
    plain = peers.compose_plain(scratch, plain_image.ensure(scratch))
    prepared = scratch.project("first-compose")
    own = peers.compose_ours(scratch, prepared)
    project = scratch.project("first")
    took = alternate(
        ROUNDS,
        {
            "envkit": lambda: _envkit(project),
            "plain": lambda: _compose(plain, plain.answers),
            "own": lambda: _compose(own, prepared.answers),
        },
    )
    answered = {who: tuple(one.answered_s for one in all_) for who, all_ in took.items()}
    whole = {who: tuple(one.whole.wall_s for one in all_) for who, all_ in took.items()}
    what = "first up, until the notebook answers"
    yield Figure("first/plain", what, answered["envkit"], whole["plain"], PLAIN, bar=0.75)
    yield Figure("first/own", what, answered["envkit"], whole["own"], OWN, bar=1.0)
    yield Figure("first/plain-answer", what, answered["envkit"], answered["plain"], "the same on the plain image")
    yield Figure("first/own-answer", what, answered["envkit"], answered["own"], "the same by compose on the same image")
    yield Figure("first/whole", "first up, proof included", whole["envkit"])


def _envkit(project: Project) -> Launch:
    took = launch(lambda: project.envkit("up", "--quiet"), project.answers)
    project.envkit("down", "--volumes", "--quiet")
    return took


def _compose(compose: Compose, answers: Callable[[], bool]) -> Launch:
    took = launch(compose.up, answers)
    compose.down()
    return took
