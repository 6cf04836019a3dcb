"""How old the image of a workspace is: what was mended after that is not in it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from envkit.checks import observations as look
from envkit.checks.held import held, skipped
from envkit.plain import line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from envkit.model.report import Finding, Observation

CHECK = "audit/image-age"
OLD_DAYS = 90
FIRST = date(2016, 1, 1)  # what builds write that shall be the same each time is no date: 0001, 1970, 1980
AHEAD = timedelta(days=1)  # the engine's clock may be before ours, or write the day of another time zone
IMAGE, UPDATED, BASE = "the image", "the state of the system's packages", "the base, which nothing updates,"
NEWER_BASE = (
    "envkit up --pull brings a newer one where its maker has made one; base: debian in envkit.yaml gets security "
    "updates"
)


def check(observations: Sequence[Observation]) -> Finding:
    """Judge the age of what an image stands on: the day it was made itself says little."""
    seen = look.data(observations, "audit.image")
    what, told = _of_what(seen)
    made, today = _day(told), _day(look.text(seen, "today"))
    if made is None or today is None or not FIRST <= made <= today + AHEAD:
        return held(CHECK, (), f"the engine does not say how old {what} is: {line(told) or 'nothing'}")
    days = max(0, (today - made).days)
    if days > OLD_DAYS:
        return held(CHECK, [f"{what} is {days} days old, of {made}"], mend=NEWER_BASE if what is BASE else None)
    if what is IMAGE:
        return skipped(CHECK, "the image is young; what it was built on is gone from the engine, and its age with it")
    return held(CHECK, (), well=f"{what} is {days} days old")


def _of_what(seen: Mapping[str, Any]) -> tuple[str, str]:
    updated, base, made = (look.text(seen, name) for name in ("updated", "base", "made"))
    if updated:
        return UPDATED, updated
    return (BASE, base) if base else (IMAGE, made)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
