"""Read and change a folder for `envkit sync`: the same program for both sides, each in its own process.

It is sent as text after one line, `ASKED = '...'`: a JSON object with the action and the folder. No link in the folder
is followed: each folder is opened by name from its parent. Every line of output is a JSON value; `["end"]` is the last.
Needs Python 3.8 or later and its standard library.
"""

import hashlib
import json
import os
import shutil
import stat
import sys

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
COUNT_MAX = 1000000


def emit(value):
    """Print one line."""
    sys.stdout.write(json.dumps(value) + "\n")


def inspect_entry(name, folder):
    """Return an entry of a folder: kind, size, two times, mode and target; None if it does not exist."""
    try:
        info = os.stat(name, dir_fd=folder, follow_symlinks=False)
        kind = {stat.S_IFREG: "f", stat.S_IFDIR: "d", stat.S_IFLNK: "l"}.get(stat.S_IFMT(info.st_mode), "o")
        target = os.readlink(name, dir_fd=folder) if kind == "l" else ""
    except FileNotFoundError:
        return None
    if kind == "d" and info.st_dev != os.fstat(folder).st_dev:
        kind = "o"  # another volume, which is not synced
    size = info.st_size if kind == "f" else 0
    return [kind, size, info.st_mtime_ns, info.st_ctime_ns, info.st_mode & 0o777, target]


def emit_tree(top, stage):
    """Print every path below the top with its entry, except the staging folder."""
    pending, count = [""], 0
    while pending:
        parent = pending.pop()
        folder = open_folder(top, parent)
        if folder is None:
            continue
        try:
            for name in os.listdir(folder):  # noqa: PTH208 - by descriptor
                path = parent + "/" + name if parent else name
                entry = None if path == stage else inspect_entry(name, folder)
                if entry is None:
                    continue
                count += 1
                if count > COUNT_MAX:
                    raise SystemExit("more than %d files" % COUNT_MAX)
                emit([path, entry])
                if entry[0] == "d":
                    pending.append(path)
        finally:
            os.close(folder)


def open_folder(top, path):
    """Return a descriptor of a folder below the top, or None if it is missing or behind a link."""
    descriptor = os.dup(top)
    for name in path.split("/") if path else ():
        try:
            child = os.open(name, FOLDER_FLAGS, dir_fd=descriptor)
        except OSError:
            return None
        finally:
            os.close(descriptor)
        descriptor = child
    return descriptor


def emit_digests(top, paths):
    """Print the SHA-256 digest of each file, empty for an unreadable one."""
    for path in paths:
        parent, _, name = path.rpartition("/")
        folder, digest = open_folder(top, parent), ""
        if folder is not None:
            try:
                digest = sha256(name, folder)
            except OSError:
                digest = ""
            finally:
                os.close(folder)
        emit([path, digest])


def sha256(name, folder):
    """Return the digest of a regular file, or empty for anything else."""
    digest = hashlib.sha256()
    with open(os.open(name, FILE_FLAGS, dir_fd=folder), "rb") as file:  # noqa: PTH123 - a descriptor
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return ""
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()


def rename_entries(top, pairs):
    """Rename entries within their folders if the new name is free; print for each whether it was renamed."""
    for path, new_path in pairs:
        parent, _, name = path.rpartition("/")
        folder, new_name = open_folder(top, parent), new_path.rpartition("/")[2]
        is_renamed = (
            folder is not None and inspect_entry(new_name, folder) is None and inspect_entry(name, folder) is not None
        )
        if is_renamed:
            os.rename(name, new_name, src_dir_fd=folder, dst_dir_fd=folder)
        if folder is not None:
            os.close(folder)
        emit([path, is_renamed])


def create_stage(top, name):
    """Create an empty staging folder that only its owner can enter."""
    remove_stage(top, name)
    os.mkdir(name, 0o700, dir_fd=top)


