"""An archive holds what was put into it, and nothing that changes from one time to the next."""

from __future__ import annotations

import io
import tarfile

from envkit.backends.docker.tar import Entry, pack, pack_files

ENTRIES = (Entry("keys", None, 0o700, 4242, 4343), Entry("keys/token", b"secret", 0o600, 4242, 4343))


def told(archive: bytes) -> list[tuple[object, ...]]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return [
            (one.name, one.mode, one.uid, one.gid, one.mtime, held.read() if (held := tar.extractfile(one)) else None)
            for one in tar
        ]


def test_files_and_folders_come_with_modes_and_owners_in_their_order() -> None:
    assert told(pack(ENTRIES)) == [
        ("keys", 0o700, 4242, 4343, 0, None),
        ("keys/token", 0o600, 4242, 4343, 0, b"secret"),
    ]


def test_files_alone_are_roots() -> None:
    assert told(pack_files({"a/b": b"x", "c": b""}, 0o755)) == [
        ("a/b", 0o755, 0, 0, 0, b"x"),
        ("c", 0o755, 0, 0, 0, b""),
    ]


def test_equal_ones_are_equal_to_the_last_byte() -> None:
    assert pack(ENTRIES) == pack(ENTRIES)
