"""Archives hold the given entries and are reproducible."""

from __future__ import annotations

import io
import tarfile

from envkit.backends.docker.tar import pack, pack_files
from envkit.model.backend import FileEntry

ENTRIES = (FileEntry("keys", None, 0o700, 4242, 4343), FileEntry("keys/token", b"secret", 0o600, 4242, 4343))


def unpack(archive: bytes) -> list[tuple[object, ...]]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return [
            (
                member.name,
                member.mode,
                member.uid,
                member.gid,
                member.mtime,
                file.read() if (file := tar.extractfile(member)) else None,
            )
            for member in tar
        ]


def test_entries_keep_order_modes_and_owners() -> None:
    assert unpack(pack(ENTRIES)) == [
        ("keys", 0o700, 4242, 4343, 0, None),
        ("keys/token", 0o600, 4242, 4343, 0, b"secret"),
    ]


def test_files_belong_to_root() -> None:
    assert unpack(pack_files({"a/b": b"x", "c": b""}, 0o755)) == [
        ("a/b", 0o755, 0, 0, 0, b"x"),
        ("c", 0o755, 0, 0, 0, b""),
    ]


def test_equal_entries_give_equal_bytes() -> None:
    assert pack(ENTRIES) == pack(ENTRIES)
