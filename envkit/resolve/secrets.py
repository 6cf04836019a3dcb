"""Files of the host that hold secrets: which of them may be used, and for what."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from envkit.model.plan import Secret
from envkit.resolve.bind_mounts import workspace_and_mounts, writable_parent
from envkit.resolve.host_query import index_login
from envkit.resolve.path_policy import is_inside

if TYPE_CHECKING:
    from envkit.config import Config
    from envkit.errors import Problem
    from envkit.model.facts import Facts

_PLAIN_PATH = re.compile(r"(~/|/)[A-Za-z0-9._/-]+", re.ASCII)


def plan_secrets(config: Config, facts: Facts, problems: list[Problem]) -> tuple[Secret, ...]:
    """Decide which secrets the workspace gets; what is wrong with the others is added to `problems`."""
    secrets = []
    for name, secret in sorted(config.secrets.items()):
        real_path, sha256 = facts.real_paths.get(secret.file), facts.secrets.get(name)
        if message := _rejection_reason(secret.file, real_path, sha256, config, facts):
            problems.append(config.problem(f"secrets.{name}.file", message))
        elif real_path is not None and sha256 is not None:
            secrets.append(Secret(name, real_path, sha256))
    return tuple(secrets)


def netrc(config: Config, facts: Facts, problems: list[Problem]) -> str:
    """Return the real path of the file with the index's login, or nothing where the config names none."""
    for key, path in index_login(config):
        real_path = facts.real_paths.get(path)
        if message := _rejection_reason(path, real_path, facts.secrets.get(key), config, facts):
            problems.append(config.problem(key, message))
        elif real_path is not None:
            return real_path
    return ""


def notes(config: Config, facts: Facts) -> tuple[str, ...]:
    """Return which of the files everybody on this host may read, one sentence each."""
    sources = {name: (f"secrets.{name}.file", secret.file) for name, secret in sorted(config.secrets.items())}
    sources |= {key: (key, path) for key, path in index_login(config)}
    messages = []
    for name in (source for source in sources if source in facts.exposed_secrets):
        key, path = sources[name]
        # As written where a shell takes it so: the tilde of a quoted path is no home.
        shell_path = path if _PLAIN_PATH.fullmatch(path) else shlex.quote(facts.real_paths.get(path) or path)
        messages.append(f"{key}: {path} may be read by everybody on this machine; chmod 600 {shell_path}")
    return tuple(messages)


def _rejection_reason(path: str, real_path: str | None, sha256: str | None, config: Config, facts: Facts) -> str:
    """Say why a file cannot hold a secret, or nothing."""
    if real_path and is_inside(real_path, facts.workspace):
        return f"{path} lies in the workspace, where all can read it; keep it outside of the project"
    if real_path and (parent := writable_parent(real_path, workspace_and_mounts(config, facts))):
        return f"{path} lies in {parent}, which is mounted to be written; keep it elsewhere"
    if sha256 is None or real_path is None:
        return f"{path} is not there or cannot be read; create it with mode 0600"
    return ""
