"""What `base: auto` becomes, given what the engine and the registry say, and when it is taken back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from envkit import config
from envkit.model.state import State
from envkit.resolve import base_choice
from envkit.resolve.base_choice import BaseChoice, OfficialImage
from envkit.resolve.sticky import BASE
from tests.unit.test_base_choice import FACTS
from tests.unit.worlds import wanted

CONFIG = config.load("base: auto")
OFFICIAL = "tensorflow/tensorflow:2.9.0-jupyter"


@pytest.mark.parametrize(
    ("seen", "kind", "why"),
    [
        (OfficialImage(is_local=True), "official", f"{OFFICIAL} is here"),
        (OfficialImage(is_local=True, unavailable_reason="unreachable"), "official", f"{OFFICIAL} is here"),
        (OfficialImage(), "official", f"{OFFICIAL} can be pulled"),
        (
            OfficialImage(unavailable_reason="it is unreachable"),
            "debian",
            f"{OFFICIAL} cannot be had: it is unreachable",
        ),
        (None, "debian", "no engine answers"),
    ],
)
def test_the_official_image_is_taken_where_it_is_here_or_offered(
    seen: OfficialImage | None, kind: str, why: str
) -> None:
    ref = OFFICIAL if kind == "official" else ""
    assert base_choice.choose(CONFIG, FACTS, seen) == BaseChoice(kind, ref, "2.9.0 cpu", why)


def test_an_official_image_that_does_not_serve_is_not_taken_wherever_it_is() -> None:
    broken = config.load("base: auto\ntensorflow: '2.18.0'\ngpu: on")
    chosen = base_choice.choose(broken, FACTS, OfficialImage(is_local=True))
    assert (chosen.kind, "holds cuDNN 8.9" in chosen.why) == ("debian", True)


def test_an_official_image_that_no_workspace_fits_on_gives_way_to_debian_at_the_first_up_alone() -> None:
    official = base_choice.choose(CONFIG, FACTS, OfficialImage())
    assert base_choice.fallback(official, None, "it has no shell") == BaseChoice(
        "debian", "", "2.9.0 cpu", "it has no shell"
    )
    assert (
        base_choice.fallback(
            official, State("vision", "/p", choices=base_choice.to_record(official)), "it has no shell"
        )
        is None
    )


@pytest.mark.parametrize("named", [BaseChoice("official", OFFICIAL), BaseChoice("image", "team/image:1")])
def test_what_somebody_named_gives_way_to_nothing(named: BaseChoice) -> None:
    assert base_choice.fallback(named, None, "it has no shell") is None
    assert base_choice.to_record(named) == {}


def test_what_auto_chose_and_why_is_said_with_what_chooses_anew() -> None:
    plan = replace(wanted().plan, notes=("before",))
    chosen = BaseChoice("debian", "", "2.9.0 cpu", "no registry answers")
    said = "base: auto chose debian, because no registry answers; --refresh chooses anew"
    assert base_choice.add_note(plan, chosen).notes == ("before", said)
    assert base_choice.add_note(plan, BaseChoice("debian")) == plan


@pytest.mark.parametrize("damaged", ["[]", "{}", '{"asked": "2.9.0 cpu"}', '{"asked": "2.9.0 cpu", "other": 1}'])
def test_a_damaged_memory_of_a_choice_counts_as_none(damaged: str) -> None:
    assert base_choice.previous(CONFIG, FACTS, State("vision", "/p", choices={BASE: damaged})) is None
