"""Judge the files of an environment on this host: rights, links, contents. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envkit.checks import observations as obs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KEYS = ("client/", "mount/authorized_keys", "mount/ssh_host_")
SSHD_FILE = "mount/sshd_config"


def find_differences(data: Mapping[str, Any], *, sshd_differs: bool = False) -> Iterator[tuple[str, str]]:
    """Yield the check and the fault of each file.

    Args:
        data: Lists of paths in the state folder: `open` with modes, `foreign`, `linked`, `changed`, `missing`,
            `unknown`; and `guards`: why the configuration can be changed.
        sshd_differs: Whether the effective settings of sshd are known to differ, which says more than its file.
    """
    for text in obs.texts(data, "open"):
        yield _check_of(text), f"{text} on this host can be read or changed by other users"
    for text in obs.texts(data, "foreign"):
        yield _check_of(text), f"{text} on this host belongs to another user"
    for text in obs.texts(data, "linked"):
        yield _check_of(text), f"{text} on this host has another name, through which it can be changed"
    for key, verb in (("changed", "differs from the file that envkit wrote"), ("missing", "is missing")):
        for text in obs.texts(data, key):
            if text == SSHD_FILE and sshd_differs:
                continue
            yield "audit/ssh-keys" if text.startswith(KEYS) else "audit/tampering", f"{text} on this host {verb}"
    for text in obs.texts(data, "unknown"):
        yield "audit/secrets", f"{text} on this host was not made by envkit, and container code can read it"
    for text in obs.texts(data, "guards"):
        yield "audit/mounts", text
        yield "audit/tampering", text


def _check_of(path: str) -> str:
    if path.startswith(KEYS):
        return "audit/ssh-keys"
    return "audit/secrets"
