"""Judge the age of a workspace's image: it lacks later security fixes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from envkit.checks import observations as obs
from envkit.checks.audit.finding import judge, skip
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from envkit.model.report import Finding, Observation

CHECK = "audit/image-age"
MAX_AGE_DAYS = 90
EARLIEST_DATE = date(2016, 1, 1)  # reproducible builds write placeholder dates: 0001, 1970, 1980
CLOCK_TOLERANCE = timedelta(days=1)  # the engine's clock may be ahead, or in another time zone
IMAGE, SYSTEM_PACKAGES, BASE = "the image", "the last upgrade of the system packages", "the foreign base image"
BASE_HINT = (
    "envkit up --pull pulls a newer one if its publisher offers one; base: debian in envkit.yaml receives security "
    "updates"
)


def check(observations: Sequence[Observation]) -> Finding:
    """Judge the age of the image's system packages or base; its own build date proves little."""
    data = obs.data(observations, "audit.image")
    subject, timestamp = _age_source(data)
    image_date, today = _parse_date(timestamp), _parse_date(obs.text(data, "today"))
    if image_date is None or today is None or not EARLIEST_DATE <= image_date <= today + CLOCK_TOLERANCE:
        return judge(CHECK, (), f"the date of {subject} is not known: {single_line(timestamp) or 'none'}")
    days = max(0, (today - image_date).days)
    if days > MAX_AGE_DAYS:
        return judge(
            CHECK, [f"{subject} is {days} days old ({image_date})"], hint=BASE_HINT if subject is BASE else None
        )
    if subject is IMAGE:
        return skip(CHECK, "the image is recent; its base is no longer on the engine, so the base's age is not known")
    return judge(CHECK, (), pass_detail=f"{subject} is {days} days old")


def _age_source(data: Mapping[str, Any]) -> tuple[str, str]:
    packages_date, base_date, image_date = (obs.text(data, name) for name in ("updated", "base", "made"))
    if packages_date:
        return SYSTEM_PACKAGES, packages_date
    return (BASE, base_date) if base_date else (IMAGE, image_date)


def _parse_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
