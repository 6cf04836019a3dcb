"""Files of the host that hold secrets: which of them may be used, and for what."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from envkit.model.plan import Secret
from envkit.resolve.binds import replaceable, workspace_and_mounts
from envkit.resolve.mounts import inside
from envkit.resolve.wants import login

if TYPE_CHECKING:
    from envkit.config import Config
    from envkit.errors import Problem
    from envkit.model.facts import Facts

_PLAIN = re.compile(r"(~/|/)[A-Za-z0-9._/-]+", re.ASCII)


def secrets(config: Config, facts: Facts, problems: list[Problem]) -> tuple[Secret, ...]:
    """Decide which secrets the workspace gets; what is wrong with the others is added to `problems`."""
    found = []
    for name, secret in sorted(config.secrets.items()):
        real, sha256 = facts.real_paths.get(secret.file), facts.secrets.get(name)
        if message := _unfit(secret.file, real, sha256, config, facts):
            problems.append(config.problem(f"secrets.{name}.file", message))
        elif real is not None and sha256 is not None:
            found.append(Secret(name, real, sha256))
    return tuple(found)


def netrc(config: Config, facts: Facts, problems: list[Problem]) -> str:
    """Return the real path of the file with the index's login, or nothing where the config names none."""
    for key, path in login(config):
        real = facts.real_paths.get(path)
        if message := _unfit(path, real, facts.secrets.get(key), config, facts):
            problems.append(config.problem(key, message))
        elif real is not None:
            return real
    return ""


def remarks(config: Config, facts: Facts) -> tuple[str, ...]:
    """Return which of the files everybody on this host may read, one sentence each."""
    sources = {name: (f"secrets.{name}.file", secret.file) for name, secret in sorted(config.secrets.items())}
    sources |= {key: (key, path) for key, path in login(config)}
    told = []
    for name in (one for one in sources if one in facts.exposed):
        key, path = sources[name]
        # As written where a shell takes it so: the tilde of a quoted path is no home.
        shown = path if _PLAIN.fullmatch(path) else shlex.quote(facts.real_paths.get(path) or path)
        told.append(f"{key}: {path} may be read by everybody on this machine; chmod 600 {shown}")
    return tuple(told)


def _unfit(path: str, real: str | None, sha256: str | None, config: Config, facts: Facts) -> str:
    """Say why a file cannot hold a secret, or nothing."""
    if real and inside(real, facts.workspace):
        return f"{path} lies in the workspace, where all can read it; keep it outside of the project"
    if real and (around := replaceable(real, workspace_and_mounts(config, facts))):
        return f"{path} lies in {around}, which is mounted to be written; keep it elsewhere"
    if sha256 is None or real is None:
        return f"{path} is not there or cannot be read; create it with mode 0600"
    return ""
