"""`token --rotate`: the next `up` makes another token, and no volume has to be removed for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit import credentials, state
from envkit.checks.check import CHECKS
from envkit.commands import token
from envkit.environment.project import Environment
from envkit.errors import PreconditionError
from envkit.model.facts import Account
from envkit.model.state import State
from envkit.state import StateDir

if TYPE_CHECKING:
    from pathlib import Path

OWNER = Account(4242, 4242)


def test_rotated_token_is_replaced(tmp_path: Path) -> None:
    environment = Environment("vision", "/p", 0, StateDir(tmp_path / "state"), State("vision", "/p"), "unix:///x")
    state.save(environment.state_dir, environment.state)
    environment.state_dir.mount.mkdir()
    credentials.ensure_token(environment.state_dir, OWNER)
    old_token = token.token(environment)
    token.rotate(environment, lambda: None)
    with pytest.raises(PreconditionError) as error:
        token.rotate(environment, lambda: None)
    assert error.value.code == "environment-incomplete"
    credentials.ensure_token(environment.state_dir, OWNER)
    assert token.token(environment) not in {"", old_token}


def test_no_hint_of_a_check_removes_volumes() -> None:
    assert [check.id for check in CHECKS.values() if "--volumes" in check.hint] == []
