"""Plan the container and the mounted files of a config."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import naming
from envkit.model.artifact import Artifact
from envkit.model.plan import FilesPlan
from envkit.model.run import Gpus, Health, Limits, Mount, RunPlan, Tmpfs
from envkit.resolve import remote, ssh
from envkit.resolve.bind_mounts import guard_files, guard_mounts, plan_binds
from envkit.resolve.proxies import run_proxies
from envkit.resolve.secrets import plan_secrets

if TYPE_CHECKING:
    from envkit.config import Config
    from envkit.model.facts import Account, Facts
    from envkit.model.network import Network, Port, Ssh
    from envkit.problem import Problem

MEMORY_SHARE = 0.8  # default share of the host's memory; the host itself needs the rest
GROUPS = {"root": 0, "tty": 5, "nogroup": 65534}
_CURL = ("curl", "--noproxy", "*", "--fail", "--silent", "--output", "/dev/null")
PORT_HEALTH_COMMAND = (*_CURL, "http://127.0.0.1:8888/api")
SOCKET_HEALTH_COMMAND = (*_CURL, "--unix-socket", naming.JUPYTER_SOCKET, "http://localhost/api")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Settings of the container that other modules of `resolve` plan."""

    user: Account
    ports: tuple[Port, ...]
    network: Network
    ssh: Ssh
    gpus: Gpus | None


def plan_run(
    config: Config, name: str, facts: Facts, options: RunOptions, problems: list[Problem]
) -> tuple[RunPlan, tuple[str, ...]]:
    """Plan every setting of the container; return it with notes on capped limits."""
    limits, notes = _limits(config, facts)
    container_name = naming.container(facts.caller.uid, name)
    plan = RunPlan(
        name=container_name,
        hostname=name,
        user=options.user,
        mounts=_mounts(config, facts, container_name, problems),
        tmpfs=(
            Tmpfs("/tmp", 1024, 0o1777, executable=True),  # noqa: S108 - inside the container
            Tmpfs(naming.RUNTIME, 16, 0o700, owner=options.user),
        ),
        ports=options.ports,
        network=options.network,
        limits=limits,
        health=_health(config),
        env=_env(config, facts),
        command=("ssh",) if config.ssh.publish else (),
        ssh=options.ssh,
        gpus=options.gpus,
    )
    return plan, notes


def plan_files(
    config: Config, facts: Facts, plan: RunPlan, keys: tuple[str, ...], problems: list[Problem]
) -> FilesPlan:
    """Plan the files that are mounted read-only."""
    listen = {"socket": naming.JUPYTER_SOCKET} if config.jupyter.socket else {"port": naming.JUPYTER_PORT}
    settings = {
        "jupyter": {**listen, "hosts": ["localhost", "127.0.0.1"]},
        "tensorboard": {"logdir": logdir(config)},
    }
    return FilesPlan(
        artifacts=(
            Artifact("mount/authorized_keys", "".join(f"{key}\n" for key in keys), 0o600),
            Artifact("mount/sshd_config", ssh.settings(plan.ssh), 0o600),
            Artifact("mount/settings.json", json.dumps(settings, indent=1, sort_keys=True) + "\n", 0o600),
            Artifact("etc/passwd", _passwd(plan.user)),
            Artifact("etc/group", _group(plan.user)),
            *(Artifact(f"guard/{name}", text) for name, text in guard_files(facts, plan.mounts).items()),
        ),
        secrets=plan_secrets(config, facts, problems),
    )


def _health(config: Config) -> Health:
    jupyter_check = SOCKET_HEALTH_COMMAND if config.jupyter.socket else PORT_HEALTH_COMMAND
    ssh_check = ("/opt/envkit/check-port", str(naming.SSH_PORT)) if config.ssh.publish else ()
    return Health(command=(*ssh_check, *jupyter_check), interval_s=10, timeout_s=5, start_s=30, retries=3)


def logdir(config: Config) -> str:
    """Return TensorBoard's log folder inside the container."""
    return f"{naming.WORKSPACE}/{config.tensorboard.logdir}"


def _mounts(config: Config, facts: Facts, container_name: str, problems: list[Problem]) -> tuple[Mount, ...]:
    problems += remote.problems(config, facts.capabilities)
    if not facts.capabilities.binds:
        return remote.mounts(container_name, _volumes(config, container_name), facts.remote_volumes_dir)
    mounts = (
        Mount("bind", facts.workspace, naming.WORKSPACE),
        *plan_binds(config, facts, problems),
        *_volumes(config, container_name),
    )
    return (
        *mounts,
        *guard_mounts(facts, mounts),
        Mount("bind", f"{facts.state}/mount", naming.SECRETS, read_only=True),
        Mount("bind", f"{facts.state}/etc/passwd", "/etc/passwd", read_only=True),
        Mount("bind", f"{facts.state}/etc/group", "/etc/group", read_only=True),
    )


def _volumes(config: Config, container_name: str) -> tuple[Mount, ...]:
    volumes = [
        Mount("volume", naming.volume(container_name, name), target) for name, target in sorted(config.volumes.items())
    ]
    return (Mount("volume", naming.volume(container_name, "home"), naming.HOME), *volumes)


def _env(config: Config, facts: Facts) -> dict[str, str]:
    proxies = run_proxies(facts.network.run_proxies)
    secret_paths = {f"{name}_FILE": f"{naming.SECRETS}/secrets/{name}" for name in config.secrets}
    # Installers need more room for temporary files than /tmp has, which is memory.
    fixed = {
        "HOME": naming.HOME,
        "USER": naming.USER,
        "TMPDIR": naming.TEMPORARY,
        "SCREENDIR": f"{naming.RUNTIME}/screen",
    }
    return {**fixed, **proxies, **secret_paths, **config.env}


def _limits(config: Config, facts: Facts) -> tuple[Limits, tuple[str, ...]]:
    config_limits, host, notes = config.limits, facts.resources, []
    cpus = config_limits.cpus or float(host.cpus)
    memory = config_limits.memory_mib or int(host.memory_mib * MEMORY_SHARE)
    if cpus > host.cpus:
        notes.append(f"limits.cpus: {config_limits.cpus:g} is more than the host has; capped to {host.cpus}")
        cpus = float(host.cpus)
    if memory > host.memory_mib:
        notes.append(f"limits.memory: {config_limits.memory} is more than the host has; capped to {host.memory_mib}m")
        memory = host.memory_mib
    return Limits(cpus, memory, min(config_limits.shm_mib, memory), config_limits.pids), tuple(notes)


def _passwd(user: Account) -> str:
    return (
        "root:x:0:0:root:/root:/usr/sbin/nologin\n"
        f"{naming.USER}:x:{user.uid}:{user.gid}:{naming.USER}:{naming.HOME}:/bin/bash\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
    )


def _group(user: Account) -> str:
    user_group = {} if user.gid in GROUPS.values() else {naming.USER: user.gid}
    return "".join(f"{name}:x:{gid}:\n" for name, gid in {**GROUPS, **user_group}.items())
