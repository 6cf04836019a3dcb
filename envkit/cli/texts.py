"""What each verb's result looks like to people. The JSON form needs no such text."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from envkit.names import JUPYTER_SOCKET

if TYPE_CHECKING:
    from envkit.commands.access import Opened
    from envkit.commands.audit import Audited
    from envkit.commands.doctor import Host
    from envkit.commands.down import Down
    from envkit.commands.init import Initialised
    from envkit.commands.migrate import Migrated
    from envkit.commands.probe import Probed
    from envkit.commands.prune import Pruned
    from envkit.commands.render import DryRun, Rendered
    from envkit.commands.results import Built, Up
    from envkit.commands.smoke import Smoked
    from envkit.commands.synced import Synced


def up(result: Up) -> str:
    """Where to go now."""
    head = "is up" if result.changed else "was up already, nothing changed"
    lines = [
        f"{result.name} {head}",
        "",
        *_jupyterlab(result),
        "  SSH          envkit ssh         or ssh " + result.ssh_host + " after envkit ssh-config --install",
        *([f"               port {result.ssh_port} of 127.0.0.1, user dev"] if result.ssh_port else []),
        f"  TensorBoard  {result.tensorboard or '/tensorboard/ instead of /lab'}   behind the same login",
        f"  Workspace    {result.workspace}",
        f"  Proven       {result.verdict}",
    ]
    lines += [f"  Note         {remark}" for remark in result.remarks]
    return "\n".join(lines)


def _jupyterlab(result: Up) -> list[str]:
    if result.url:
        return [
            f"  JupyterLab   {result.url}",
            "               envkit open        opens it, logged in; envkit token shows the token",
        ]
    return [
        "  JupyterLab   envkit open        opens it, logged in, and forwards a port to it until you press Ctrl-C",
        f"               or envkit ssh -N -L PORT:{JUPYTER_SOCKET}   with any free PORT",
    ]


def probe(result: Probed) -> str:
    """Which GPUs there are; the findings say whether they compute."""
    lines = [f"{result.name}, TensorFlow {result.tensorflow}"]
    for gpu in result.gpus:
        busy = "" if gpu.processes is None else f", {gpu.processes} {'process' if gpu.processes == 1 else 'processes'}"
        lines.append(
            f"  GPU {gpu.index}  {gpu.name} {gpu.uuid}, {gpu.used_mib} of {gpu.memory_mib} MiB used{busy}, driver "
            f"{gpu.driver}, compute capability {gpu.compute_capability or 'unknown'}"
        )
    return "\n".join(lines)


def doctor(result: Host) -> str:
    """How things stand; the findings say what is meant."""
    fixed = "".join(f"\n  mended {one}" for one in result.fixed)
    return f"{result.summary}{fixed}"


def audit(result: Audited, *, listed: bool = False) -> str:
    """What came of the attacks; the findings say which succeeded, and all of them where they are listed."""
    return f"{result.name} {result.summary}" + ("" if listed else "; --verbose lists them all")


def smoke(result: Smoked) -> str:
    """What came of each image, its checks one by one."""
    lines = []
    for one in result.tried:
        lines.append(f"{one.subject}: {'well' if not one.exit_code else one.verdict}")
        lines += [f"  {found.status.value:<8} {found.check:<22} {found.seen}" for found in one.findings]
    return "\n".join(lines)


def build(result: Built) -> str:
    """Which image there is now."""
    notes = "".join(f"\n  Note  {remark}" for remark in result.remarks)
    return f"image {result.image} {'was built' if result.changed else 'is current'}{notes}"


def down(result: Down) -> str:
    """What was taken away, and what stays."""
    gone = "".join(f"\n  removed {one}" for one in result.removed) or "\n  there was nothing to remove"
    kept = "".join(f"\n  kept    volume {one}" for one in result.kept)
    return f"{result.name} is down{gone}{kept}"


def sync(result: Synced) -> str:
    """What was copied which way."""
    would = "would be " if result.foretold else ""
    told = [
        *(f"  {would}copied there   {one}" for one in result.pushed),
        *(f"  {would}copied back    {one}" for one in result.pulled),
        *(f"  {would}removed there  {one}" for one in result.removed_there),
        *(f"  {would}removed here   {one}" for one in result.removed),
        *(f"  conflict: the other machine's version {'would be' if would else 'is'} {one}" for one in result.conflicts),
        *(f"  left alone     {one}" for one in result.left),
        *(f"  changed while it was copied, comes the next time: {one}" for one in result.missed),
    ]
    return "\n".join([f"{result.name}: {'both sides' if told else 'both sides are the same'}", *told])


def render(result: Rendered) -> str:
    """Which files were rendered, or which are stale."""
    if result.absent:
        return f"nothing is rendered in {result.folder}/ yet; envkit render writes it"
    if result.checked and not result.stale:
        return f"{result.folder}/ is current"
    if result.stale:
        return "\n".join(f"stale: {path}" for path in result.stale)
    return "\n".join(f"{result.folder}/{path}" for path in result.files)


def dry_run(result: DryRun) -> str:
    """What an `up` would do, where it would answer, and what is decided differently from what was asked."""
    steps = "".join(f"\n  {number}. {one}" for number, one in enumerate(result.does, 1)) or "\n  nothing"
    asks = "".join(f"\n  - {one}" for one in result.asks)
    agreed = f"would let in more than was agreed to; envkit up asks, --yes agrees:{asks}\n" if asks else ""
    lines = [
        *([f"  JupyterLab   {result.url}"] if result.url else []),
        *([f"  SSH          port {result.ssh_port} of 127.0.0.1, user dev"] if result.ssh_port else []),
        *(f"  Note         {remark}" for remark in result.remarks),
    ]
    return "\n".join([f"image {result.image}\n{agreed}would do:{steps}", *lines])


def prune(result: Pruned) -> str:
    """What was removed and how much space that freed, or would."""
    if not result.removed:
        return "there is nothing to remove"
    would, up_to = ("would remove", "would free up to") if result.foretold else ("removed", "freed")
    gone = "".join(f"{would} {one}\n" for one in result.removed)
    return f"{gone}{up_to} {result.freed_bytes / 1e6:.1f} MB"


def init(result: Initialised) -> str:
    """Where the project is and what comes next."""
    elsewhere = "" if os.path.realpath(".") == result.folder else f" --project {result.folder}"
    return f"{result.folder} is ready: {', '.join(result.files)}\nnext: envkit up{elsewhere}"


def opened(result: Opened) -> str:
    """Whether the browser arrived."""
    until = "\nthis address is there until you press Ctrl-C" if result.forwarded else ""
    if not result.browser:
        port = urlsplit(result.url).port
        return (
            f"no browser can be started here; JupyterLab of {result.name} answers at {result.url}\n"
            f"on your own machine: ssh -L {port}:127.0.0.1:{port} USER@THIS-HOST, open that address there, paste the "
            f"token of `envkit token`{until}"
        )
    if result.logged_in:
        return f"{result.name} is open in your browser: {result.url}{until}"
    return f"the browser has not logged in; open {result.url} and paste the token of `envkit token`{until}"


def migrate(result: Migrated) -> str:
    """How much was found, in all; each file's own part was told before."""
    ported = [one for one in result.files if one.rewrites]
    places = sum(len(one.rewrites) for one in ported)
    kinds = Counter(note.kind.value for one in result.files for note in one.notes)
    left = sum(bool(one.left) for one in result.files)
    lines = [f"{_many(result.looked, 'file')} looked at, for TensorFlow {result.release}"]
    if ported:
        what = "rewritten" if result.wrote else "would be rewritten; --write does it"
        lines.append(f"  {_many(places, 'place')} in {_many(len(ported), 'file')} {what}")
    lines += [f"  {_many(count, 'note')} of kind {kind}" for kind, count in sorted(kinds.items())]
    lines += [f"  {_many(left, 'file')} left as {'they are' if left > 1 else 'it is'}"] if left else []
    return "\n".join(lines if len(lines) > 1 else [f"{lines[0]}: nothing to do"])


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
