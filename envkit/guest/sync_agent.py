"""A folder looked at and changed for `envkit sync`: the same program on both sides, each in a process of its own.

It is sent as text with one line before it, `ASKED = '...'`, a JSON object: what to do, in which folder. Whatever may
lie in that folder, no link is followed: each folder is entered by name from the one around it. Every line printed is a
JSON value; `["end"]` is the last. Python 3.8 and later, its standard library alone.
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
    """Return what lies under a name in a folder: kind, size, two times, mode, target; None for nothing."""
    try:
        info = os.stat(name, dir_fd=folder, follow_symlinks=False)
        kind = {stat.S_IFREG: "f", stat.S_IFDIR: "d", stat.S_IFLNK: "l"}.get(stat.S_IFMT(info.st_mode), "o")
        target = os.readlink(name, dir_fd=folder) if kind == "l" else ""
    except FileNotFoundError:
        return None
    if kind == "d" and info.st_dev != os.fstat(folder).st_dev:
        kind = "o"  # another volume, with a life of its own
    size = info.st_size if kind == "f" else 0
    return [kind, size, info.st_mtime_ns, info.st_ctime_ns, info.st_mode & 0o777, target]


def emit_tree(top, stage):
    """Print every path below the top but the stage, each with what lies there."""
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
    """Return a descriptor of a folder below the top, or None where there is none, or a link on the way."""
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
    """Print the SHA-256 of each file, or nothing for one that cannot be read."""
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
    """Return the digest of a regular file."""
    digest = hashlib.sha256()
    with open(os.open(name, FILE_FLAGS, dir_fd=folder), "rb") as file:  # noqa: PTH123 - a descriptor
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return ""
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()


def rename_entries(top, pairs):
    """Give things other names beside their own, where nothing has those yet; say of each whether that was done."""
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
    """Make an empty folder for files on their way, which its owner alone enters, or take it away."""
    remove_stage(top, name)
    os.mkdir(name, 0o700, dir_fd=top)


def remove_stage(top, name):
    """Remove the folder for files on their way with all that is in it."""
    entry = inspect_entry(name, top)
    if entry is not None and entry[0] == "d":
        # Entered first: through the descriptor no link can be in the way.
        shutil.rmtree("/proc/self/fd/%d/%s" % (top, name))
    elif entry is not None:
        os.unlink(name, dir_fd=top)


def apply_changes(top, stage, removals, additions):
    """Remove and place what is still as it was when that was decided; say of each path whether it was done."""
    for path, expected in removals:
        emit([path, try_change(remove_entry, top, path, expected)])
    source = open_folder(top, stage)
    for path, expected, entry in additions:
        emit([path, source is not None and try_change(place_entry, top, path, expected, entry, source)])


def try_change(function, *arguments):
    """Say whether it was done; what stands in the way leaves that one path as it is."""
    try:
        return function(*arguments)
    except OSError:
        return False


def remove_entry(top, path, expected):
    """Remove what lies at a path, if it is what was expected."""
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
    """Put what was staged at its path, if what lies there is what was expected, and it is what was wanted."""
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
    """Make a folder, in the place of what is no folder."""
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
    """Move a staged file or link to its place."""
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
    """Say whether two looks saw the same; of a folder, what is in it moves its times."""
    if current is not None and expected is not None and current[0] == expected[0] == "d":
        return True
    return current == expected


def main(request):
    """Do what was asked for."""
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


main(json.loads(ASKED))  # noqa: F821 - the line before this text
