"""The settings of the SSH server as one text, to compare them with those of a running server. Pure."""

from __future__ import annotations


def merge(settings: str, changes: str) -> str:
    """Return the settings of the image with the changes of the configuration in place of their `Include`."""
    lines = settings.splitlines()
    return "".join(f"{changes.rstrip()}\n" if line.startswith("Include ") else f"{line}\n" for line in lines)
