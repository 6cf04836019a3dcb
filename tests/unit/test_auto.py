"""What `base: auto` becomes, given what the engine and the registry say, and when it is taken back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from envkit import config
from envkit.model.state import State
from envkit.resolve import auto
from envkit.resolve.auto import Choice, Seen
from envkit.resolve.kept import BASE
from tests.unit.test_base_choice import FACTS
from tests.unit.worlds import wanted

CONFIG = config.load("base: auto")
OFFICIAL = "tensorflow/tensorflow:2.9.0-jupyter"


@pytest.mark.parametrize(("seen", "kind", "why"), [
    (Seen(here=True), "official", f"{OFFICIAL} is here"),
    (Seen(here=True, refused="unreachable"), "official", f"{OFFICIAL} is here"),
    (Seen(), "official", f"{OFFICIAL} can be pulled"),
    (Seen(refused="it is unreachable"), "debian", f"{OFFICIAL} cannot be had: it is unreachable"),
    (None, "debian", "no engine answers"),
])
def test_the_official_image_is_taken_where_it_is_here_or_offered(seen: Seen | None, kind: str, why: str) -> None:
    ref = OFFICIAL if kind == "official" else ""
    assert auto.choose(CONFIG, FACTS, seen) == Choice(kind, ref, "2.9.0 cpu", why)


def test_an_official_image_that_does_not_serve_is_not_taken_wherever_it_is() -> None:
    broken = config.load("base: auto\ntensorflow: '2.18.0'\ngpu: on")
    chosen = auto.choose(broken, FACTS, Seen(here=True))
    assert (chosen.kind, "holds cuDNN 8.9" in chosen.why) == ("debian", True)


def test_an_official_image_that_no_workspace_fits_on_gives_way_to_debian_at_the_first_up_alone() -> None:
    official = auto.choose(CONFIG, FACTS, Seen())
    assert auto.instead(official, None, "it has no shell") == Choice("debian", "", "2.9.0 cpu", "it has no shell")
    assert auto.instead(official, State("vision", "/p", choices=auto.kept(official)), "it has no shell") is None


@pytest.mark.parametrize("named", [Choice("official", OFFICIAL), Choice("image", "team/image:1")])
def test_what_somebody_named_gives_way_to_nothing(named: Choice) -> None:
    assert auto.instead(named, None, "it has no shell") is None
    assert auto.kept(named) == {}


def test_what_auto_chose_and_why_is_said_with_what_chooses_anew() -> None:
    plan = replace(wanted().plan, remarks=("before",))
    chosen = Choice("debian", "", "2.9.0 cpu", "no registry answers")
    said = "base: auto chose debian, because no registry answers; --refresh chooses anew"
    assert auto.told(plan, chosen).remarks == ("before", said)
    assert auto.told(plan, Choice("debian")) == plan


@pytest.mark.parametrize("damaged", ["[]", "{}", '{"asked": "2.9.0 cpu"}', '{"asked": "2.9.0 cpu", "other": 1}'])
def test_a_damaged_memory_of_a_choice_counts_as_none(damaged: str) -> None:
    assert auto.before(CONFIG, FACTS, State("vision", "/p", choices={BASE: damaged})) is None
