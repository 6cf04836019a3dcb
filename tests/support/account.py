"""The ordinary user who runs envkit in these tests: in group docker, not root, and with a separate home."""

from __future__ import annotations

import grp
import os
import pwd
import re
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.workers import worker_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

NAME = worker_name("envkit-test")
GROUP = "docker"
# Variables that other users of the machine would have too: proxies, company CAs, package indexes, the engine.
INHERITED_VARIABLES = re.compile(
    r"(https?|ftp|all|no)_proxy|ssl_cert_(file|dir)|.*_ca_bundle|(pip|uv)_.*|docker_host|tz|lang|lc_.*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class CommandResult:
    """Result of a command that has exited."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str

    def __str__(self) -> str:
        output = "\n".join(text.strip() for text in (self.out, self.err) if text.strip())
        return f"{' '.join(self.argv)} exited with code {self.code}\n{output}"


class BackgroundProcess(subprocess.Popen[str]):
    """A program in a separate session; a test that fails kills it and its children."""

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Kill the process group after a failure, and wait."""
        if kind is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        super().__exit__(kind, *rest)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class User:
    """An account with a temporary home.

    OpenSSH's programs read the home from the account database, not from HOME: pass their files as options.
    """

    name: str
    uid: int
    gid: int
    home: Path
    groups: tuple[int, ...] = field(repr=False)

    def environment(self) -> dict[str, str]:
        """Return the environment of a new login, with the network settings of the machine."""
        inherited = {name: value for name, value in os.environ.items() if INHERITED_VARIABLES.fullmatch(name)}
        return inherited | {
            "HOME": str(self.home),
            "USER": self.name,
            "LOGNAME": self.name,
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "XDG_STATE_HOME": str(self.home / ".local/state"),
            "XDG_CACHE_HOME": str(self.home / ".cache"),
        }

    def start(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> BackgroundProcess:
        """Start a program as this user in a new session, with pipes."""
        return BackgroundProcess(
            [str(word) for word in argv],
            cwd=cwd or self.home,
            env=self.environment() | dict(env or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
            umask=0o022,
            **self.switch(),
        )

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        text: str = "",
        timeout_s: float = 60,
    ) -> CommandResult:
        """Run a program as this user until it exits; after the timeout, kill it and its children."""
        with self.start(argv, cwd=cwd, env=env) as process:
            out, err = process.communicate(text, timeout=timeout_s)
        return CommandResult(tuple(str(word) for word in argv), process.returncode, out, err)

    def own(self, path: Path, mode: int) -> Path:
        """Set mode and owner of a file or folder; return it."""
        path.chmod(mode)
        os.chown(path, self.uid, self.gid)
        return path

    def folder(self, path: Path, mode: int = 0o755) -> Path:
        """Create a folder that belongs to this user."""
        path.mkdir()
        return self.own(path, mode)

    def switch(self) -> dict[str, Any]:
        """Return the arguments of `Popen` that start a program as this user."""
        if os.geteuid() != 0:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": list(self.groups)}


def ordinary_user(home: Path) -> User:
    """Return the user who runs envkit: the caller, or an account created for these tests if the caller is root."""
    user = _from_database(_account().pw_name, home)
    if grp.getgrnam(GROUP).gr_gid not in user.groups:
        hint = f"sudo usermod -aG {GROUP} {user.name}"
        pytest.fail(f"{user.name} is not in group {GROUP}. hint: {hint}", pytrace=False)
    return user


def _account() -> pwd.struct_passwd:
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        subprocess.run(
            ["useradd", "--create-home", "--shell", "/bin/bash", "--groups", GROUP, NAME],
            check=True,
            env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
        )
        return pwd.getpwnam(NAME)


def _from_database(name: str, home: Path) -> User:
    entry = pwd.getpwnam(name)
    groups = os.getgroups() if os.geteuid() != 0 else os.getgrouplist(name, entry.pw_gid)
    return User(name, entry.pw_uid, entry.pw_gid, home, tuple(groups))