def remove_stage(top, name):
    """Remove the staging folder with its content."""
    entry = inspect_entry(name, top)
    if entry is not None and entry[0] == "d":
        # Through the descriptor, so that no link can be on the path.
        shutil.rmtree("/proc/self/fd/%d/%s" % (top, name))
    elif entry is not None:
        os.unlink(name, dir_fd=top)


def apply_changes(top, stage, removals, additions):
    """Remove and place entries that are still as expected; print for each path whether it was done."""
    for path, expected in removals:
        emit([path, try_change(remove_entry, top, path, expected)])
    source = open_folder(top, stage)
    for path, expected, entry in additions:
        emit([path, source is not None and try_change(place_entry, top, path, expected, entry, source)])


def try_change(function, *arguments):
    """Return whether a change succeeded; an error leaves that path unchanged."""
    try:
        return function(*arguments)
    except OSError:
        return False


def remove_entry(top, path, expected):
    """Remove an entry if it is as expected."""
    parent, _, name = path.rpartition("/")
    folder = open_folder(top, parent)
    if folder is None:
        return True
    try:
        current = inspect_entry(name, folder)
        if current is None or not is_unchanged(current, expected):
            return current is None
        if current[0] == "d":
            os.rmdir(name, dir_fd=folder)
        else:
            os.unlink(name, dir_fd=folder)
        return True
    finally:
        os.close(folder)


def place_entry(top, path, expected, entry, source):
    """Move a staged entry to its path, if the current entry is as expected and the staged one is as announced."""
    parent, _, name = path.rpartition("/")
    folder = open_folder(top, parent)
    if folder is None:
        return False
    try:
        current = inspect_entry(name, folder)
        if not is_unchanged(current, expected):
            return False
        if entry[0] == "d":
            return make_folder(name, folder, current, entry)
        source_folder = open_folder(source, parent)
        if source_folder is None:
            return False
        try:
            return move_entry(name, source_folder, folder, current, entry)
        finally:
            os.close(source_folder)
    finally:
        os.close(folder)


def make_folder(name, folder, current, entry):
    """Create a folder, replacing an entry that is not a folder."""
    if current is not None and current[0] == "d":
        return True
    if current is not None:
        os.unlink(name, dir_fd=folder)
    os.mkdir(name, 0o700, dir_fd=folder)
    descriptor = os.open(name, FOLDER_FLAGS, dir_fd=folder)
    os.fchmod(descriptor, entry[4])
    os.close(descriptor)
    return True


def move_entry(name, source_folder, folder, current, entry):
    """Move a staged file or link to its path."""
    staged_entry = inspect_entry(name, source_folder)
    if staged_entry is None or staged_entry[0] != entry[0] or staged_entry[5] != entry[5]:
        return False
    if staged_entry[0] == "f":
        if staged_entry[1:3] != entry[1:3]:
            return False
        descriptor = os.open(name, FILE_FLAGS, dir_fd=source_folder)
        os.fchmod(descriptor, entry[4])
        os.close(descriptor)
    if current is not None and current[0] == "d":
        os.rmdir(name, dir_fd=folder)
    os.rename(name, name, src_dir_fd=source_folder, dst_dir_fd=folder)
    return True


def is_unchanged(current, expected):
    """Return whether two states of an entry are equal; times of folders are ignored: content changes them."""
    if current is not None and expected is not None and current[0] == expected[0] == "d":
        return True
    return current == expected


def main(request):
    """Execute a request."""
    top = os.open(request["root"], os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    info = os.fstat(top)
    emit(["top", "%d:%d" % (info.st_dev, info.st_ino)])
    action = request["deed"]
    if action == "tree":
        emit_tree(top, request["stage"])
    elif action == "digest":
        emit_digests(top, request["paths"])
    elif action == "aside":
        rename_entries(top, request["pairs"])
    elif action == "stage":
        create_stage(top, request["stage"])
    elif action == "clear":
        remove_stage(top, request["stage"])
    elif action == "change":
        apply_changes(top, request["stage"], request["removed"], request["placed"])
        remove_stage(top, request["stage"])
    emit(["end", ""])


main(json.loads(ASKED))  # noqa: F821 - set by the first line
