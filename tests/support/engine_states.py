"""A fake engine for the tests of `reconcile`: it runs each step and can be interrupted."""

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
from tests.support.plan_samples import PROJECT, image_plan

OWNER, NAME = 1000, "vision"
TITLE = naming.container(OWNER, NAME)
HOME_VOLUME = naming.volume(TITLE, "home")
REF = "envkit:2.9.0-cpu-0123456789abcdef"
LABELS = naming.labels(OWNER, NAME, PROJECT)
DIGESTS = Digests("image", "run", "files")


def run_plan(**changes: object) -> RunPlan:
    """Return a run plan with one volume."""
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


def desired_state(digests: Digests = DIGESTS, **changes: object) -> DesiredState:
    """Return a desired state; changes apply to its run plan."""
    plan = Plan(NAME, PROJECT, OWNER, image_plan(), run_plan(**changes), FilesPlan(()))
    return DesiredState(plan, digests, REF)


def container(desired: DesiredState, status: str = "running", **labels: str) -> ContainerInfo:
    """Return the container of a desired state."""
    all_labels = {**naming.container_labels(desired.plan, desired.digests), **labels}
    return ContainerInfo("c1", status, all_labels, "i1", (desired.plan.run.network.name,))  # type: ignore[arg-type]


@dataclass
class World:
    """The engine, the stored state and the mounted files of one environment."""

    actual: ActualState = field(default_factory=ActualState)
    state: State = field(default_factory=lambda: State(NAME, PROJECT))
    files_current: bool = False
    clock: int = 0

    def run(self, action: step.Step, desired: DesiredState) -> None:
        """Run a step, with the preconditions of a real engine."""
        actual = self.actual
        match action:
            case step.MakeBase():
                self.actual = replace(actual, base=ImageInfo("b1", {}))
            case step.BuildImage():
                assert actual.base is not None, "an image needs its base"
                self.actual = replace(actual, image=ImageInfo("i1", {}))
            case step.CreateNetwork():
                assert actual.network is None, "a network name is unique"
                self.actual = replace(actual, network=NetworkInfo("n1", LABELS, action.subnet))
            case step.RemoveNetwork():
                in_use = actual.container is not None and TITLE in actual.container.networks
                assert not in_use, "a network in use cannot be removed"
                self.actual = replace(actual, network=None)
            case step.CreateVolume(name):
                assert name not in actual.volumes
                self.clock += 1
                self.actual = replace(actual, volumes={**actual.volumes, name: VolumeInfo(LABELS, f"t{self.clock}")})
            case step.PrepareVolumes(volumes, _):
                assert actual.image is not None or actual.container is not None
                markers = {name: reconcile.volume_marker(desired.plan, actual, name) for name in volumes}
                self.state = replace(self.state, prepared={**self.state.prepared, **markers})
                self.actual = replace(actual, helper=None)
            case step.RemoveVolume(name):
                assert actual.container is None, "a volume in use cannot be removed"
                assert actual.helper is None, "a volume in use cannot be removed"
                remaining = {key: value for key, value in actual.volumes.items() if key != name}
                self.actual = replace(actual, volumes=remaining)
            case step.ReplaceFiles():
                self.files_current = True
            case _:
                self._run_container_step(action, desired)

    def _run_container_step(self, action: step.Step, desired: DesiredState) -> None:
        actual = self.actual
        match action:
            case step.CreateContainer():
                assert actual.container is None, "a container name is unique"
                assert actual.image is not None, "a container needs its image"
                self.actual = replace(actual, container=container(desired, "created"))
            case step.StartContainer() | step.UnpauseContainer():
                assert actual.container is not None
                network_exists = actual.network is not None or TITLE not in actual.container.networks
                assert network_exists, "a container starts on its network"
                assert self.files_current, "a container starts with its files"
                assert HOME_VOLUME in self.state.prepared, "a container starts with a prepared home"
                self.actual = replace(actual, container=replace(actual.container, status="running"))
            case step.RemoveContainer(name) if name == naming.helper(TITLE):
                self.actual = replace(actual, helper=None)
            case step.RemoveContainer():
                self.actual = replace(actual, container=None)
            case _:
                raise AssertionError(action)
