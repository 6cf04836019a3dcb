"""A Debian root file system from packages alone, for engines that can pull no image.

It equals `debian:<suite>-slim` in what matters: the same Dockerfile builds on either.
"""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING

from envkit import process
from envkit.errors import BuildFailed
from envkit.model.report import Progress
from envkit.render import filters
from envkit.render.build_context import archive_urls

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    ProgressCallback = Callable[[Progress], None]

STAGE = "base"
LOG_LINES_MAX = 40
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
TAR_EXCLUDES = ("./proc/*", "./sys/*", "./var/cache/apt/archives/*.deb", "./var/lib/apt/lists/*")

NETWORK_ERRORS = (
    "Temporary failure resolving",
    "Could not resolve",
    "Could not connect",
    "Unable to connect",
    "Network is unreachable",
    "Connection timed out",
    "Connection refused",
    "Connection failed",
)
NAMESPACE_ERRORS = ("newuidmap", "newgidmap", "/etc/subuid", "/etc/subgid", "unshare", "Operation not permitted")


def build(
    suite: str, mirror: str, tar: Path, on_progress: ProgressCallback, *, proxies: Mapping[str, str] | None = None
) -> str:
    """Assemble the root file system of a Debian suite as a tar, and say which program did it.

    A file that is there already is replaced only by a whole one.

    Args:
        suite: Debian's word for the release, such as `bookworm`.
        mirror: URL of a Debian mirror, or empty for Debian's own.
        tar: Where to write it.
        on_progress: Takes news as it comes.
        proxies: Proxy settings instead of the caller's own; empty for none.

    Returns:
        `mmdebstrap` or `debootstrap`.

    Raises:
        BuildFailed: No program for it, no network, no space, or the program's own last words.
        quote.Unsafe: Suite or mirror cannot stand in a list of sources.
    """
    program = _choose_program(suite)
    partial_tar = tar.with_name(f"{tar.name}.part")
    log_lines: deque[str] = deque(maxlen=LOG_LINES_MAX)

    def on_line(line: str) -> None:
        log_lines.append(line)
        on_progress(Progress(STAGE, line.removeprefix("I: "), verbose=True))

    env = None if proxies is None else {name: proxies.get(name, "") for name in PROXIES}
    on_progress(Progress(STAGE, f"assembling Debian {suite} with {program}"))
    try:
        for command in _build_commands(program, suite, mirror, partial_tar):
            if process.stream(command, on_line, env=env) != 0:
                raise explain_failure(program, suite, "\n".join(log_lines))
        partial_tar.replace(tar)
    except OSError as error:
        raise explain_failure(program, suite, str(error)) from error
    finally:
        partial_tar.unlink(missing_ok=True)
    on_progress(Progress(STAGE, f"assembled Debian {suite}", finished=True))
    return program


def explain_failure(program: str, suite: str, output: str) -> BuildFailed:
    """Turn a program's last words into one message with its mend."""
    detail = f"{program} {suite}"
    if "No space left on device" in output:
        return BuildFailed(
            f"the disk is full: Debian {suite} could not be assembled",
            detail=detail,
            hint="free 1 GB for temporary files, or point TMPDIR to a disk that has it",
        )
    if any(pattern in output for pattern in NETWORK_ERRORS):
        return BuildFailed(
            f"Debian's mirror cannot be reached, so Debian {suite} could not be assembled",
            detail=detail,
            hint="check the network and `http_proxy`, or name a mirror near you: `build: {mirror: ...}`",
        )
    if any(pattern in output for pattern in NAMESPACE_ERRORS):
        return BuildFailed(
            f"{program} may not assemble Debian {suite} as this user: it needs mounts and more than one user id",
            detail=detail,
            hint=f"sudo apt-get install uidmap; or give the engine the base image: docker pull debian:{suite}-slim",
        )
    lines = output.strip().splitlines()
    reason = next((line for line in reversed(lines) if line.startswith(("E:", "Err"))), lines[-1] if lines else "")
    return BuildFailed(
        f"Debian {suite} could not be assembled: {reason or 'no reason was given'}",
        detail=detail,
        hint=f"--verbose shows all of it; or give the engine the base image: docker pull debian:{suite}-slim",
    )


def _choose_program(suite: str) -> str:
    if process.which("mmdebstrap"):
        return "mmdebstrap"
    if os.geteuid() == 0 and process.which("debootstrap"):
        return "debootstrap"
    raise BuildFailed(
        f"neither the image debian:{suite}-slim nor a program to assemble Debian {suite} is here",
        detail="mmdebstrap, and debootstrap for root",
        hint=f"sudo apt-get install mmdebstrap uidmap, or docker pull debian:{suite}-slim",
    )


def _build_commands(program: str, suite: str, mirror: str, tar: Path) -> tuple[list[str], ...]:
    main, security = (filters.url(archive) for archive in archive_urls(mirror))
    suite = filters.word(suite)
    if program == "mmdebstrap":
        return (_mmdebstrap_command(suite, main, security, tar),)
    root = str(tar.with_name("root"))
    # A mount namespace of its own: what debootstrap mounts in the folder is gone with it.
    return (
        ["unshare", "--mount", "debootstrap", "--variant=minbase", *_certificate_options(main), suite, root, main],
        ["tar", "--create", "--numeric-owner", *(f"--exclude={pattern}" for pattern in TAR_EXCLUDES), f"--file={tar}",
         f"--directory={root}", "."],
    )  # fmt: skip


def _mmdebstrap_command(suite: str, main: str, security: str, tar: Path) -> list[str]:
    return [
        "mmdebstrap",
        f"--mode={'root' if os.geteuid() == 0 else 'unshare'}",
        "--format=tar",
        "--variant=minbase",
        *_certificate_options(main),
        '--aptopt=Acquire::Languages "none"',
        *(f"--dpkgopt={option}" for option in DPKG_OPTIONS),
        suite,
        str(tar),
        f"deb {main} {suite} main",
        f"deb {main} {suite}-updates main",
        f"deb {security} {suite}-security main",
    ]


def _certificate_options(mirror: str) -> tuple[str, ...]:
    # The Dockerfile installs them anyway; only a mirror that speaks https needs them before that.
    return ("--include=ca-certificates",) if mirror.startswith("https:") else ()
