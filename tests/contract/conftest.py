"""Real engines, used through envkit's backend, and an image of a few megabytes with programs of this host."""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
import tarfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkit.backends import endpoint
from envkit.backends.docker import client, container_exec, containers, images, inspect
from envkit.model.artifact import Artifact
from envkit.model.facts import Account
from envkit.model.network import Network, Port
from envkit.model.run import Health, Limits, Mount, RunPlan, Tmpfs
from envkit.net import ports
from envkit.resolve.allocation import subnet, used_subnets
from tests.support.second_engine import VERSION, second_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envkit.backends.docker.client import Engine

PROGRAMS = ("sh", "cat", "id", "sleep", "stat", "timeout", "touch", "true", "wc")
LABELS = {"envkit.contract": "1"}
POOL = "10.201.0.0/16"
USER = Account(4242, 4343)
ENTRYPOINT = "#!/bin/sh\necho one\necho two\necho three >&2\nexec sleep 600\n"
DOCKERFILE = 'FROM {base}\nCOPY run /run-it\nENTRYPOINT ["/run-it"]\n'


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "contract" in item.path.parts:
            item.add_marker("engine")


@pytest.fixture(scope="session")
def own() -> Iterator[Engine]:
    """Yield the engine of this host."""
    engine = client.connect(endpoint.current_endpoint())
    yield engine
    engine.api.close()


@pytest.fixture(scope="session")
def second() -> Iterator[Engine]:
    """Yield the engine that these tests start."""
    with second_engine() as address:
        engine = client.connect(address)
        yield engine
        engine.api.close()


@pytest.fixture(scope="session", params=["own", "second"], ids=["own engine", f"Docker {VERSION}"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Return each engine, so that every test runs on all of them."""
    engine: Engine = request.getfixturevalue(request.param)
    return engine


@pytest.fixture(scope="session")
def tiny(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Import a root file system with a shell and a few programs; yield its reference."""
    tar, ref = tmp_path_factory.mktemp("tiny") / "root.tar", f"envkit-contract:{secrets.token_hex(4)}"
    _pack(tar)
    images.import_tar(engine, tar, ref, LABELS)
    yield ref
    assert images.remove(engine, ref)


@pytest.fixture(scope="session")
def image(engine: Engine, tiny: str) -> Iterator[str]:
    """Build an image on the tiny one that prints three lines and sleeps; yield its reference."""
    ref = f"{tiny}-waits"
    context = (Artifact("Dockerfile", DOCKERFILE.format(base=tiny)), Artifact("run", ENTRYPOINT, 0o755))
    images.build(engine, context, ref, LABELS, {}, lambda _: None)
    yield ref
    assert images.remove(engine, ref)


@contextmanager
def plans(engine: Engine) -> Iterator[Callable[..., RunPlan]]:
    """Yield `plan(**changes)`, which returns a unique plan; resources with its name are removed at the end."""
    run_plans: list[RunPlan] = []

    def plan(**changes: object) -> RunPlan:
        name = f"envkit-contract-{secrets.token_hex(4)}"
        actual_state = inspect.actual_state(engine, name, ())
        run_plans.append(
            RunPlan(
                name=name,
                hostname="contract",
                user=USER,
                mounts=(Mount("volume", f"{name}-home", "/home/dev"),),
                tmpfs=(Tmpfs("/tmp", 16, 0o1777, executable=True),),
                ports=(Port(free_port(), 8888),),
                network=Network(name, subnet([POOL], "", used_subnets(ports.routes(), actual_state.subnets))),
                limits=Limits(1.0, 128, 16, 64),
                health=Health(("true",), 10, 5, 30, 3),
                working_dir="/",
            )
        )
        return replace(run_plans[-1], **changes)  # type: ignore[arg-type]

    yield plan
    for run in run_plans:
        containers.remove(engine, run.name, grace_s=0)
        containers.remove_network(engine, run.network.name)
        containers.remove_volume(engine, f"{run.name}-home")


@pytest.fixture
def plan(engine: Engine) -> Iterator[Callable[..., RunPlan]]:
    """Yield `plan(**changes)`; see `plans`."""
    with plans(engine) as plan:
        yield plan


@pytest.fixture
def running(engine: Engine, image: str, plan: Callable[..., RunPlan]) -> RunPlan:
    """Start a container for one test."""
    run = plan()
    launch(engine, run, image)
    return run


@pytest.fixture(scope="session")
def shared(engine: Engine, image: str) -> Iterator[RunPlan]:
    """Start one container for all tests that do not change it."""
    with plans(engine) as plan:
        run = plan()
        launch(engine, run, image)
        yield run


def launch(engine: Engine, run: RunPlan, image: str) -> None:
    """Do everything that `up` does on the engine for a plan."""
    containers.create_network(engine, run, LABELS)
    containers.create_volume(engine, f"{run.name}-home", LABELS)
    containers.prepare_volumes(engine, {f"{run.name}-home": ()}, run.user, image, f"{run.name}-helper", LABELS)
    containers.create(engine, run, image, LABELS)
    containers.start(engine, run.name)


def run_script(engine: Engine, run: RunPlan, script: str, text: str = "") -> tuple[int, list[str]]:
    """Run a shell script in the container; return its exit code and output lines."""
    lines: list[str] = []
    return container_exec.run_script(engine, run.name, ["/bin/sh", "-c", script], text, lines.append, limit_s=60), lines


def free_port() -> int:
    """Return an unused loopback port."""
    busy_ports = ports.busy()
    return next(port for port in range(20_000, 30_000) if port not in busy_ports)


def _pack(tar: Path) -> None:
    with tarfile.open(tar, "w") as archive:
        for program in PROGRAMS:
            path = shutil.which(program, path="/usr/bin:/bin")
            assert path
            linked_libraries = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
            archive.add(_resolve(path), container_exec.TIMEOUT if program == "timeout" else f"bin/{program}")
            for library in re.findall(r"(/\S+) \(0x", linked_libraries):
                if library.lstrip("/") not in archive.getnames():
                    archive.add(_resolve(library), library)


def _resolve(path: str) -> str:
    return str(Path(path).resolve())
