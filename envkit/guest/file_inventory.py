"""List the files of the image that grant privileges or can be changed, and those that hold a secret."""

import os
import stat
from pathlib import Path

COUNT_MAX = 40
SEARCHED_BYTES_MAX = 64 << 10
# File systems of their own, and folders that every user may use. The engine's answers describe what is mounted there.
EXCLUDED = frozenset(
    {"/proc", "/sys", "/dev", "/home", "/tmp", "/workspace", "/run/envkit", "/run/secrets"}  # noqa: S108 - not created
)
# With the sticky bit, of every distribution.
SHARED = frozenset({"/var/tmp", "/run/lock", "/var/lock"})  # noqa: S108 - not created
# Folders of public packages, which are too large to be searched for a secret.
PUBLIC = frozenset({"site-packages", "dist-packages", "__pycache__", "zoneinfo", "locale", "doc", "man", "python3"})
PRIVILEGE_BITS = stat.S_ISUID | stat.S_ISGID
CAPABILITY = "security.capability"


class Inventory:
    """Lists of paths, each with the reason.

    Args:
        uid: User ID of the workspace.
        gid: Group ID of the workspace.
        secret: Secret to search for, as bytes; empty for none.
    """

    def __init__(self, uid, gid, secret=b""):
        self.uid, self.gid, self.secret = uid, gid, secret
        self.rights, self.leaks, self.count, self.unreadable = [], [], 0, 0

    def scan(self, root="/"):
        """Visit every file of the root file system, without other file systems, and return the lists."""
        device, folders = os.lstat(root).st_dev, [(root, False)]
        while folders:
            folder, public = folders.pop()
            try:
                entries = list(os.scandir(folder))
            except OSError:  # closed to other users, like the folders of root
                self.unreadable += 1
                continue
            for entry in entries:
                self._visit(entry, device, folders, public)
        return {
            "rights": sorted(self.rights)[:COUNT_MAX],
            "leaks": sorted(self.leaks)[:COUNT_MAX],
            "count": self.count,
            "unreadable": self.unreadable,
        }

    def _visit(self, entry, device, folders, public):
        try:
            info = entry.stat(follow_symlinks=False)
        except OSError:
            return
        if info.st_dev != device or entry.path in EXCLUDED:
            return
        self.count += 1
        is_folder = stat.S_ISDIR(info.st_mode)
        if is_folder:
            folders.append((entry.path, public or entry.name in PUBLIC))
        reason = self.find_right(entry.path, info)
        if reason:
            self.rights.append(entry.path + " " + reason)
        if self.secret and not public and stat.S_ISREG(info.st_mode) and info.st_size <= SEARCHED_BYTES_MAX:
            self._search(entry.path)

    def find_right(self, path, info):
        """Return what a file grants, or an empty string."""
        mode = info.st_mode
        if stat.S_ISLNK(mode) or (path in SHARED and mode & stat.S_ISVTX):
            return ""
        reasons = (
            (mode & PRIVILEGE_BITS, "has mode {:04o}".format(stat.S_IMODE(mode))),
            (stat.S_ISREG(mode) and has_capability(path), "has a capability"),
            (stat.S_ISBLK(mode) or stat.S_ISCHR(mode), "is a device"),
            (mode & stat.S_IWOTH, "can be written by every user"),
            # Root's own files are no finding of their own; that the workspace runs as root is one.
            (self.uid and info.st_uid == self.uid and mode & stat.S_IWUSR, "can be written by the workspace's user"),
            (self.gid and info.st_gid == self.gid and mode & stat.S_IWGRP, "can be written by the workspace's group"),
        )
        return next((reason for granted, reason in reasons if granted), "")

    def _search(self, path):
        try:
            with Path(path).open("rb") as file:
                if self.secret in file.read(SEARCHED_BYTES_MAX):
                    self.leaks.append(path)
        except OSError:
            pass


def has_capability(path):
    """Return whether a program gets a capability when it is started."""
    try:
        return bool(os.getxattr(path, CAPABILITY, follow_symlinks=False))
    except OSError:
        return False
