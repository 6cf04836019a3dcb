"""A Debian root file system from packages alone, for engines that can pull no image.

It equals `debian:<suite>-slim` in what matters: the same Dockerfile builds on either.
"""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING

from envkit import proc
from envkit.errors import BuildFailed
from envkit.model.report import Progress
from envkit.render import quote
from envkit.render.image import archives

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Say = Callable[[Progress], None]

STAGE = "base"
KEPT_LINES = 40
PROXIES = ("http_proxy", "https_proxy", "no_proxy")

# As the slim images of Debian: no manuals and translations, licences stay; no waiting for the disk.
DPKG_OPTIONS = (
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "force-unsafe-io",
)
# Nothing else leaves the tar: what apt downloaded is of no use in an image.
LEFT_OUT = ("./proc/*", "./sys/*", "./var/cache/apt/archives/*.deb", "./var/lib/apt/lists/*")

NO_NETWORK = (
    "Temporary failure resolving", "Could not resolve", "Could not connect", "Unable to connect",
    "Network is unreachable", "Connection timed out", "Connection refused", "Connection failed",
)
NO_NAMESPACES = ("newuidmap", "newgidmap", "/etc/subuid", "/etc/subgid", "unshare", "Operation not permitted")


def make(suite: str, mirror: str, tar: Path, say: Say, *, proxies: Mapping[str, str] | None = None) -> str:
    """Assemble the root file system of a Debian suite as a tar, and say which program did it.

    A file that is there already is replaced only by a whole one.

    Args:
        suite: Debian's word for the release, such as `bookworm`.
        mirror: URL of a Debian mirror, or empty for Debian's own.
        tar: Where to write it.
        say: Takes news as it comes.
        proxies: Proxy settings instead of the caller's own; empty for none.

    Returns:
        `mmdebstrap` or `debootstrap`.

    Raises:
        BuildFailed: No program for it, no network, no space, or the program's own last words.
        quote.Unsafe: Suite or mirror cannot stand in a list of sources.
    """
    origin = _program(suite)
    part = tar.with_name(f"{tar.name}.part")
    last: deque[str] = deque(maxlen=KEPT_LINES)

    def heard(line: str) -> None:
        last.append(line)
        say(Progress(STAGE, line.removeprefix("I: "), detail=True))

    env = None if proxies is None else {name: proxies.get(name, "") for name in PROXIES}
    say(Progress(STAGE, f"assembling Debian {suite} with {origin}"))
    try:
        for command in _commands(origin, suite, mirror, part):
            if proc.stream(command, heard, env=env) != 0:
                raise explain(origin, suite, "\n".join(last))
        part.replace(tar)
    except OSError as error:
        raise explain(origin, suite, str(error)) from error
    finally:
        part.unlink(missing_ok=True)
    say(Progress(STAGE, f"assembled Debian {suite}", done=True))
    return origin


def explain(origin: str, suite: str, said: str) -> BuildFailed:
    """Turn a program's last words into one message with its mend."""
    tried = f"{origin} {suite}"
    if "No space left on device" in said:
        return BuildFailed(
            f"the disk is full: Debian {suite} could not be assembled", tried=tried,
            mend="free 1 GB for temporary files, or point TMPDIR to a disk that has it",
        )
    if any(sign in said for sign in NO_NETWORK):
        return BuildFailed(
            f"Debian's mirror cannot be reached, so Debian {suite} could not be assembled", tried=tried,
            mend="check the network and `http_proxy`, or name a mirror near you: `build: {mirror: ...}`",
        )
    if any(sign in said for sign in NO_NAMESPACES):
        return BuildFailed(
            f"{origin} may not assemble Debian {suite} as this user: it needs mounts and more than one user id",
            tried=tried,
            mend=f"sudo apt-get install uidmap; or give the engine the base image: docker pull debian:{suite}-slim",
        )
    words = said.strip().splitlines()
    reason = next((line for line in reversed(words) if line.startswith(("E:", "Err"))), words[-1] if words else "")
    return BuildFailed(
        f"Debian {suite} could not be assembled: {reason or 'no reason was given'}", tried=tried,
        mend=f"--verbose shows all of it; or give the engine the base image: docker pull debian:{suite}-slim",
    )


def _program(suite: str) -> str:
    if proc.which("mmdebstrap"):
        return "mmdebstrap"
    if os.geteuid() == 0 and proc.which("debootstrap"):
        return "debootstrap"
    raise BuildFailed(
        f"neither the image debian:{suite}-slim nor a program to assemble Debian {suite} is here",
        tried="mmdebstrap, and debootstrap for root",
        mend=f"sudo apt-get install mmdebstrap uidmap, or docker pull debian:{suite}-slim",
    )


def _commands(origin: str, suite: str, mirror: str, tar: Path) -> tuple[list[str], ...]:
    main, security = (quote.url(one) for one in archives(mirror))
    suite = quote.word(suite)
    if origin == "mmdebstrap":
        return (_mmdebstrap(suite, main, security, tar),)
    root = str(tar.with_name("root"))
    # A mount namespace of its own: what debootstrap mounts in the folder is gone with it.
    return (
        ["unshare", "--mount", "debootstrap", "--variant=minbase", *_certificates(main), suite, root, main],
        ["tar", "--create", "--numeric-owner", *(f"--exclude={one}" for one in LEFT_OUT), f"--file={tar}",
         f"--directory={root}", "."],
    )  # fmt: skip


def _mmdebstrap(suite: str, main: str, security: str, tar: Path) -> list[str]:
    return [
        "mmdebstrap", f"--mode={'root' if os.geteuid() == 0 else 'unshare'}", "--format=tar", "--variant=minbase",
        *_certificates(main),
        '--aptopt=Acquire::Languages "none"',
        *(f"--dpkgopt={option}" for option in DPKG_OPTIONS),
        suite, str(tar),
        f"deb {main} {suite} main", f"deb {main} {suite}-updates main", f"deb {security} {suite}-security main",
    ]


def _certificates(mirror: str) -> tuple[str, ...]:
    # The Dockerfile installs them anyway; only a mirror that speaks https needs them before that.
    return ("--include=ca-certificates",) if mirror.startswith("https:") else ()
