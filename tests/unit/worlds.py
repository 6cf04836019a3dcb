"""A small world for the rules of `decide`: an engine that does what each step says, and can be cut off."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from envkit import naming, reconcile
from envkit.model import step
from envkit.model.engine_state import ActualState, ContainerInfo, ImageInfo, NetworkInfo, VolumeInfo
from envkit.model.facts import Account
from envkit.model.network import Network, Port
from envkit.model.plan import Digests, FilesPlan, Plan
from envkit.model.run import Health, Limits, Mount, RunPlan
from envkit.model.state import State
from envkit.reconcile import DesiredState
from tests.unit.plans import image_plan

OWNER, NAME, PROJECT = 1000, "vision", "/home/ada/vision"
TITLE = naming.container(OWNER, NAME)
HOME_VOLUME = naming.volume(TITLE, "home")
REF = "envkit:2.9.0-cpu-0123456789abcdef"
LABELS = naming.labels(OWNER, NAME, PROJECT)


def run_plan(**changes: object) -> RunPlan:
    """A run plan with one volume."""
    plan = RunPlan(
        name=TITLE,
        hostname=NAME,
        user=Account(OWNER, OWNER),
        mounts=(Mount("bind", PROJECT, "/workspace"), Mount("volume", HOME_VOLUME, "/home/dev")),
        tmpfs=(),
        ports=(Port(8888, 8888),),
        network=Network(TITLE, "10.183.0.0/29"),
        limits=Limits(2.0, 1024, 64, 1024),
        health=Health(("true",), 10, 5, 30, 3),
    )
    return replace(plan, **changes)  # type: ignore[arg-type]


SETTLED = Digests("image", "run", "files")


def wanted(digests: Digests = SETTLED, **changes: object) -> DesiredState:
    """A wanted environment."""
    plan = Plan(NAME, PROJECT, OWNER, image_plan(), run_plan(**changes), FilesPlan(()))
    return DesiredState(plan, digests, REF)


def container(want: DesiredState, status: str = "running", **labels: str) -> ContainerInfo:
    """The container that `want` leads to, in some state."""
    known = {**naming.container_labels(want.plan, want.digests), **labels}
    return ContainerInfo("c1", status, known, "i1", (want.plan.run.network.name,))  # type: ignore[arg-type]


@dataclass
class World:
    """What an engine, the state folder and the mounted files hold."""

    found: ActualState = field(default_factory=ActualState)
    state: State = field(default_factory=lambda: State(NAME, PROJECT))
    files_current: bool = False
    clock: int = 0

    def do(self, one: step.Step, want: DesiredState) -> None:
        """Do what a step says, and insist on what a real engine insists on."""
        found = self.found
        match one:
            case step.MakeBase():
                self.found = replace(found, base=ImageInfo("b1", {}))
            case step.BuildImage():
                assert found.base is not None, "an image is built on a base"
                self.found = replace(found, image=ImageInfo("i1", {}))
            case step.CreateNetwork():
                assert found.network is None, "the name of a network is taken once"
                self.found = replace(found, network=NetworkInfo("n1", LABELS, one.subnet))
            case step.RemoveNetwork():
                used = found.container is not None and TITLE in found.container.networks
                assert not used, "a network in use cannot be removed"
                self.found = replace(found, network=None)
            case step.CreateVolume(name):
                assert name not in found.volumes
                self.clock += 1
                self.found = replace(found, volumes={**found.volumes, name: VolumeInfo(LABELS, f"t{self.clock}")})
            case step.PrepareVolumes(volumes, _):
                assert found.image is not None or found.container is not None
                made = {name: reconcile.volume_marker(want.plan, found, name) for name in volumes}
                self.state = replace(self.state, prepared={**self.state.prepared, **made})
                self.found = replace(found, helper=None)
            case step.RemoveVolume(name):
                assert found.container is None, "a volume in use cannot be removed"
                assert found.helper is None, "a volume in use cannot be removed"
                left = {key: value for key, value in found.volumes.items() if key != name}
                self.found = replace(found, volumes=left)
            case step.ReplaceFiles():
                self.files_current = True
            case _:
                self._container(one, want)

    def _container(self, one: step.Step, want: DesiredState) -> None:
        found = self.found
        match one:
            case step.CreateContainer():
                assert found.container is None, "the name of a container is taken once"
                assert found.image is not None, "a container needs its image"
                self.found = replace(found, container=container(want, "created"))
            case step.StartContainer() | step.UnpauseContainer():
                assert found.container is not None
                ready = found.network is not None or TITLE not in found.container.networks
                assert ready, "a container starts on its network"
                assert self.files_current, "a container starts with its files"
                assert HOME_VOLUME in self.state.prepared, "a container starts with a home of its own"
                self.found = replace(found, container=replace(found.container, status="running"))
            case step.RemoveContainer(name) if name == naming.helper(TITLE):
                self.found = replace(found, helper=None)
            case step.RemoveContainer():
                self.found = replace(found, container=None)
            case _:
                raise AssertionError(one)
