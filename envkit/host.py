"""Inspect the host without changing it."""

from __future__ import annotations

import codecs
import glob
import os
import platform
import pwd
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import host_fingerprint, naming, process, ssh_keys, state_paths
from envkit.fs import files
from envkit.model.facts import Account, Facts, HostGpu, HostNetwork, HostQuery, HostResources, PublicKey
from envkit.net import ports
from envkit.pem import certificates

if TYPE_CHECKING:
    from collections.abc import Iterator

PUBLIC_CA = f"{host_fingerprint.PUBLIC_CA_FOLDER}/**/*.crt"
APT_TIMEOUT_S = 10.0


def inspect(query: HostQuery) -> Facts:
    """Inspect everything about this host that a config needs."""
    project = Path(query.project)
    workspace = _resolve(project, query.workspace)
    busy_ports = ports.busy()
    paths = (*query.paths, *query.texts, *(source for _, source in query.secrets))
    # Links are resolved once, so that the same file is read, compared and shown even if a link changes meanwhile.
    real_paths = {path: _resolve(project, path) for path in paths}
    own_proxies = proxies()
    # The caller's exceptions also apply to a proxy from the config.
    no_proxy = {name: value for name, value in own_proxies.items() if name == "no_proxy"}
    return Facts(
        caller=Account(os.getuid(), os.getgid()),
        sudo_caller=_sudo_caller(),
        workspace=str(workspace or project / query.workspace),
        workspace_owner=_owner(workspace),
        home=os.path.realpath(state_paths.home() or "/"),
        homes=_homes(workspace),
        config_files=_config_files(project),
        resources=HostResources(
            cpus=os.cpu_count() or 1,
            memory_mib=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
            machine=machine(),
        ),
        keys=_read_keys(project, query.keys),
        texts={path: _read_text(real_paths[path]) for path in query.texts},
        encodings={path: name for path in query.texts if (name := _foreign_encoding(real_paths[path]))},
        real_paths={path: None if real_path is None else str(real_path) for path, real_path in real_paths.items()},
        secrets={name: _sha256(real_paths[source]) for name, source in query.secrets},
        exposed_secrets=tuple(
            name for name, source in query.secrets if (real_path := real_paths[source]) and is_world_readable(real_path)
        ),
        ca=extra_ca() if query.ca else "",
        network=HostNetwork(
            busy_ports={port: ports.listener(port) if port in query.ports else "" for port in busy_ports},
            routes=ports.routes(),
            proxies=own_proxies if query.proxy else no_proxy,
            run_proxies=own_proxies if query.proxy else {},
        ),
        state=query.state,
        client_key=_read_client_key(query.state),
        gpu=gpu(),
    )


def machine() -> str:
    """Return this host's architecture by Docker's name, such as `amd64`."""
    return naming.architecture(platform.machine())


def distribution() -> str:
    """Return the name of this host's distribution, or an empty string."""
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""


def debian_mirror() -> str:
    """Return the URL of the Debian mirror in this host's package sources, or an empty string if there is none."""
    if process.which("apt-get") is None:
        return ""
    command = ["apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages"]
    lines = process.run(command, timeout_s=APT_TIMEOUT_S, env={"LC_ALL": "C"}).out.splitlines()
    return next((line.removeprefix("Debian ") for line in lines if line.startswith("Debian ")), "")


def gpu(root: Path = Path("/")) -> HostGpu:
    """Inspect the NVIDIA driver, device nodes and GPUs of the host, below a root folder."""
    text = host_fingerprint.read_driver_version_file(str(root))
    driver = re.search(r"Kernel Module\s+(?:for \S+\s+)?([0-9.]+)", text, re.ASCII)
    displays = host_fingerprint.nvidia_displays(str(root))
    return HostGpu(
        driver[1] if driver else "",
        tuple(host_fingerprint.nvidia_nodes(str(root))),
        None if displays is None else tuple(displays),
        Path(host_fingerprint.WSL_GPU).exists(),
        tuple(host_fingerprint.nvidia_device_ids(str(root))),
    )


def has_account() -> bool:
    """Check whether the caller's user id has an account, which OpenSSH's client requires."""
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        return False
    return True


def proxies() -> dict[str, str]:
    """Return the caller's proxy settings by their lower-case names."""
    settings = {}
    for name in host_fingerprint.PROXY_VARIABLES:
        value = os.environ.get(name) or os.environ.get(name.upper())
        if value:
            settings[name] = value
    return settings


