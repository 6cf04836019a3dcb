"""Fingerprint of everything on this host that `host.inspect` reads; an unchanged `up` inspects nothing else."""

from __future__ import annotations

import hashlib
import os
import pwd

from envkit.fs import files

TYPE_CHECKING = False  # not from typing, whose import an unchanged `up` does not need
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

DEFAULT_KEYS = ("~/.ssh/id_ed25519.pub", "~/.ssh/id_ed25519_sk.pub", "~/.ssh/id_ecdsa.pub", "~/.ssh/id_rsa.pub")
CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "NODE_EXTRA_CA_CERTS")
SYSTEM_CA = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
PUBLIC_CA_FOLDER = "/usr/share/ca-certificates"
PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy")
CONFIG_FILES = ("envkit.yaml", "envkit.lock")
PCI = "sys/bus/pci/devices"
DRIVER = "proc/driver/nvidia/version"
WSL_GPU = "/dev/dxg"


def fingerprint(query: Mapping[str, Any]) -> list[object]:
    """Return a cheap fingerprint of all inputs of `host.inspect`: files by size, inode and modification time.

    If two fingerprints are equal, `inspect` returns the same facts, except ports and routes, which only a new
    choice needs.

    Args:
        query: Fields of the `HostQuery`.
    """
    project = query["project"]
    keys = DEFAULT_KEYS if query["keys"] is None else query["keys"]
    paths = (query["workspace"], *keys, *query["texts"], *query["paths"], *(source for _, source in query["secrets"]))
    real_paths = [_resolve(project, path) for path in paths]
    owner = _folder_owner(real_paths[0])
    sudo_ids = _sudo_ids()
    return [
        [os.getuid(), os.getgid(), sudo_ids, os.path.expanduser("~")],
        [os.environ.get(name) for name in ("XDG_STATE_HOME", *CA_VARIABLES)],
        [os.environ.get(name) or os.environ.get(name.upper()) for name in PROXY_VARIABLES],
        real_paths,
        [owner, _homes(owner, sudo_ids), _identity(real_paths[0])],
        [_content_fingerprint(os.path.join(project, name)) for name in CONFIG_FILES],
        [path_fingerprint(path) for path in real_paths[1:] if path is not None],
        [path_fingerprint(path) for path in (*trusted_bundles(), PUBLIC_CA_FOLDER)] if query["ca"] else [],
        [os.cpu_count(), os.sysconf("SC_PHYS_PAGES")],
        [read_driver_version_file(), nvidia_nodes(), nvidia_displays(), nvidia_device_ids(), os.path.exists(WSL_GPU)],
    ]


def path_fingerprint(path: str, *, follow_links: bool = True) -> list[object]:
    """Return a fingerprint of a file or folder without reading it."""
    try:
        info = os.stat(path, follow_symlinks=follow_links)
    except OSError:
        return [path]
    times = info.st_mtime_ns, info.st_ctime_ns  # an edit can keep the first, and not the second
    return [path, info.st_dev, info.st_ino, info.st_size, *times, info.st_mode, info.st_uid, info.st_gid]


def _content_fingerprint(path: str) -> list[object]:
    """Return a fingerprint of a small file that includes its content; a symbolic link is not followed."""
    fingerprint_of_path = path_fingerprint(path, follow_links=False)
    if len(fingerprint_of_path) == 1 or os.path.islink(path):
        return fingerprint_of_path
    return [*fingerprint_of_path, hashlib.sha256(files.read_if_permitted(path) or b"").hexdigest()]


def trusted_bundles() -> list[str]:
    """Return the files of CA certificates that the caller's environment and the system trust."""
    env_bundles = [os.environ[name] for name in CA_VARIABLES if os.environ.get(name)]
    return list(dict.fromkeys([*env_bundles, *(path for path in SYSTEM_CA if os.path.isfile(path))]))


def read_driver_version_file(root: str = "/") -> str:
    """Return the content of the NVIDIA driver's version file below a root folder; empty if there is none."""
    return (files.read_if_permitted(os.path.join(root, DRIVER)) or b"").decode(errors="replace")


def nvidia_nodes(root: str = "/") -> list[str]:
    """Return the sorted paths of the NVIDIA device nodes below a root folder."""
    folder = os.path.join(root, "dev")
    return sorted(os.path.join(folder, name) for name in _list_folder(folder) or () if name.startswith("nvidia"))


def nvidia_displays(root: str = "/") -> list[str] | None:
    """Return the sorted PCI addresses of NVIDIA display devices below a root folder, or None without a PCI bus."""
    bus = os.path.join(root, PCI)
    names = _list_folder(bus)
    return None if names is None else sorted(name for name in names if _is_nvidia_display(os.path.join(bus, name)))


def nvidia_device_ids(root: str = "/") -> list[int]:
    """Return the PCI device ids of NVIDIA display devices below a root folder, which tell their generation."""
    ids = []
    for name in nvidia_displays(root) or ():
        text = _attribute(os.path.join(root, PCI, name), "device").strip()
        if len(text) == 6 and text.startswith(b"0x") and all(byte in b"0123456789abcdef" for byte in text[2:]):
            ids.append(int(text, 16))
    return ids


def _is_nvidia_display(device: str) -> bool:
    return _attribute(device, "vendor").startswith(b"0x10de") and _attribute(device, "class").startswith(b"0x03")


def _attribute(device: str, name: str) -> bytes:
    return files.read_if_permitted(os.path.join(device, name)) or b""


def _list_folder(folder: str) -> list[str] | None:
    try:
        return os.listdir(folder)
    except OSError:
        return None


def _sudo_ids() -> list[str]:
    """Return the ids of the user who called sudo, as `sudo` passes them; they count only for root."""
    return [os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")] if os.getuid() == 0 else []


def _resolve(project: str, path: str) -> str | None:
    try:
        return os.path.realpath(os.path.join(project, os.path.expanduser(path)), strict=True)
    except OSError:
        return None


def _folder_owner(path: str | None) -> list[int] | None:
    if path is None or not os.path.isdir(path):
        return None
    info = os.stat(path)
    return [info.st_uid, info.st_gid]


def _identity(path: str | None) -> list[int] | None:
    """Return device and inode: a container keeps the folder that was at the path when it started."""
    if path is None or not os.path.exists(path):
        return None
    info = os.stat(path)
    return [info.st_dev, info.st_ino]


def _homes(owner: list[int] | None, sudo_ids: list[str]) -> list[str]:
    """Return the home folders of the caller, the workspace's owner and the user who ran sudo, as real paths."""
    uids = dict.fromkeys([os.getuid(), *(owner or [])[:1], *(int(uid) for uid in sudo_ids[:1] if uid.isdecimal())])
    return [os.path.realpath(folder) for folder in (os.path.expanduser("~"), *_account_homes(uids))]


def _account_homes(uids: dict[int, None]) -> Iterator[str]:
    for uid in uids:
        try:
            yield pwd.getpwuid(uid).pw_dir
        except (KeyError, OverflowError):  # a user id without an account, or too large for one
            continue
