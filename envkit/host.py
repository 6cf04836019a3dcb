"""The host as it is: looked at, never changed."""

from __future__ import annotations

import glob
import os
import platform
import pwd
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import files, names, net, sshkeys
from envkit.certificates import certificates
from envkit.model.facts import Account, Facts, HostGpu, PublicKey, Wants

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_KEYS = ("~/.ssh/id_ed25519.pub", "~/.ssh/id_ed25519_sk.pub", "~/.ssh/id_ecdsa.pub", "~/.ssh/id_rsa.pub")
CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "NODE_EXTRA_CA_CERTS")
SYSTEM_CA = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
WSL_GPU = Path("/dev/dxg")
PCI = "sys/bus/pci/devices"
PUBLIC_CA = "/usr/share/ca-certificates/**/*.crt"


def look(wants: Wants) -> Facts:
    """Look at everything a config wants to know of this host."""
    project = Path(wants.project)
    workspace = _real(project, wants.workspace)
    busy = net.busy_ports()
    named = (*wants.paths, *wants.texts, *(source for _, source in wants.secrets))
    # Followed once: what is read, compared and shown must be one file, whatever a link does meanwhile.
    real = {path: _real(project, path) for path in named}
    own_proxies = proxies()
    # Also a proxy that the config names is not asked for what the caller reaches without one.
    without = {name: value for name, value in own_proxies.items() if name == "no_proxy"}
    return Facts(
        caller=Account(os.getuid(), os.getgid()),
        sudo_caller=_sudo_caller(),
        workspace=str(workspace or project / wants.workspace),
        workspace_owner=_owner(workspace),
        home=str(Path.home().resolve()),
        homes=_homes(workspace),
        config_files=_config_files(project),
        cpus=os.cpu_count() or 1,
        memory_mib=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        machine=machine(),
        keys=_keys(project, wants.keys),
        texts={path: _text(real[path]) for path in wants.texts},
        real_paths={path: None if found is None else str(found) for path, found in real.items()},
        secrets={name: _sha256(real[source]) for name, source in wants.secrets},
        exposed=tuple(name for name, source in wants.secrets if (found := real[source]) and readable_by_all(found)),
        ca=extra_ca() if wants.ca else "",
        proxies=own_proxies if wants.proxy else without,
        run_proxies=own_proxies if wants.proxy else {},
        busy_ports={port: net.port_holder(port) if port in wants.ports else "" for port in busy},
        routes=net.routes(),
        state=wants.state,
        client_key=_own_key(wants.state),
        gpu=gpu(),
    )


def stamp(wants: Wants) -> list[object]:
    """Return everything `look` goes by for these wants, cheaply: files by size, inode and modification time.

    Equal stamps mean that `look` would say the same, but for ports and routes, which only a new pick needs.
    """
    project = Path(wants.project)
    keys = DEFAULT_KEYS if wants.keys is None else wants.keys
    named = (wants.workspace, *keys, *wants.texts, *wants.paths, *(source for _, source in wants.secrets))
    real = [_real(project, path) for path in named]
    workspace = real[0]
    read = [path for path in real[1:] if path is not None]
    bundles = [Path(path) for path in (*_bundles(), "/usr/share/ca-certificates")] if wants.ca else []
    return [
        [os.getuid(), os.getgid(), repr(_sudo_caller()), str(Path.home())],
        [os.environ.get(name) for name in ("XDG_STATE_HOME", *CA_VARIABLES)],
        sorted(proxies().items()),
        [str(path) for path in real],
        [repr(_owner(workspace)), _homes(workspace), sorted(_config_files(project).items())],
        [file_stamp(path) for path in (*read, *bundles)],
        [os.cpu_count(), os.sysconf("SC_PHYS_PAGES"), repr(gpu())],
    ]


def file_stamp(path: Path) -> list[object]:
    """Return what tells one state of a file or folder from another without reading it."""
    try:
        found = path.stat()
    except OSError:
        return [str(path)]
    return [str(path), found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode, found.st_uid, found.st_gid]


def machine() -> str:
    """Return this host's architecture in Docker's words."""
    return names.machine(platform.machine())


def distribution() -> str:
    """Return what this host's distribution calls itself, or an empty text."""
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""


def gpu(root: Path = Path("/")) -> HostGpu:
    """Say which NVIDIA driver is loaded, and which device nodes and GPUs there are, below a root."""
    text = (files.readable(root / "proc/driver/nvidia/version") or b"").decode(errors="replace")
    driver = re.search(r"Kernel Module\s+(?:for \S+\s+)?([0-9.]+)", text, re.ASCII)
    nodes = tuple(sorted(str(node) for node in (root / "dev").glob("nvidia*")))
    return HostGpu(driver[1] if driver else "", nodes, _nvidia_displays(root / PCI), WSL_GPU.exists())


