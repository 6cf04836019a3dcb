"""No damage of stored data surfaces as anything but one message; caches are ignored."""

from __future__ import annotations

import json
import random
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from envkit import backends, state
from envkit.backends import endpoint
from envkit.commands import prune, status
from envkit.errors import PreconditionError
from envkit.model.state import State
from envkit.resolve import base_choice, sticky
from tests.support.fake_backend import FakeBackend

if TYPE_CHECKING:
    from pathlib import Path

CHOICES = {
    "cpus": "2",
    "memory_mib": "4096",
    "run_proxies": '{"http_proxy": "http://p:1"}',
    "gpu_offered": "null",
    "base": '{"kind": "debian", "ref": "", "request": "2.9.0 cpu", "reason": "r"}',
    "foreign_base": '{"kind": "image", "contents": {"title": "Ubuntu"}, "ref": "r", "id": "i", "python_mirror": ""}',
    "name": "folder",
}
WHOLE = State(
    "vision", "/p", port=8888, subnet="10.1.2.0/29", approved=("a",), choices=CHOICES, forwarded={"8888": 8889}
)
WRONG_VALUES: tuple[Any, ...] = (7, -1, 1.5, True, None, [], {}, [1], {"a": 1}, {"a": []}, "\ud800", "a\0b", [{}], "x")


@pytest.fixture
def state_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> state.StateDir:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(backends, "connect", lambda _: FakeBackend())
    state_dir = state.directory(endpoint.current_endpoint(), "/p")
    state.save(state_dir, WHOLE)
    return state_dir


def load_undamaged(state_dir: state.StateDir) -> State | None:
    """Load a state; return None if it is damaged, and pass any other error on."""
    try:
        return state.load(state_dir)
    except PreconditionError:
        return None


def test_whole_state_is_read_back(state_dir: state.StateDir) -> None:
    assert state.load(state_dir) == WHOLE


def test_field_of_another_type_is_damage(state_dir: state.StateDir) -> None:
    path = state_dir.folder / state.STATE_FILE
    whole = json.loads(path.read_text())
    for name, original in whole.items():
        for value in WRONG_VALUES:
            path.write_text(json.dumps({**whole, name: value}))
            loaded = load_undamaged(state_dir)
            is_same_type = isinstance(value, type(original)) or (name == "approved" and value in (None, []))
            assert loaded is None or is_same_type, (name, value)
            assert loaded is None or json.dumps(asdict(loaded)).encode(), (name, value)


def test_stored_choice_of_another_type_is_damage(state_dir: state.StateDir) -> None:
    for name in set(CHOICES) - {"name"}:
        for text in ("", "{", '"x"', "[]", '{"a": 1}', '{"kind": []}', "1e999", "[" * 5000):
            state.save(state_dir, State("vision", "/p", choices={**CHOICES, name: text}))
            assert load_undamaged(state_dir) is None, (name, text)
    keys = {*sticky.KEYS, sticky.BASE, sticky.FOREIGN_BASE}
    assert keys == set(CHOICES) - {"name"}


def test_any_damaged_byte_is_read_or_reported(state_dir: state.StateDir) -> None:
    path, generator = state_dir.folder / state.STATE_FILE, random.Random(1)  # noqa: S311
    content = path.read_bytes()
    for _ in range(2000):
        damaged = bytearray(content[: generator.randrange(len(content))] if generator.random() < 0.2 else content)
        for _ in range(generator.randrange(1, 4)):
            if damaged:
                damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        path.write_bytes(damaged)
        loaded = load_undamaged(state_dir)
        assert loaded is None or base_choice.fallback(base_choice.DEBIAN, loaded, "") is None
        assert loaded is None or json.dumps(asdict(loaded))


def test_status_shows_damage_beside_other_environments(state_dir: state.StateDir) -> None:
    state.save(state.directory(endpoint.current_endpoint(), "/q"), State("speech", "/q"))
    path = state_dir.folder / state.STATE_FILE
    path.write_text(path.read_text().replace('"vision"', "7"))
    rows = {row.name: row for row in status.status().result.rows}
    assert rows["speech"].status == "down"
    damaged = rows[state_dir.folder.name]
    assert (damaged.status, damaged.verdict) == ("damaged", f"{path} is damaged: invalid field name")


def test_prune_keeps_what_a_damaged_state_may_need(state_dir: state.StateDir) -> None:
    (state_dir.folder / state.STATE_FILE).write_text("{")
    with pytest.raises(PreconditionError, match="is damaged"):
        prune.prune(dry_run=False, on_progress=print)