def extra_ca() -> str:
    """Return the CA certificates in PEM that this host trusts beyond the public ones.

    The distribution and certifi ship the public ones, which every base image has.
    """
    trusted = dict.fromkeys(
        certificate for path in host_fingerprint.trusted_bundles() for certificate in _read_certificates(path)
    )
    if not trusted:
        return ""
    for path in _public_bundles():
        for certificate in _read_certificates(path):
            trusted.pop(certificate, None)
        if not trusted:
            break
    return "".join(trusted)


def _public_bundles() -> Iterator[str]:
    """Yield the files of public certificates: first the largest one, since the others are many."""
    import certifi

    yield certifi.where()
    yield from glob.iglob(PUBLIC_CA, recursive=True)  # noqa: PTH207 - an absolute pattern


def _read_certificates(path: str) -> tuple[str, ...]:
    content = files.read_if_permitted(Path(path), 4 << 20) or b""
    return certificates(content.decode("ascii", "replace"))


def _sudo_caller() -> Account | None:
    uid, gid = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    if os.getuid() or not uid.isdecimal() or not gid.isdecimal() or uid == "0":
        return None
    return Account(int(uid), int(gid))


def _resolve(project: Path, path: str) -> Path | None:
    try:
        return (project / Path(path).expanduser()).resolve(strict=True)
    except (OSError, RuntimeError):
        return None


def _owner(path: Path | None) -> Account | None:
    if path is None or not path.is_dir():
        return None
    info = path.stat()
    return Account(info.st_uid, info.st_gid)


def _homes(workspace: Path | None) -> tuple[str, ...]:
    """Return the home folders of the caller, the workspace's owner and the user who ran sudo."""
    owner, sudo_caller = _owner(workspace), _sudo_caller()
    users = {os.getuid()} | ({owner.uid} if owner else set()) | ({sudo_caller.uid} if sudo_caller else set())
    homes = {os.path.realpath(state_paths.home() or "/")}
    for uid in users:
        try:
            homes.add(str(Path(pwd.getpwuid(uid).pw_dir).resolve()))
        except KeyError:
            continue  # a user id without an account
    return tuple(sorted(homes - {"/", "/nonexistent"}))


def _config_files(project: Path) -> dict[str, str]:
    folder = project.resolve()
    candidates = (folder / name for name in host_fingerprint.CONFIG_FILES)
    texts = {str(path): _read_text(path) for path in candidates if path.is_file() and not path.is_symlink()}
    return {path: text for path, text in texts.items() if text is not None}


def read_project_text(project: str, path: str) -> str | None:
    """Read a text file by its path as written in a project's configuration; None if it is unreadable."""
    return _read_text(_resolve(Path(project), path))


def _read_text(path: Path | None) -> str | None:
    content = files.read_if_permitted(path) if path else None
    try:
        return None if content is None else content.decode()
    except UnicodeDecodeError:
        return None


def _foreign_encoding(path: Path | None) -> str:
    """Return the encoding of a text that is not UTF-8, as PowerShell and older editors write it; else empty."""
    content = (files.read_if_permitted(path) if path else None) or b""
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "UTF-32"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16"
    if 2 * content.count(0) >= len(content) - 1 > 0:
        return "UTF-16LE" if content[1] == 0 else "UTF-16BE"
    try:
        content.decode()
    except UnicodeDecodeError:
        return "ISO-8859-1"
    return ""


def is_world_readable(path: Path, root: Path = Path("/")) -> bool:
    """Check whether every user may read a file, by its mode and those of its parent folders up to `root`.

    Access control lists are ignored.
    """
    try:
        parents = [parent for parent in path.parents if parent.is_relative_to(root)]
        return bool(path.stat().st_mode & stat.S_IROTH) and all(
            parent.stat().st_mode & stat.S_IXOTH for parent in parents
        )
    except OSError:
        return False


def _sha256(path: Path | None) -> str | None:
    import hashlib

    content = files.read_if_permitted(path) if path else None
    return None if content is None else hashlib.sha256(content).hexdigest()


def _read_keys(project: Path, paths: tuple[str, ...] | None) -> tuple[PublicKey, ...]:
    """Read the requested keys; an invalid one keeps an empty line, so that `resolve` can report it."""
    keys = []
    for path in host_fingerprint.DEFAULT_KEYS if paths is None else paths:
        text = _read_text(_resolve(project, path))
        try:
            line = ssh_keys.parse(text) if text is not None else ""
        except ValueError:
            line = ""
        if line or paths is not None:
            keys.append(PublicKey(line, path))
    return tuple(keys)


def _read_client_key(state: str) -> str:
    content = files.read(Path(state) / "client" / "id_ed25519.pub") if state else None
    return content.decode("ascii").strip() if content else ""
