"""Resolve a config, facts and the actual state to a plan. All choices are made here, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import catalog, naming
from envkit.errors import ConfigError, PreconditionError
from envkit.model.network import Network
from envkit.model.plan import Plan
from envkit.resolve import (
    allocation,
    approvals,
    base_layout,
    gpu,
    gpu_support,
    image,
    proxies,
    remote,
    run,
    secrets,
    ssh,
)
from envkit.resolve import ports as ports_
from envkit.resolve.approvals import base_access as base_access
from envkit.resolve.approvals import unapproved_entries
from envkit.resolve.host_query import host_query
from envkit.resolve.path_policy import denial_reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkit.config import Config
    from envkit.model.engine_state import ActualState
    from envkit.model.facts import Facts
    from envkit.model.image import ImagePlan
    from envkit.model.release import Release
    from envkit.model.run import RunPlan
    from envkit.model.state import State
    from envkit.problem import Problem

# Used if all of the default pool is routed, for example by a VPN: one part of each other private range.
OTHER_POOLS = ("172.30.0.0/16", "192.168.183.0/24", "100.118.0.0/16")

__all__ = ["base_access", "environment_name", "host_query", "resolve", "subnet_pools", "unapproved_entries"]


def environment_name(config: Config, project: str, state: State | None, used_names: Mapping[str, str]) -> str:
    """Return the environment's name: the config's, the stored one, or the folder's.

    Args:
        config: The project's config.
        project: Real path of the project folder.
        state: Stored state of the project, or None.
        used_names: Names of the caller's other environments on this engine, each with its folder.

    Raises:
        ConfigError: Another project's environment has the name in the config.
    """
    if config.name:
        if config.name in used_names:
            message = (
                f"another project's environment has this name: {used_names[config.name]}; choose another name "
                f"(envkit down --volumes --name {config.name} would free it, and delete that environment's home)"
            )
            raise ConfigError([config.problem("name", message, code="environment-name-taken")])
        return config.name
    if state is not None and state.name not in used_names and state.choices.get("name") == "folder":
        return state.name
    folder_name = naming.environment(project.rsplit("/", 1)[-1])
    return naming.with_suffix(folder_name, project) if folder_name in used_names else folder_name


def resolve(config: Config, project: str, name: str, facts: Facts, actual: ActualState, state: State | None) -> Plan:
    """Make every choice that the config leaves open.

    Args:
        config: The project's config, flags included.
        project: Real path of the project folder.
        name: The environment's name.
        facts: The host.
        actual: What the engine holds.
        state: Stored state of the project, or None.

    Raises:
        ConfigError: One or more keys cannot be applied on this host; holds all of them.
        PreconditionError: The folder cannot be a workspace, or no port or subnet is free.
    """
    _check_workspace(facts, project)
    remote.refuse_root(facts)
    user = allocation.user(facts)
    problems: list[Problem] = []
    keys = _authorized_keys(config, facts, problems)
    gpus = gpu.select_gpus(config.gpu, facts)
    image_plan = image.plan_image(config, project, facts, actual, state, problems, gpu=gpus is not None)
    published_ports = ports_.plan_ports(config, project, facts, actual, state, problems)
    ssh_options = ssh.plan_ssh(config, image_plan, problems)
    network = _network(config, naming.container(facts.caller.uid, name), facts, actual, state)
    options = run.RunOptions(user, published_ports, network, ssh_options, gpus)
    run_plan, notes = run.plan_run(config, name, facts, options, problems)
    files_plan = run.plan_files(config, facts, run_plan, keys, problems)
    netrc = secrets.netrc(config, facts, problems)
    if problems:
        raise ConfigError(problems)
    return Plan(
        name=name,
        project=project,
        owner=facts.caller.uid,
        image=image_plan,
        run=run_plan,
        files=files_plan,
        access=approvals.access(config, project, facts, actual.binds),
        notes=(*notes, *_notes(config, facts, run_plan, image_plan)),
        gpu_required=gpu.requires_gpu(config.gpu),
        logdir=run.logdir(config),
        netrc=netrc,
        build_proxies=proxies.build_proxies(config, facts.network.proxies),
        host_proxies=proxies.host_proxies(config, facts.network.proxies),
        builder=config.build.builder,
        creation_path=state.creation_path if state else "",
    )


def _notes(config: Config, facts: Facts, run_plan: RunPlan, image_plan: ImagePlan) -> Iterator[str]:
    if image_plan.layout:
        yield from base_layout.notes(image_plan.layout)
    if config.gpu == "auto" and facts.gpu.driver and not run_plan.gpus:
        yield f"this host has an NVIDIA GPU, but {_missing_gpu_reason(facts)}, so TensorFlow runs on the CPU"
    if not image_plan.release.proven:
        yield _untested_note(image_plan.release)
    if run_plan.gpus and (missing := gpu_support.find_on_host(facts.gpu, image_plan.release, config.base)):
        yield f"{missing.cause}; {missing.hint}"
    if config.build.netrc and (config.build.index or "").startswith("http://"):
        yield "build.index starts with http://, so its login crosses the network unencrypted"
    yield from proxies.notes(config, facts)
    yield from secrets.notes(config, facts)
    yield from ssh.notes(run_plan.ssh)
    yield from remote.notes(config, facts)


def _missing_gpu_reason(facts: Facts) -> str:
    if facts.gpu_methods:
        return "this environment was created without one (`envkit up --refresh` chooses again)"
    return "the engine cannot pass it (install NVIDIA's container toolkit)"


def _untested_note(release: Release) -> str:
    tested = [
        candidate.version for candidate in catalog.releases() if candidate.proven and candidate.python == release.python
    ]
    return f"envkit's tests do not build TensorFlow {release.version}; they build {tested[0]} on the same Python"


def _check_workspace(facts: Facts, project: str) -> None:
    reason = denial_reason(facts.workspace, (facts.home, *facts.homes), facts.state)
    if reason:
        raise PreconditionError(
            f"{facts.workspace} cannot be a workspace: {reason}",
            code="workspace-denied",
            hint="use a separate folder, such as ~/vision"
            if facts.workspace == project
            else "set `workspace:` in envkit.yaml to a folder of the project",
        )


def _authorized_keys(config: Config, facts: Facts, problems: list[Problem]) -> tuple[str, ...]:
    for index, key in enumerate(facts.keys):
        if not key.line:
            message = (
                f"{key.path} does not exist, or is not exactly one public key without options "
                "(Ed25519, ECDSA, or RSA of at least 3072 bits)"
            )
            problems.append(config.problem(f"ssh.keys[{index}]", message, code="ssh-key-invalid"))
    lines = [key.line for key in facts.keys if key.line]
    return tuple(dict.fromkeys([*lines, facts.client_key] if facts.client_key else lines))


def _network(config: Config, network_name: str, facts: Facts, actual: ActualState, state: State | None) -> Network:
    if config.network.mode == "none":
        return Network("none", "", "none")
    return Network(network_name, _subnet(config, facts, actual, state), mtu=actual.mtu)


def _subnet(config: Config, facts: Facts, actual: ActualState, state: State | None) -> str:
    pools = subnet_pools(config)
    current_subnet = actual.network.subnet if actual.network else ""
    if any(allocation.in_pool(current_subnet, pool) for pool in pools):
        return current_subnet  # not compared with the host's routes, because one of them leads to it
    used_subnets = allocation.used_subnets(facts.network.routes, actual.subnets)
    return allocation.subnet(pools, state.subnet if state else "", used_subnets)


def subnet_pools(config: Config) -> tuple[str, ...]:
    """Return the ranges for the environment's network: the config's, or envkit's own in order of preference."""
    pool = config.network.pool
    return (pool,) if "pool" in config.network.model_fields_set else (pool, *OTHER_POOLS)
