"""Names and labels of engine resources."""

from __future__ import annotations

from envkit import naming


def test_the_name_label_is_called_like_its_config_key() -> None:
    assert naming.labels(1000, "vision", "/home/ada/vision")["envkit.name"] == "vision"


def test_a_volume_name_contains_its_environment() -> None:
    assert naming.volume(naming.container(1000, "vision"), "home") == "envkit-1000-vision-home"
