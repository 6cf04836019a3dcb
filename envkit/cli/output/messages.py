"""Human-readable text of each verb's result."""

from __future__ import annotations

import os

from envkit.naming import JUPYTER_SOCKET

TYPE_CHECKING = False  # not from typing, whose import an unchanged `up` does not need
if TYPE_CHECKING:
    from types import SimpleNamespace

    from envkit.checks.log.explanation import Fault
    from envkit.commands.audit import AuditResult
    from envkit.commands.doctor import DoctorResult
    from envkit.commands.down import DownResult
    from envkit.commands.explain import ExplainResult
    from envkit.commands.init import InitResult
    from envkit.commands.migrate import MigrateResult
    from envkit.commands.open import OpenResult
    from envkit.commands.probe import ProbeResult
    from envkit.commands.prune import PruneResult
    from envkit.commands.render import RenderResult
    from envkit.commands.smoke import SmokeResult
    from envkit.environment.dry_run import DryRun
    from envkit.environment.remote.sync import SyncResult
    from envkit.environment.results import BuildResult, UpResult


def up(result: UpResult | SimpleNamespace) -> str:
    """Format the addresses of an environment.

    Args:
        result: Result of `up`, or its fields as `up_cache.find_result` returns them.
    """
    headline = "is up" if result.changed else "is already up; nothing changed"
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


def _jupyterlab_lines(result: UpResult | SimpleNamespace) -> list[str]:
    if result.url:
        return [
            f"  JupyterLab   {result.url}",
            "               envkit open        opens it, logged in; envkit token prints the token",
        ]
    return [
        "  JupyterLab   envkit open        opens it, logged in, and forwards a port to it until you press Ctrl-C",
        f"               or envkit ssh -N -L PORT:{JUPYTER_SOCKET}   with any free PORT",
    ]


def probe(result: ProbeResult) -> str:
    """Format the GPUs; the findings report whether they compute."""
    lines = [f"{result.name}, TensorFlow {result.tensorflow}"]
    for gpu in result.gpus:
        process_text = (
            "" if gpu.processes is None else f", {gpu.processes} {'process' if gpu.processes == 1 else 'processes'}"
        )
        lines.append(
            f"  GPU {gpu.index}  {gpu.name} {gpu.uuid}, {gpu.used_mib} of {gpu.memory_mib} MiB used{process_text}, "
            f"driver {gpu.driver}, compute capability {gpu.compute_capability or 'unknown'}"
        )
    return "\n".join(lines)


def doctor(result: DoctorResult) -> str:
    """Format the summary and the applied fixes; the findings hold the details."""
    fix_lines = "".join(f"\n  fixed {fix}" for fix in result.fixed)
    return f"{result.summary}{fix_lines}"


def audit(result: AuditResult, *, listed: bool = False) -> str:
    """Format the summary of the attacks.

    Args:
        result: Result of the audit.
        listed: Whether every attack is listed below the summary.
    """
    chosen_lines = "".join(f"\n  chosen  {entry}" for entry in result.chosen)
    return f"{result.name} {result.summary}" + ("" if listed else "; list all with --verbose") + chosen_lines


def smoke(result: SmokeResult) -> str:
    """Format the verdict of each image, and each check of it."""
    lines = []
    for entry in result.results:
        lines.append(f"{entry.subject}: {'passed' if not entry.exit_code else entry.verdict}")
        lines += [f"  {finding.status.value:<8} {finding.check:<22} {finding.detail}" for finding in entry.findings]
    return "\n".join(lines)


def explain(result: ExplainResult) -> str:
    """Format the reason with the lines it was judged by, and the other faults."""
    if result.reason is None:
        lines = [f"not recognized{': ' + result.note if result.note else ''}"]
    else:
        lines = [*_fault_lines(result.reason), *([f"note    {result.note}"] if result.note else [])]
    if result.others:
        lines += ["", "also in this text"]
        for fault in result.others:
            lines += ["", *(f"  {line}" for line in _fault_lines(fault))]
    if result.harmless:
        lines += ["", "harmless lines, never the reason"]
        lines += [f"  {_position(fault.lines[0].number)}{fault.cause}" for fault in result.harmless]
    return "\n".join(lines)


def _fault_lines(fault: Fault) -> list[str]:
    return [
        f"layer   {fault.layer} ({fault.fault})",
        f"cause   {fault.cause or 'unknown'}",
        *([f"hint    {fault.hint}"] if fault.hint else []),
        *(
            f"{'judged by' if not index else '         '} {_position(line.number)}{line.text}"
            for index, line in enumerate(fault.lines)
        ),
    ]


def _position(number: int) -> str:
    return f"line {number}: " if number else ""


def build(result: BuildResult) -> str:
    """Format the reference of the image."""
    notes = "".join(f"\n  Note  {note}" for note in result.notes)
    return f"image {result.image} {'was built' if result.changed else 'is current'}{notes}"


