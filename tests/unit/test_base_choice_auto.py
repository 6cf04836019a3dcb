"""`base: auto`: the choice by availability, its note, and when it is replaced."""

from __future__ import annotations

from dataclasses import replace

from envkit import config
from envkit.model.state import State
from envkit.resolve import base_choice
from envkit.resolve.base_choice import BaseChoice, OfficialImage
from envkit.resolve.sticky import BASE
from tests.support.engine_states import desired_state
from tests.support.plan_samples import facts

CONFIG = config.load("base: auto")
OFFICIAL = "tensorflow/tensorflow:2.9.0-jupyter"


def test_the_official_image_is_chosen_if_it_is_available() -> None:
    for image, kind, reason in [
        (OfficialImage(is_local=True), "official", f"{OFFICIAL} is available"),
        (OfficialImage(is_local=True, unavailable_reason="unreachable"), "official", f"{OFFICIAL} is available"),
        (OfficialImage(), "official", f"{OFFICIAL} can be pulled"),
        (OfficialImage(unavailable_reason="timeout"), "debian", f"{OFFICIAL} is not available: timeout"),
        (None, "debian", "no engine answers"),
    ]:
        ref = OFFICIAL if kind == "official" else ""
        assert base_choice.choose(CONFIG, facts(), image) == BaseChoice(kind, ref, "2.9.0 cpu", reason), image


def test_an_unusable_official_image_is_never_chosen() -> None:
    unusable = config.load("base: auto\ntensorflow: '2.18.0'\ngpu: on")
    choice = base_choice.choose(unusable, facts(), OfficialImage(is_local=True))
    assert (choice.kind, "cuDNN 8.9" in choice.reason) == ("debian", True)


def test_debian_replaces_an_unsuitable_image_at_first_up_only() -> None:
    official = base_choice.choose(CONFIG, facts(), OfficialImage())
    debian = BaseChoice("debian", "", "2.9.0 cpu", "it has no shell")
    assert base_choice.fallback(official, None, "it has no shell") == debian
    saved_state = State("vision", "/p", choices=base_choice.to_record(official))
    assert base_choice.fallback(official, saved_state, "it has no shell") is None


def test_a_base_from_the_config_is_never_replaced() -> None:
    for choice in (BaseChoice("official", OFFICIAL), BaseChoice("image", "team/image:1")):
        assert base_choice.fallback(choice, None, "it has no shell") is None
        assert base_choice.to_record(choice) == {}


def test_the_note_contains_the_choice_and_its_reason() -> None:
    plan = replace(desired_state().plan, notes=("before",))
    choice = BaseChoice("debian", "", "2.9.0 cpu", "no registry answers")
    first, note = base_choice.add_note(plan, choice).notes
    assert first == "before"
    assert "auto chose debian, because no registry answers" in note
    assert "--refresh" in note
    assert base_choice.add_note(plan, BaseChoice("debian")) == plan


def test_a_damaged_record_of_a_choice_is_ignored() -> None:
    for record in ("[]", "{}", '{"request": "2.9.0 cpu"}', '{"request": "2.9.0 cpu", "other": 1}'):
        assert base_choice.previous(CONFIG, facts(), State("vision", "/p", choices={BASE: record})) is None, record
