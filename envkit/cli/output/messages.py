"""What each verb's result looks like to people. The JSON form needs no such text."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from envkit.naming import JUPYTER_SOCKET

if TYPE_CHECKING:
    from envkit.commands.access import OpenResult
    from envkit.commands.audit import AuditResult
    from envkit.commands.doctor import DoctorResult
    from envkit.commands.down import DownResult
    from envkit.commands.init import InitResult
    from envkit.commands.migrate import MigrateResult
    from envkit.commands.probe import ProbeResult
    from envkit.commands.prune import PruneResult
    from envkit.commands.render import DryRun, RenderResult
    from envkit.commands.smoke import SmokeResult
    from envkit.environment.remote.sync import SyncResult
    from envkit.environment.results import BuildResult, UpResult


def up(result: UpResult) -> str:
    """Where to go now."""
    headline = "is up" if result.changed else "was up already, nothing changed"
    lines = [
        f"{result.name} {headline}",
        "",
        *_jupyterlab_lines(result),
        "  SSH          envkit ssh         or ssh " + result.ssh_host + " after envkit ssh-config --install",
        *([f"               port {result.ssh_port} of 127.0.0.1, user dev"] if result.ssh_port else []),
        f"  TensorBoard  {result.tensorboard or '/tensorboard/ instead of /lab'}   behind the same login",
        f"  Workspace    {result.workspace}",
        f"  Proven       {result.verdict}",
    ]
    lines += [f"  Note         {note}" for note in result.notes]
    return "\n".join(lines)


def _jupyterlab_lines(result: UpResult) -> list[str]:
    if result.url:
        return [
            f"  JupyterLab   {result.url}",
            "               envkit open        opens it, logged in; envkit token shows the token",
        ]
    return [
        "  JupyterLab   envkit open        opens it, logged in, and forwards a port to it until you press Ctrl-C",
        f"               or envkit ssh -N -L PORT:{JUPYTER_SOCKET}   with any free PORT",
    ]


def probe(result: ProbeResult) -> str:
    """Which GPUs there are; the findings say whether they compute."""
    lines = [f"{result.name}, TensorFlow {result.tensorflow}"]
    for gpu in result.gpus:
        process_text = (
            "" if gpu.processes is None else f", {gpu.processes} {'process' if gpu.processes == 1 else 'processes'}"
        )
        lines.append(
            f"  GPU {gpu.index}  {gpu.name} {gpu.uuid}, {gpu.used_mib} of {gpu.memory_mib} MiB used{process_text}, driver "
            f"{gpu.driver}, compute capability {gpu.compute_capability or 'unknown'}"
        )
    return "\n".join(lines)


def doctor(result: DoctorResult) -> str:
    """How things stand; the findings say what is meant."""
    fix_lines = "".join(f"\n  mended {fix}" for fix in result.fixed)
    return f"{result.summary}{fix_lines}"


def audit(result: AuditResult, *, listed: bool = False) -> str:
    """What came of the attacks; the findings say which succeeded, and all of them where they are listed."""
    return f"{result.name} {result.summary}" + ("" if listed else "; --verbose lists them all")


def smoke(result: SmokeResult) -> str:
    """What came of each image, its checks one by one."""
    lines = []
    for entry in result.results:
        lines.append(f"{entry.subject}: {'well' if not entry.exit_code else entry.verdict}")
        lines += [f"  {finding.status.value:<8} {finding.check:<22} {finding.detail}" for finding in entry.findings]
    return "\n".join(lines)


def build(result: BuildResult) -> str:
    """Which image there is now."""
    notes = "".join(f"\n  Note  {note}" for note in result.notes)
    return f"image {result.image} {'was built' if result.changed else 'is current'}{notes}"


def down(result: DownResult) -> str:
    """What was taken away, and what stays."""
    removed_lines = (
        "".join(f"\n  removed {resource}" for resource in result.removed) or "\n  there was nothing to remove"
    )
    kept_lines = "".join(f"\n  kept    volume {volume}" for volume in result.kept)
    return f"{result.name} is down{removed_lines}{kept_lines}"


def sync(result: SyncResult) -> str:
    """What was copied which way."""
    prefix = "would be " if result.dry_run else ""
    lines = [
        *(f"  {prefix}copied there   {path}" for path in result.pushed),
        *(f"  {prefix}copied back    {path}" for path in result.pulled),
        *(f"  {prefix}removed there  {path}" for path in result.removed_remote),
        *(f"  {prefix}removed here   {path}" for path in result.removed),
        *(
            f"  conflict: the other machine's version {'would be' if prefix else 'is'} {path}"
            for path in result.conflicts
        ),
        *(f"  left alone     {path}" for path in result.skipped),
        *(f"  changed while it was copied, comes the next time: {path}" for path in result.unstable),
    ]
    return "\n".join([f"{result.name}: {'both sides' if lines else 'both sides are the same'}", *lines])


def render(result: RenderResult) -> str:
    """Which files were rendered, or which are stale."""
    if result.is_missing:
        return f"nothing is rendered in {result.folder}/ yet; envkit render writes it"
    if result.check_only and not result.stale:
        return f"{result.folder}/ is current"
    if result.stale:
        return "\n".join(f"stale: {path}" for path in result.stale)
    return "\n".join(f"{result.folder}/{path}" for path in result.files)


def dry_run(result: DryRun) -> str:
    """What an `up` would do, where it would answer, and what is decided differently from what was asked."""
    steps = (
        "".join(f"\n  {number}. {description}" for number, description in enumerate(result.descriptions, 1))
        or "\n  nothing"
    )
    approvals = "".join(f"\n  - {entry}" for entry in result.approvals)
    approval_text = (
        f"would let in more than was agreed to; envkit up asks, --yes agrees:{approvals}\n" if approvals else ""
    )
    lines = [
        *([f"  JupyterLab   {result.url}"] if result.url else []),
        *([f"  SSH          port {result.ssh_port} of 127.0.0.1, user dev"] if result.ssh_port else []),
        *(f"  Note         {note}" for note in result.notes),
    ]
    return "\n".join([f"image {result.image}\n{approval_text}would do:{steps}", *lines])


def prune(result: PruneResult) -> str:
    """What was removed and how much space that freed, or would."""
    if not result.removed:
        return "there is nothing to remove"
    removed_label, freed_label = ("would remove", "would free up to") if result.dry_run else ("removed", "freed")
    removed_lines = "".join(f"{removed_label} {resource}\n" for resource in result.removed)
    return f"{removed_lines}{freed_label} {result.freed_bytes / 1e6:.1f} MB"


def init(result: InitResult) -> str:
    """Where the project is and what comes next."""
    project_option = "" if os.path.realpath(".") == result.folder else f" --project {result.folder}"
    return f"{result.folder} is ready: {', '.join(result.files)}\nnext: envkit up{project_option}"


def open_(result: OpenResult) -> str:
    """Whether the browser arrived."""
    forward_note = "\nthis address is there until you press Ctrl-C" if result.forwarded else ""
    if not result.has_browser:
        port = urlsplit(result.url).port
        return (
            f"no browser can be started here; JupyterLab of {result.name} answers at {result.url}\n"
            f"on your own machine: ssh -L {port}:127.0.0.1:{port} USER@THIS-HOST, open that address there, paste the "
            f"token of `envkit token`{forward_note}"
        )
    if result.logged_in:
        return f"{result.name} is open in your browser: {result.url}{forward_note}"
    return f"the browser has not logged in; open {result.url} and paste the token of `envkit token`{forward_note}"


def migrate(result: MigrateResult) -> str:
    """How much was found, in all; each file's own part was told before."""
    changed_files = [file for file in result.files if file.rewrites]
    rewrite_count = sum(len(file.rewrites) for file in changed_files)
    note_counts = Counter(note.kind.value for file in result.files for note in file.notes)
    skipped_count = sum(bool(file.skip_reason) for file in result.files)
    lines = [f"{_pluralize(result.file_count, 'file')} looked at, for TensorFlow {result.release}"]
    if changed_files:
        status = "rewritten" if result.written else "would be rewritten; --write does it"
        lines.append(f"  {_pluralize(rewrite_count, 'place')} in {_pluralize(len(changed_files), 'file')} {status}")
    lines += [f"  {_pluralize(count, 'note')} of kind {kind}" for kind, count in sorted(note_counts.items())]
    lines += (
        [f"  {_pluralize(skipped_count, 'file')} left as {'they are' if skipped_count > 1 else 'it is'}"]
        if skipped_count
        else []
    )
    return "\n".join(lines if len(lines) > 1 else [f"{lines[0]}: nothing to do"])


def _pluralize(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