def down(result: DownResult) -> str:
    """Format the removed and the kept resources."""
    removed_lines = "".join(f"\n  removed {resource}" for resource in result.removed) or "\n  nothing to remove"
    kept_lines = "".join(f"\n  kept    volume {volume}" for volume in result.kept)
    return f"{result.name} is down{removed_lines}{kept_lines}"


def sync(result: SyncResult) -> str:
    """Format the changes of a sync, by direction."""
    prefix = "would be " if result.dry_run else ""
    lines = [
        *(f"  {prefix}copied to the remote    {path}" for path in result.pushed),
        *(f"  {prefix}copied from the remote  {path}" for path in result.pulled),
        *(f"  {prefix}removed on the remote   {path}" for path in result.removed_remote),
        *(f"  {prefix}removed locally         {path}" for path in result.removed),
        *(f"  conflict: the remote version {'would be' if prefix else 'is'} {path}" for path in result.conflicts),
        *(f"  skipped                 {path}" for path in result.skipped),
        *(f"  changed during the copy, copied by the next sync: {path}" for path in result.unstable),
    ]
    return "\n".join([f"{result.name}: {'changes' if lines else 'already in sync'}", *lines])


def render(result: RenderResult) -> str:
    """Format the rendered or the stale files."""
    if result.is_missing:
        return f"no rendered files in {result.folder}/; run envkit render"
    if result.check_only and not result.stale:
        return f"{result.folder}/ is current"
    if result.stale:
        return "\n".join(f"stale: {path}" for path in result.stale)
    return "\n".join(f"{result.folder}/{path}" for path in result.files)


def dry_run(result: DryRun) -> str:
    """Format the steps, addresses, approvals and notes of an `up`."""
    steps = (
        "".join(f"\n  {number}. {description}" for number, description in enumerate(result.descriptions, 1))
        or "\n  nothing"
    )
    approvals = "".join(f"\n  - {entry}" for entry in result.approvals)
    approval_text = f"new access needs approval (envkit up asks, --yes approves):{approvals}\n" if approvals else ""
    lines = [
        *([f"  JupyterLab   {result.url}"] if result.url else []),
        *([f"  SSH          port {result.ssh_port} of 127.0.0.1, user dev"] if result.ssh_port else []),
        *(f"  Note         {note}" for note in result.notes),
    ]
    return "\n".join([f"image {result.image}\n{approval_text}would do:{steps}", *lines])


def prune(result: PruneResult) -> str:
    """Format the removed resources and the freed space."""
    if not result.removed:
        return "nothing to remove"
    removed_label, freed_label = ("would remove", "would free up to") if result.dry_run else ("removed", "freed")
    removed_lines = "".join(f"{removed_label} {resource}\n" for resource in result.removed)
    return f"{removed_lines}{freed_label} {result.freed_bytes / 1e6:.1f} MB"


def init(result: InitResult) -> str:
    """Format the files of a new project and the next command."""
    project_option = "" if os.path.realpath(".") == result.folder else f" --project {result.folder}"
    return f"{result.folder} is ready: {', '.join(result.files)}\nnext: envkit up{project_option}"


def open_(result: OpenResult) -> str:
    """Format the address of JupyterLab and the state of the login."""
    forward_note = "\nthis address works until you press Ctrl-C" if result.forwarded else ""
    if not result.has_browser:
        from urllib.parse import urlsplit

        port = urlsplit(result.url).port
        return (
            f"no browser can be started on this host; JupyterLab of {result.name} answers at {result.url}\n"
            f"on your own machine: run ssh -L {port}:127.0.0.1:{port} USER@THIS-HOST, open that address, paste the "
            f"token of `envkit token`{forward_note}"
        )
    if result.logged_in:
        return f"{result.name} is open in your browser: {result.url}{forward_note}"
    return f"the browser did not log in; open {result.url} and paste the token of `envkit token`{forward_note}"


def migrate(result: MigrateResult) -> str:
    """Format the totals of a migration; each file was printed before."""
    from collections import Counter

    changed_files = [file for file in result.files if file.rewrites]
    rewrite_count = sum(len(file.rewrites) for file in changed_files)
    note_counts = Counter(note.kind.value for file in result.files for note in file.notes)
    skipped_count = sum(bool(file.skip_reason) for file in result.files)
    lines = [f"{_pluralize(result.file_count, 'file')} checked for TensorFlow {result.release}"]
    if changed_files:
        status = "rewritten" if result.written else "to rewrite; apply with --write"
        lines.append(f"  {_pluralize(rewrite_count, 'place')} in {_pluralize(len(changed_files), 'file')} {status}")
    lines += [f"  {_pluralize(count, f'{kind} note')}" for kind, count in sorted(note_counts.items())]
    if skipped_count:
        lines.append(f"  {_pluralize(skipped_count, 'file')} skipped")
    if result.warning:
        lines.append(f"  warning: {result.warning}")
    return "\n".join(lines if len(lines) > 1 else [f"{lines[0]}: nothing to do"])


def _pluralize(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
