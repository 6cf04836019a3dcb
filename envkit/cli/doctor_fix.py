"""Fixes that run as a command: safe ones immediately, others after confirmation."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

import typer

from envkit import process
from envkit.checks.host import FIX, SAFE
from envkit.sanitize import escape_controls

if TYPE_CHECKING:
    from envkit.model.report import Finding


def apply_fix(finding: Finding) -> bool:
    """Run the fix of a finding if it has one and it is safe or confirmed; return whether the fix succeeded."""
    command = finding.data.get(FIX)
    if not isinstance(command, list):
        return False
    if command[0] == "sudo" and os.geteuid() == 0:  # root needs no sudo, and containers rarely have it
        command = command[1:]
    command_text = escape_controls(shlex.join(command))
    if finding.data.get(SAFE) is not True and not _confirm(finding.check, command_text):
        return False
    typer.echo(f"running: {command_text}", err=True)
    try:
        return process.call(command, to_stderr=True) == 0
    except OSError as error:
        typer.echo(f"cannot run {escape_controls(command[0])}: {error.strerror}", err=True)
        return False


def _confirm(check: str, command_text: str) -> bool:
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        return False
    return typer.confirm(f"{check}: run `{command_text}`?", default=False, err=True)
