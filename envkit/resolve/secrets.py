"""Validate files of the host that contain secrets."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

from envkit.model.plan import Secret
from envkit.resolve.bind_mounts import workspace_and_mounts, writable_parent
from envkit.resolve.host_query import index_login
from envkit.resolve.path_policy import is_inside

if TYPE_CHECKING:
    from envkit.config import Config
    from envkit.model.facts import Facts
    from envkit.problem import Problem

_PLAIN_PATH = re.compile(r"(~/|/)[A-Za-z0-9._/-]+", re.ASCII)


def plan_secrets(config: Config, facts: Facts, problems: list[Problem]) -> tuple[Secret, ...]:
    """Plan the secrets of the workspace; invalid ones are added to `problems`."""
    secrets = []
    for name, secret in sorted(config.secrets.items()):
        real_path, sha256 = facts.real_paths.get(secret.file), facts.secrets.get(name)
        if rejection := _check(secret.file, real_path, sha256, config, facts):
            problems.append(config.problem(f"secrets.{name}.file", rejection.message, code=rejection.code))
        elif real_path is not None and sha256 is not None:
            secrets.append(Secret(name, real_path, sha256))
    return tuple(secrets)


def netrc(config: Config, facts: Facts, problems: list[Problem]) -> str:
    """Return the real path of the file with the index's login, or an empty string without one."""
    for key, path in index_login(config):
        real_path = facts.real_paths.get(path)
        if rejection := _check(path, real_path, facts.secrets.get(key), config, facts):
            problems.append(config.problem(key, rejection.message, code=rejection.code))
        elif real_path is not None:
            return real_path
    return ""


def notes(config: Config, facts: Facts) -> tuple[str, ...]:
    """Return a note for each of the files that every user of this host can read."""
    sources = {name: (f"secrets.{name}.file", secret.file) for name, secret in sorted(config.secrets.items())}
    sources |= {key: (key, path) for key, path in index_login(config)}
    messages = []
    for name in (source for source in sources if source in facts.exposed_secrets):
        key, path = sources[name]
        # As written if that needs no quotes: a shell does not expand the tilde of a quoted path.
        shell_path = path if _PLAIN_PATH.fullmatch(path) else shlex.quote(facts.real_paths.get(path) or path)
        messages.append(f"{key}: every user of this machine can read {path}; chmod 600 {shell_path}")
    return tuple(messages)


class _Rejection(NamedTuple):
    """Why a file cannot be used as a secret."""

    code: str
    message: str


def _check(path: str, real_path: str | None, sha256: str | None, config: Config, facts: Facts) -> _Rejection | None:
    if real_path and is_inside(real_path, facts.workspace):
        message = f"{path} is in the workspace, where container code can read it; store it outside the project"
        return _Rejection("secret-file-exposed", message)
    if real_path and (parent := writable_parent(real_path, workspace_and_mounts(config, facts))):
        return _Rejection("secret-file-exposed", f"{path} is in {parent}, which is mounted writable; move it elsewhere")
    if sha256 is None or real_path is None:
        message = f"{path} does not exist or cannot be read; create it with mode 0600"
        return _Rejection("secret-file-missing", message)
    return None
