"""The ordinary user who runs envkit in these tests: in group docker, without root, with a home of its own."""

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
# What of the caller's environment a user of the same machine would have too: proxies, company CAs,
# package indexes, the engine's address.
KEPT = re.compile(
    r"(https?|ftp|all|no)_proxy|ssl_cert_(file|dir)|.*_ca_bundle|(pip|uv)_.*|docker_host|tz|lang|lc_.*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ended."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str

    def __str__(self) -> str:
        said = "\n".join(text.strip() for text in (self.out, self.err) if text.strip())
        return f"{' '.join(self.argv)} ended with {self.code}\n{said}"


class Started(subprocess.Popen[str]):
    """A program in a session of its own; a test that fails meanwhile kills it and its children, and awaits nothing."""

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Kill what a failed test left, and wait."""
        if kind is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        super().__exit__(kind, *rest)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class User:
    """An account, and the folder that stands for its home.

    OpenSSH's programs look up the home in the account database, not in HOME: tell them their files by option.
    """

    name: str
    uid: int
    gid: int
    home: Path
    groups: tuple[int, ...] = field(repr=False)

    def environment(self) -> dict[str, str]:
        """Return the environment of a fresh login, with what the machine's network asks for."""
        kept = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
        return kept | {
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
    ) -> Started:
        """Start a program as this user, in a session of its own, its streams on pipes."""
        return Started(
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
    ) -> Ran:
        """Run a program as this user to its end; what outlives its time is killed with all its children."""
        with self.start(argv, cwd=cwd, env=env) as process:
            out, err = process.communicate(text, timeout=timeout_s)
        return Ran(tuple(str(word) for word in argv), process.returncode, out, err)

    def own(self, path: Path, mode: int) -> Path:
        """Give a file or folder to this user."""
        path.chmod(mode)
        os.chown(path, self.uid, self.gid)
        return path

    def folder(self, path: Path, mode: int = 0o755) -> Path:
        """Make a folder that belongs to this user."""
        path.mkdir()
        return self.own(path, mode)

    def switch(self) -> dict[str, Any]:
        """Return what makes `Popen` start a program as this user."""
        if os.geteuid() != 0:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": list(self.groups)}


def ordinary_user(home: Path) -> User:
    """Return who runs envkit: oneself, or where the tests run as root an account made for them, once."""
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
    own = os.getgroups() if os.geteuid() != 0 else os.getgrouplist(name, entry.pw_gid)
    return User(name, entry.pw_uid, entry.pw_gid, home, tuple(own))
