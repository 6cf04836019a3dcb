"""Identity of bind mounts: the container's file at a target and the caller's file at the source."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envkit.errors import EngineError
from envkit.model.run import Mount
from envkit.observe import mount_identity

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class StatBackend:
    """A container whose `stat` sees these folders of the test at its targets."""

    seen: dict[str, Path]
    device_offset: int = 0
    error: EngineError | None = None
    extra_lines: list[str] = field(default_factory=list)

    def run_script(self, _: str, argv: tuple[str, ...], __: str, on_line: Callable[[str], None], **___: Any) -> int:
        if self.error:
            raise self.error
        for line in self.extra_lines:
            on_line(line)
        for target in argv[argv.index("--") + 1 :]:
            mount_target = max((key for key in self.seen if target.startswith(key)), key=len, default=None)
            rest = target[len(mount_target or "") + 1 :]
            path = (
                Path("/nonexistent")
                if mount_target is None
                else self.seen[mount_target].joinpath(*filter(None, [rest]))
            )
            if path.exists():
                info = path.stat()
                numbers = (
                    f"{info.st_dev + self.device_offset} {info.st_ino} " if "%d" in argv[argv.index("-c") + 1] else ""
                )
                on_line(f"{numbers}{target}")
        return 0


def replaced(backend: Any, *mounts: Mount) -> tuple[str, ...]:
    return mount_identity.find_replaced(backend, "c", mounts, "/state")


def two_folders(folder: Path) -> tuple[Path, Path]:
    for name in ("now", "before"):
        (folder / name).mkdir()
    return folder / "now", folder / "before"


def test_mount_whose_source_was_replaced_is_named(tmp_path: Path) -> None:
    now, before = two_folders(tmp_path)
    workspace, data = Mount("bind", str(now), "/workspace"), Mount("bind", str(now), "/data", read_only=True)
    cases: list[tuple[dict[str, Path], tuple[str, ...]]] = [
        ({"/workspace": now, "/data": now}, ()),
        ({"/workspace": before, "/data": now}, ("/workspace",)),
        ({"/workspace": now, "/data": before}, ("/data",)),
        ({"/workspace": before, "/data": before}, ("/workspace", "/data")),
    ]
    for seen, targets in cases:
        assert replaced(StatBackend(seen), workspace, data) == targets, seen


def test_source_that_no_longer_exists_is_named(tmp_path: Path) -> None:
    _, before = two_folders(tmp_path)
    mount = Mount("bind", str(tmp_path / "gone"), "/workspace")
    assert replaced(StatBackend({"/workspace": before}), mount) == ("/workspace",)


def test_engine_with_other_numbers_is_recognized_by_a_marker(tmp_path: Path) -> None:
    now, before = two_folders(tmp_path)
    mounts = Mount("bind", str(now), "/workspace"), Mount("bind", str(now), "/data")
    assert replaced(StatBackend({"/workspace": now, "/data": now}, device_offset=7), *mounts) == ()
    assert replaced(StatBackend({"/workspace": before, "/data": now}, device_offset=7), *mounts) != ()
    assert list(now.iterdir()) == []


def test_only_bind_mounts_are_compared(tmp_path: Path) -> None:
    backend = StatBackend({"/home/dev": tmp_path})
    assert replaced(backend, Mount("volume", "v", "/home/dev"), Mount("within", "v/f", "/etc/passwd")) == ()


def test_container_that_cannot_be_asked_counts_as_unchanged(tmp_path: Path) -> None:
    mount = Mount("bind", str(tmp_path), "/workspace")
    stopped = StatBackend({}, error=EngineError("it stopped", code="engine-request-failed"))
    hostile = StatBackend({}, extra_lines=["", "x", "1 2 /elsewhere", "1 x /workspace", "\u0661 2 /workspace"])
    assert [replaced(backend, mount) for backend in (stopped, StatBackend({}), hostile)] == [(), (), ()]


def test_copy_of_the_config_has_to_cover_the_file(tmp_path: Path) -> None:
    workspace, state_folder = two_folders(tmp_path)
    (workspace / "envkit.yaml").touch()
    old_copy, copy = tmp_path / "old", state_folder / "envkit.yaml"
    for path in (old_copy, copy):
        path.touch()
    mounts = (
        Mount("bind", str(workspace), "/workspace"),
        Mount("bind", str(copy), "/workspace/envkit.yaml", read_only=True),
        Mount("bind", str(copy), "/etc/passwd", read_only=True),
    )
    for seen, targets in (
        (copy, ()),
        (old_copy, ()),  # `up` replaced the copy; the file is covered nevertheless
        (workspace / "envkit.yaml", ("/workspace/envkit.yaml",)),
    ):
        backend = StatBackend({"/workspace": workspace, "/workspace/envkit.yaml": seen, "/etc/passwd": old_copy})
        assert mount_identity.find_replaced(backend, "c", mounts, str(state_folder)) == targets, seen  # type: ignore[arg-type]
