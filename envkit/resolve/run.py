"""Config -> RunPlan and FilesPlan: how it runs, and what is mounted beside the image."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from envkit import names
from envkit.model.artifact import Artifact
from envkit.model.plan import FilesPlan
from envkit.model.run import Gpus, Health, Limits, Mount, RunPlan, Tmpfs
from envkit.resolve import far, ssh
from envkit.resolve.binds import binds, guarded, guards
from envkit.resolve.secrets import secrets

if TYPE_CHECKING:
    from envkit.config import Config
    from envkit.errors import Problem
    from envkit.model.entrance import Network, Port, Ssh
    from envkit.model.facts import Account, Facts

MEMORY_SHARE = 0.8  # of the host, when nothing is asked for: a workspace that takes all takes the host down
GROUPS = {"root": 0, "tty": 5, "nogroup": 65534}
ASKED = ("curl", "--noproxy", "*", "--fail", "--silent", "--output", "/dev/null")
AT_PORT = (*ASKED, "http://127.0.0.1:8888/api")
AT_SOCKET = (*ASKED, "--unix-socket", names.JUPYTER_SOCKET, "http://localhost/api")


def run(
    config: Config, name: str, facts: Facts, user: Account, ports: tuple[Port, ...], network: Network, allowed: Ssh,
    gpus: Gpus | None, problems: list[Problem],
) -> tuple[RunPlan, tuple[str, ...]]:
    """Decide every setting of the container; returns it with remarks on what was capped."""
    limits, remarks = _limits(config, facts)
    title = names.container(facts.caller.uid, name)
    plan = RunPlan(
        name=title,
        hostname=name,
        user=user,
        mounts=_mounts(config, facts, title, problems),
        tmpfs=(
            Tmpfs("/tmp", 1024, 0o1777, executable=True),  # noqa: S108 - inside the container
            Tmpfs(names.RUNTIME, 16, 0o700, owner=user),
        ),
        ports=ports,
        network=network,
        limits=limits,
        health=_health(config),
        env=_env(config, facts),
        command=("ssh",) if config.ssh.publish else (),
        ssh=allowed,
        gpus=gpus,
    )
    return plan, remarks


def files(
    config: Config, facts: Facts, plan: RunPlan, keys: tuple[str, ...], problems: list[Problem]
) -> FilesPlan:
    """Decide what is mounted read-only beside the image."""
    place = {"socket": names.JUPYTER_SOCKET} if config.jupyter.socket else {"port": names.JUPYTER_PORT}
    settings = {
        "jupyter": {**place, "hosts": ["localhost", "127.0.0.1"]},
        "tensorboard": {"logdir": logdir(config)},
    }
    return FilesPlan(
        artifacts=(
            Artifact("mount/authorized_keys", "".join(f"{key}\n" for key in keys), 0o600),
            Artifact("mount/sshd_config", ssh.settings(plan.ssh), 0o600),
            Artifact("mount/settings.json", json.dumps(settings, indent=1, sort_keys=True) + "\n", 0o600),
            Artifact("etc/passwd", _passwd(plan.user)),
            Artifact("etc/group", _group(plan.user)),
            *(Artifact(f"guard/{name}", text) for name, text in guarded(facts, plan.mounts).items()),
        ),
        secrets=secrets(config, facts, problems),
    )


def _health(config: Config) -> Health:
    asked = AT_SOCKET if config.jupyter.socket else AT_PORT
    published = ("/opt/envkit/listens", str(names.SSH_PORT)) if config.ssh.publish else ()
    return Health(command=(*published, *asked), interval_s=10, timeout_s=5, start_s=30, retries=3)


def logdir(config: Config) -> str:
    """Return TensorBoard's log folder inside the container."""
    return f"{names.WORKSPACE}/{config.tensorboard.logdir}"


def _mounts(config: Config, facts: Facts, title: str, problems: list[Problem]) -> tuple[Mount, ...]:
    if facts.far:
        problems += far.problems(config)
        return far.mounts(title, _volumes(config, title), facts.far)
    shown = Mount("bind", facts.workspace, names.WORKSPACE), *binds(config, facts, problems), *_volumes(config, title)
    return (
        *shown,
        *guards(facts, shown),
        Mount("bind", f"{facts.state}/mount", names.SECRETS, read_only=True),
        Mount("bind", f"{facts.state}/etc/passwd", "/etc/passwd", read_only=True),
        Mount("bind", f"{facts.state}/etc/group", "/etc/group", read_only=True),
    )


def _volumes(config: Config, title: str) -> tuple[Mount, ...]:
    made = [Mount("volume", names.volume(title, name), target) for name, target in sorted(config.volumes.items())]
    return (Mount("volume", names.volume(title, "home"), names.HOME), *made)


def _env(config: Config, facts: Facts) -> dict[str, str]:
    # A proxy with credentials would be a secret in the environment; such a one serves the build alone.
    proxies = {name: value for name, value in facts.run_proxies.items() if not has_credentials(value)}
    if proxies:
        proxies["no_proxy"] = ",".join(filter(None, [proxies.get("no_proxy", ""), "localhost", "127.0.0.1"]))
    named = {f"{name}_FILE": f"{names.SECRETS}/secrets/{name}" for name in config.secrets}
    return {"HOME": names.HOME, "USER": names.USER, **proxies, **named, **config.env}


def build_proxies(config: Config, facts: Facts) -> dict[str, str]:
    """Decide which proxy the build goes through: the caller's own, one the config names, or none."""
    named = config.build.proxy
    if named == "off":
        return {}
    if named == "auto":
        return dict(facts.proxies)
    return {"http_proxy": named, "https_proxy": named, **{k: v for k, v in facts.proxies.items() if k == "no_proxy"}}


def has_credentials(url: str) -> bool:
    """Say whether a URL carries a user or a password."""
    try:
        return "@" in urlsplit(url if "//" in url else f"//{url}").netloc
    except ValueError:
        return True


def _limits(config: Config, facts: Facts) -> tuple[Limits, tuple[str, ...]]:
    asked, remarks = config.limits, []
    cpus, memory = asked.cpus or float(facts.cpus), asked.memory_mib or int(facts.memory_mib * MEMORY_SHARE)
    if cpus > facts.cpus:
        remarks.append(f"limits.cpus: {asked.cpus:g} is more than this host has; capped to {facts.cpus}")
        cpus = float(facts.cpus)
    if memory > facts.memory_mib:
        remarks.append(f"limits.memory: {asked.memory} is more than this host has; capped to {facts.memory_mib}m")
        memory = facts.memory_mib
    return Limits(cpus, memory, min(asked.shm_mib, memory), asked.pids), tuple(remarks)


def _passwd(user: Account) -> str:
    return (
        "root:x:0:0:root:/root:/usr/sbin/nologin\n"
        f"{names.USER}:x:{user.uid}:{user.gid}:{names.USER}:{names.HOME}:/bin/bash\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
    )


def _group(user: Account) -> str:
    own = {} if user.gid in GROUPS.values() else {names.USER: user.gid}
    return "".join(f"{name}:x:{gid}:\n" for name, gid in {**GROUPS, **own}.items())