def _nvidia_displays(bus: Path) -> tuple[str, ...] | None:
    """Return the PCI addresses of NVIDIA display devices, or None where there is no such bus to look at."""
    if not bus.is_dir():
        return None
    found = (one for one in bus.iterdir() if _is(one, "vendor", "0x10de") and _is(one, "class", "0x03"))
    return tuple(sorted(one.name for one in found))


def _is(device: Path, attribute: str, prefix: str) -> bool:
    return (files.readable(device / attribute) or b"").decode("ascii", "replace").startswith(prefix)


def proxies() -> dict[str, str]:
    """Return the caller's proxy settings under their lower-case names."""
    found = {}
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        value = os.environ.get(name) or os.environ.get(name.upper())
        if value:
            found[name] = value
    return found


def extra_ca() -> str:
    """Return the CA certificates this host trusts beyond the public ones, in PEM.

    The public ones are what the distribution and certifi ship: every base image has those itself.
    """
    trusted = dict.fromkeys(found for path in _bundles() for found in _certificates(path))
    if not trusted:
        return ""
    for path in _public():
        for found in _certificates(path):
            trusted.pop(found, None)
        if not trusted:
            break
    return "".join(trusted)


def _public() -> Iterator[str]:
    """Yield the files of public certificates: first the one that holds most, as the others are many."""
    import certifi

    yield certifi.where()
    yield from glob.iglob(PUBLIC_CA, recursive=True)  # noqa: PTH207 - an absolute pattern


def _bundles() -> list[str]:
    named = [os.environ[name] for name in CA_VARIABLES if os.environ.get(name)]
    return list(dict.fromkeys([*named, *(path for path in SYSTEM_CA if Path(path).is_file())]))


def _certificates(path: str) -> tuple[str, ...]:
    content = files.readable(Path(path), 4 << 20) or b""
    return certificates(content.decode("ascii", "replace"))


def _sudo_caller() -> Account | None:
    uid, gid = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    if os.getuid() or not uid.isdecimal() or not gid.isdecimal() or uid == "0":
        return None
    return Account(int(uid), int(gid))


def _real(project: Path, path: str) -> Path | None:
    try:
        return (project / Path(path).expanduser()).resolve(strict=True)
    except (OSError, RuntimeError):
        return None


def _owner(path: Path | None) -> Account | None:
    if path is None or not path.is_dir():
        return None
    found = path.stat()
    return Account(found.st_uid, found.st_gid)


def _homes(workspace: Path | None) -> tuple[str, ...]:
    """Return the homes of everybody this may be about: under sudo, the caller's own is root's."""
    owner, sudo = _owner(workspace), _sudo_caller()
    users = {os.getuid()} | ({owner.uid} if owner else set()) | ({sudo.uid} if sudo else set())
    homes = {str(Path.home().resolve())}
    for uid in users:
        try:
            homes.add(str(Path(pwd.getpwuid(uid).pw_dir).resolve()))
        except KeyError:
            continue  # a number without an account has no home here
    return tuple(sorted(homes - {"/", "/nonexistent"}))


def _config_files(project: Path) -> dict[str, str]:
    folder = project.resolve()
    candidates = (folder / name for name in ("envkit.yaml", "envkit.lock"))
    texts = {str(path): _text(path) for path in candidates if path.is_file() and not path.is_symlink()}
    return {path: text for path, text in texts.items() if text is not None}


def _text(real: Path | None) -> str | None:
    content = files.readable(real) if real else None
    try:
        return None if content is None else content.decode()
    except UnicodeDecodeError:
        return None


def readable_by_all(real: Path, below: Path = Path("/")) -> bool:
    """Say whether every user may read a file: by its own mode, and those of the folders that lead there from `below`.

    Whether an access list says otherwise is not looked at.
    """
    try:
        ways = [one for one in real.parents if one.is_relative_to(below)]
        return bool(real.stat().st_mode & stat.S_IROTH) and all(one.stat().st_mode & stat.S_IXOTH for one in ways)
    except OSError:
        return False


def _sha256(real: Path | None) -> str | None:
    import hashlib

    content = files.readable(real) if real else None
    return None if content is None else hashlib.sha256(content).hexdigest()


def _keys(project: Path, wanted: tuple[str, ...] | None) -> tuple[PublicKey, ...]:
    """Read the keys asked for; a bad one keeps an empty line, so that `resolve` can name it."""
    found = []
    for path in DEFAULT_KEYS if wanted is None else wanted:
        text = _text(_real(project, path))
        try:
            line = sshkeys.parse(text) if text is not None else ""
        except ValueError:
            line = ""
        if line or wanted is not None:
            found.append(PublicKey(line, path))
    return tuple(found)


def _own_key(state: str) -> str:
    content = files.read(Path(state) / "client" / "id_ed25519.pub") if state else None
    return content.decode("ascii").strip() if content else ""
