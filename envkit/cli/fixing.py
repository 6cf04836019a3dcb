"""Mends that a command can carry out: the safe ones at once, the others after a question."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

import typer

from envkit import proc
from envkit.checks.host import FIX, SAFE
from envkit.plain import plain

if TYPE_CHECKING:
    from envkit.model.report import Finding


def fix(finding: Finding) -> bool:
    """Carry out the command that mends a finding, if there is one and it was agreed to; say whether it ended well."""
    words = finding.data.get(FIX)
    if not isinstance(words, list):
        return False
    if words[0] == "sudo" and os.geteuid() == 0:  # who is root needs none, and a container has none
        words = words[1:]
    shown = plain(shlex.join(words))
    if finding.data.get(SAFE) is not True and not _agreed(finding.check, shown):
        return False
    typer.echo(f"running: {shown}", err=True)
    try:
        return proc.call(words, to_stderr=True) == 0
    except OSError as error:
        typer.echo(f"{plain(words[0])} cannot be run: {error.strerror}", err=True)
        return False


def _agreed(check: str, shown: str) -> bool:
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        return False
    return typer.confirm(f"{check}: run `{shown}`?", default=False, err=True)
