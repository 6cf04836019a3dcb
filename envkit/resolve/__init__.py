"""Config, facts and what was found -> Plan: every choice is made here, once, and nothing below asks again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import catalog, names
from envkit.errors import ConfigError, Problem, Refusal
from envkit.model.entrance import Network
from envkit.model.plan import Plan
from envkit.resolve import access as access_
from envkit.resolve import bases, choices, far, gpu, image, run, secrets, ssh
from envkit.resolve import ports as ports_
from envkit.resolve.access import base as access_of_base
from envkit.resolve.access import widened
from envkit.resolve.mounts import denied
from envkit.resolve.wants import wants

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkit.config import Config
    from envkit.model.facts import Facts
    from envkit.model.found import Found
    from envkit.model.image import ImagePlan
    from envkit.model.release import Release
    from envkit.model.run import RunPlan
    from envkit.model.state import State

__all__ = ["access_of_base", "name_of", "resolve", "wants", "widened"]


def name_of(config: Config, project: str, state: State | None, taken: Mapping[str, str]) -> str:
    """Return the environment's name: the config's, the one it already has, or the folder's.

    Args:
        config: As written.
        project: Real path of the project folder.
        state: What is remembered of this project.
        taken: Names of the caller's other environments on this engine, each with where it lies.

    Raises:
        ConfigError: The config names an environment that another project has.
    """
    if config.name:
        if config.name in taken:
            message = (
                f"another project's environment has this name: {taken[config.name]}; choose another, or give that one "
                f"up with its volumes: envkit down --volumes --name {config.name}"
            )
            raise ConfigError([config.problem("name", message)])
        return config.name
    if state is not None and state.name not in taken and state.choices.get("name") == "folder":
        return state.name
    own = names.environment(project.rsplit("/", 1)[-1])
    return names.suffixed(own, project) if own in taken else own


def resolve(config: Config, project: str, name: str, facts: Facts, found: Found, state: State | None) -> Plan:
    """Make every choice a config leaves open.

    Args:
        config: As written, flags included.
        project: Real path of the project folder.
        name: What `name_of` said.
        facts: The host.
        found: What the engine holds.
        state: What is remembered of this project.

    Raises:
        ConfigError: Every key that cannot be honoured on this host, at once.
        Refusal: The workspace itself cannot be one.
    """
    _refuse_workspace(facts, project)
    far.refuse(facts)
    user = choices.user(facts)
    problems: list[Problem] = []
    keys = _keys(config, facts, problems)
    gpus = gpu.gpus(config.gpu, facts)
    image_plan = image.image(config, project, facts, found, state, problems, gpu=gpus is not None)
    ports = ports_.ports(config, project, facts, found, state, problems)
    allowed = ssh.ssh(config, image_plan, problems)
    network = _network(config, names.container(facts.caller.uid, name), facts, found, state)
    run_plan, remarks = run.run(config, name, facts, user, ports, network, allowed, gpus, problems)
    files_plan = run.files(config, facts, run_plan, keys, problems)
    netrc = secrets.netrc(config, facts, problems)
    if problems:
        raise ConfigError(problems)
    return Plan(
        name=name, project=project, owner=facts.caller.uid, image=image_plan, run=run_plan, files=files_plan,
        access=access_.access(config, project, facts, found.binds),
        remarks=(*remarks, *_remarks(config, facts, run_plan, image_plan)),
        gpu_required=gpu.required(config.gpu), logdir=run.logdir(config), netrc=netrc,
        build_proxies=run.build_proxies(config, facts), builder=config.build.builder,
    )


def _remarks(config: Config, facts: Facts, run_plan: RunPlan, image_plan: ImagePlan) -> Iterator[str]:
    if image_plan.layout:
        yield from bases.remarks(image_plan.layout)
    if config.gpu == "auto" and facts.gpu.driver and not run_plan.gpus:
        yield f"this host has an NVIDIA GPU, and {_without_gpu(facts)}, so TensorFlow runs on the CPU"
    if not image_plan.release.proven:
        yield _unproven(image_plan.release)
    if config.build.netrc and (config.build.index or "").startswith("http://"):
        yield "build.index begins with http://, so its login crosses the network unencrypted"
    yield from secrets.remarks(config, facts)
    yield from ssh.remarks(run_plan.ssh)
    yield from far.remarks(config, facts)


def _without_gpu(facts: Facts) -> str:
    if facts.gpu_roads:
        return "this environment was made without one (`envkit up --refresh` chooses anew)"
    return "the engine offers no way to pass it (NVIDIA's container toolkit does)"


def _unproven(release: Release) -> str:
    near = [one.version for one in catalog.releases() if one.proven and one.python == release.python]
    return f"envkit's own tests do not build TensorFlow {release.version}; they build {near[0]} on the same Python"


def _refuse_workspace(facts: Facts, project: str) -> None:
    why = denied(facts.workspace, (facts.home, *facts.homes), facts.state)
    if why:
        raise Refusal(
            f"{facts.workspace} cannot be a workspace: {why}",
            mend="work in a folder of its own, such as ~/vision"
            if facts.workspace == project
            else "set `workspace:` in envkit.yaml to a folder of the project",
        )


def _keys(config: Config, facts: Facts, problems: list[Problem]) -> tuple[str, ...]:
    for number, key in enumerate(facts.keys):
        if not key.line:
            message = (
                f"{key.path} is not there, or is not exactly one public key without options "
                "(Ed25519, ECDSA, or RSA of 3072 bits and more)"
            )
            problems.append(config.problem(f"ssh.keys[{number}]", message))
    lines = [key.line for key in facts.keys if key.line]
    return tuple(dict.fromkeys([*lines, facts.client_key] if facts.client_key else lines))


def _network(config: Config, title: str, facts: Facts, found: Found, state: State | None) -> Network:
    if config.network.mode == "none":
        return Network("none", "", "none")
    return Network(title, _subnet(config, facts, found, state))


def _subnet(config: Config, facts: Facts, found: Found, state: State | None) -> str:
    pool, there = config.network.pool, found.network.subnet if found.network else ""
    if choices.in_pool(there, pool):
        return there  # not looked for among what is taken: one of the host's routes leads to it
    return choices.subnet(pool, state.subnet if state else "", (*facts.routes, *found.subnets))
