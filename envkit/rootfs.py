"""Build a Debian root file system from packages, for engines that cannot pull images.

The same Dockerfile builds on it and on `debian:<suite>-slim`.
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

# Like Debian's slim images: no manuals and translations, but licenses. dpkg does not wait for the disk.
DPKG_OPTIONS = (
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "force-unsafe-io",
)
# Only these are excluded: an image does not need apt's downloads.
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
    """Build the root file system of a Debian suite as a tar file.

    An existing file is replaced only by a complete one.

    Args:
        suite: Codename of the release, such as `bookworm`.
        mirror: URL of a Debian mirror, or empty for the program's default.
        tar: File to write.
        on_progress: Callback for progress.
        proxies: Proxy settings instead of the caller's; empty for none.

    Returns:
        Program that built it: `mmdebstrap` or `debootstrap`.

    Raises:
        BuildFailed: No program is installed, the network or the disk space is missing, or the program failed.
        UnsafeValueError: Suite or mirror cannot be written in a sources list.
    """
    program = _choose_program(suite)
    partial_tar = tar.with_name(f"{tar.name}.part")
    log_lines: deque[str] = deque(maxlen=LOG_LINES_MAX)

    def on_line(line: str) -> None:
        log_lines.append(line)
        on_progress(Progress(STAGE, line.removeprefix("I: "), verbose=True))

    env = None if proxies is None else {name: proxies.get(name, "") for name in PROXIES}
    on_progress(Progress(STAGE, f"building Debian {suite} with {program}"))
    try:
        for command in _build_commands(program, suite, mirror, partial_tar):
            if process.stream(command, on_line, env=env) != 0:
                raise explain_failure(program, suite, "\n".join(log_lines))
        partial_tar.replace(tar)
    except OSError as error:
        raise explain_failure(program, suite, str(error)) from error
    finally:
        partial_tar.unlink(missing_ok=True)
    on_progress(Progress(STAGE, f"built Debian {suite}", finished=True))
    return program


def explain_failure(program: str, suite: str, output: str) -> BuildFailed:
    """Explain a failed build by the program's output, with a hint."""
    detail = f"{program} {suite}"
    if "No space left on device" in output:
        return BuildFailed(
            f"the disk is full: Debian {suite} could not be built",
            code="temp-disk-full",
            detail=detail,
            hint="free 1 GB for temporary files, or set TMPDIR to a folder on another disk",
        )
    if any(pattern in output for pattern in NETWORK_ERRORS):
        return BuildFailed(
            f"Debian's mirror is unreachable, so Debian {suite} could not be built",
            code="mirror-unreachable",
            detail=detail,
            hint="check the network and `http_proxy`, or set a mirror near you: `build: {mirror: ...}`",
        )
    if any(pattern in output for pattern in NAMESPACE_ERRORS):
        return BuildFailed(
            f"{program} cannot build Debian {suite} as this user: it needs mounts and more than one user id",
            code="user-namespace-unavailable",
            detail=detail,
            hint=f"sudo apt-get install uidmap; or pull the base image: docker pull debian:{suite}-slim",
        )
    lines = output.strip().splitlines()
    reason = next((line for line in reversed(lines) if line.startswith(("E:", "Err"))), lines[-1] if lines else "")
    return BuildFailed(
        f"Debian {suite} could not be built: {reason or 'the program gave no reason'}",
        code="base-image-build-failed",
        detail=detail,
        hint=f"--verbose shows the whole output; or pull the base image: docker pull debian:{suite}-slim",
    )


def _choose_program(suite: str) -> str:
    if process.which("mmdebstrap"):
        return "mmdebstrap"
    if os.geteuid() == 0 and process.which("debootstrap"):
        return "debootstrap"
    raise BuildFailed(
        f"the engine has no image debian:{suite}-slim, and no program to build Debian {suite} is installed",
        code="base-image-unavailable",
        detail="mmdebstrap, and debootstrap for root",
        hint=f"sudo apt-get install mmdebstrap uidmap, or docker pull debian:{suite}-slim",
    )


def _build_commands(program: str, suite: str, mirror: str, tar: Path) -> tuple[list[str], ...]:
    main, security = (filters.url(archive) for archive in archive_urls(mirror)) if mirror else ("", "")
    suite = filters.word(suite)
    if program == "mmdebstrap":
        return (_mmdebstrap_command(suite, main, security, tar),)
    root = str(tar.with_name("root"))
    # In its own mount namespace, whose mounts end with the program.
    return (
        ["unshare", "--mount", "debootstrap", "--variant=minbase", *_certificate_options(main), suite, root,
         *([main] if main else [])],
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
        *_sources(suite, main, security),
    ]


def _sources(suite: str, main: str, security: str) -> tuple[str, ...]:
    if not main:  # mmdebstrap's default mirror, with updates and security updates
        return ()
    return (f"deb {main} {suite} main", f"deb {main} {suite}-updates main", f"deb {security} {suite}-security main")


def _certificate_options(mirror: str) -> tuple[str, ...]:
    # The Dockerfile installs them anyway, but an https mirror needs them before.
    return ("--include=ca-certificates",) if mirror.startswith("https:") else ()
