"""What envkit makes is called by words a reader of the config knows."""

from __future__ import annotations

from envkit import naming


def test_the_label_with_the_environments_name_is_called_as_its_key_is() -> None:
    assert naming.labels(1000, "vision", "/home/ada/vision")["envkit.name"] == "vision"


def test_a_volume_is_called_by_its_environment() -> None:
    assert naming.volume(naming.container(1000, "vision"), "home") == "envkit-1000-vision-home"
