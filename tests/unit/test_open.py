"""`open` sends the token to our own container, and to nobody who took its port."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit import names
from envkit.commands import access
from envkit.commands.project import Known
from envkit.engines import glance
from envkit.errors import Unhealthy
from envkit.model.found import FoundContainer
from envkit.model.state import State
from envkit.observe import ready
from envkit.state import Place

if TYPE_CHECKING:
    from pathlib import Path

    from envkit.observe.door import Door

PORT = 8901


@pytest.fixture
def known(tmp_path: Path) -> Known:
    place = Place(tmp_path)
    place.mount.mkdir()
    (place.mount / "token").write_text("t" * 43)
    return Known("vision", "/home/ada/vision", 1000, place, State("vision", "/home/ada/vision", port=PORT), "unix:///x")


@pytest.mark.parametrize(
    "found",
    [None, FoundContainer("c1", "running", {names.PORT: "8902"}, "i1"), FoundContainer("c1", "running", {}, "i1")],
    ids=["no container of ours runs", "ours has another port", "one without our labels"],
)
def test_the_token_goes_to_nobody_while_our_container_does_not_hold_the_port(
    found: FoundContainer | None, known: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def answers(_door: Door, _token: str) -> int:
        asked.append(PORT)
        return ready.OK

    monkeypatch.setattr(glance, "running", lambda _endpoint, _name: found)
    monkeypatch.setattr(ready, "answers", answers)
    with pytest.raises(Unhealthy, match="does not answer") as error:
        access.open_(known, lambda _: 0)
    assert (asked, error.value.mend) == ([], "envkit up")
