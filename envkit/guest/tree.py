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

ENTER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
COUNT_MAX = 1000000


def say(value):
    """Print one line."""
    sys.stdout.write(json.dumps(value) + "\n")


def seen(name, folder):
    """Return what lies under a name in a folder: kind, size, two times, mode, target; None for nothing."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        kind = {stat.S_IFREG: "f", stat.S_IFDIR: "d", stat.S_IFLNK: "l"}.get(stat.S_IFMT(found.st_mode), "o")
        target = os.readlink(name, dir_fd=folder) if kind == "l" else ""
    except FileNotFoundError:
        return None
    if kind == "d" and found.st_dev != os.fstat(folder).st_dev:
        kind = "o"  # another volume, with a life of its own
    size = found.st_size if kind == "f" else 0
    return [kind, size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode & 0o777, target]


def tree(top, stage):
    """Print every path below the top but the stage, each with what lies there."""
    pending, count = [""], 0
    while pending:
        around = pending.pop()
        folder = entered(top, around)
        if folder is None:
            continue
        try:
            for name in os.listdir(folder):  # noqa: PTH208 - by descriptor
                path = around + "/" + name if around else name
                entry = None if path == stage else seen(name, folder)
                if entry is None:
                    continue
                count += 1
                if count > COUNT_MAX:
                    raise SystemExit("more than %d files" % COUNT_MAX)
                say([path, entry])
                if entry[0] == "d":
                    pending.append(path)
        finally:
            os.close(folder)


def entered(top, path):
    """Return a descriptor of a folder below the top, or None where there is none, or a link on the way."""
    at = os.dup(top)
    for name in path.split("/") if path else ():
        try:
            inner = os.open(name, ENTER, dir_fd=at)
        except OSError:
            return None
        finally:
            os.close(at)
        at = inner
    return at


def digest(top, paths):
    """Print the SHA-256 of each file, or nothing for one that cannot be read."""
    for path in paths:
        around, _, name = path.rpartition("/")
        folder, found = entered(top, around), ""
        if folder is not None:
            try:
                found = sha256(name, folder)
            except OSError:
                found = ""
            finally:
                os.close(folder)
        say([path, found])


def sha256(name, folder):
    """Return the digest of a regular file."""
    found = hashlib.sha256()
    with open(os.open(name, READ, dir_fd=folder), "rb") as file:  # noqa: PTH123 - a descriptor
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return ""
        for chunk in iter(lambda: file.read(1 << 20), b""):
            found.update(chunk)
    return found.hexdigest()


def aside(top, pairs):
    """Give things other names beside their own, where nothing has those yet; say of each whether that was done."""
    for path, other in pairs:
        around, _, name = path.rpartition("/")
        folder, new = entered(top, around), other.rpartition("/")[2]
        done = folder is not None and seen(new, folder) is None and seen(name, folder) is not None
        if done:
            os.rename(name, new, src_dir_fd=folder, dst_dir_fd=folder)
        if folder is not None:
            os.close(folder)
        say([path, done])


def stage(top, name):
    """Make an empty folder for files on their way, which its owner alone enters, or take it away."""
    take_away(top, name)
    os.mkdir(name, 0o700, dir_fd=top)


def take_away(top, name):
    """Remove the folder for files on their way with all that is in it."""
    entry = seen(name, top)
    if entry is not None and entry[0] == "d":
        # Entered first: through the descriptor no link can be in the way.
        shutil.rmtree("/proc/self/fd/%d/%s" % (top, name))
    elif entry is not None:
        os.unlink(name, dir_fd=top)


def change(top, staged, removed, placed):
    """Remove and place what is still as it was when that was decided; say of each path whether it was done."""
    for path, expected in removed:
        say([path, guarded(remove, top, path, expected)])
    source = entered(top, staged)
    for path, expected, wanted in placed:
        say([path, source is not None and guarded(place, top, path, expected, wanted, source)])


def guarded(doing, *arguments):
    """Say whether it was done; what stands in the way leaves that one path as it is."""
    try:
        return doing(*arguments)
    except OSError:
        return False


def remove(top, path, expected):
    """Remove what lies at a path, if it is what was expected."""
    around, _, name = path.rpartition("/")
    folder = entered(top, around)
    if folder is None:
        return True
    try:
        now = seen(name, folder)
        if now is None or not equal(now, expected):
            return now is None
        if now[0] == "d":
            os.rmdir(name, dir_fd=folder)
        else:
            os.unlink(name, dir_fd=folder)
        return True
    finally:
        os.close(folder)


def place(top, path, expected, wanted, source):
    """Put what was staged at its path, if what lies there is what was expected, and it is what was wanted."""
    around, _, name = path.rpartition("/")
    folder = entered(top, around)
    if folder is None:
        return False
    try:
        now = seen(name, folder)
        if not equal(now, expected):
            return False
        if wanted[0] == "d":
            return make(name, folder, now, wanted)
        below = entered(source, around)
        if below is None:
            return False
        try:
            return move(name, below, folder, now, wanted)
        finally:
            os.close(below)
    finally:
        os.close(folder)


def make(name, folder, now, wanted):
    """Make a folder, in the place of what is no folder."""
    if now is not None and now[0] == "d":
        return True
    if now is not None:
        os.unlink(name, dir_fd=folder)
    os.mkdir(name, 0o700, dir_fd=folder)
    inner = os.open(name, ENTER, dir_fd=folder)
    os.fchmod(inner, wanted[4])
    os.close(inner)
    return True


def move(name, below, folder, now, wanted):
    """Move a staged file or link to its place."""
    came = seen(name, below)
    if came is None or came[0] != wanted[0] or came[5] != wanted[5]:
        return False
    if came[0] == "f":
        if came[1:3] != wanted[1:3]:
            return False
        file = os.open(name, READ, dir_fd=below)
        os.fchmod(file, wanted[4])
        os.close(file)
    if now is not None and now[0] == "d":
        os.rmdir(name, dir_fd=folder)
    os.rename(name, name, src_dir_fd=below, dst_dir_fd=folder)
    return True


def equal(now, expected):
    """Say whether two looks saw the same; of a folder, what is in it moves its times."""
    if now is not None and expected is not None and now[0] == expected[0] == "d":
        return True
    return now == expected


def main(asked):
    """Do what was asked for."""
    top = os.open(asked["root"], os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    found = os.fstat(top)
    say(["top", "%d:%d" % (found.st_dev, found.st_ino)])
    deed = asked["deed"]
    if deed == "tree":
        tree(top, asked["stage"])
    elif deed == "digest":
        digest(top, asked["paths"])
    elif deed == "aside":
        aside(top, asked["pairs"])
    elif deed == "stage":
        stage(top, asked["stage"])
    elif deed == "clear":
        take_away(top, asked["stage"])
    elif deed == "change":
        change(top, asked["stage"], asked["removed"], asked["placed"])
        take_away(top, asked["stage"])
    say(["end", ""])


main(json.loads(ASKED))  # noqa: F821 - the line before this text
