"""Snapshots of every verb's `--help` and of its result as text, one file per verb in `snapshots/`.

Rewrite them after an intended change, then review the diff: `UPDATE_SNAPSHOTS=1 pytest tests/unit/test_verb_texts.py`.
"""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer.main

from envkit.checks.gpu.inventory import Gpu
from envkit.checks.log.explanation import Fault
from envkit.checks.log.scanner import LogLine
from envkit.cli.app import VERBS, create_app
from envkit.cli.options import Format
from envkit.cli.output import messages
from envkit.cli.output.migrate_diff import format_lines
from envkit.cli.output.reports import print_report
from envkit.cli.output.status_table import format_table
from envkit.commands.audit import AuditResult
from envkit.commands.doctor import DoctorResult
from envkit.commands.down import DownResult
from envkit.commands.explain import ExplainResult
from envkit.commands.init import InitResult
from envkit.commands.migrate import MigrateResult
from envkit.commands.migrate.file_job import FileResult
from envkit.commands.open import OpenResult
from envkit.commands.probe import ProbeResult
from envkit.commands.prune import PruneResult
from envkit.commands.render import RenderResult
from envkit.commands.smoke import SmokeResult, SubjectResult
from envkit.commands.status import Environments, Row
from envkit.environment.dry_run import DryRun
from envkit.environment.remote.sync import SyncResult
from envkit.environment.results import BuildResult, UpResult
from envkit.errors import ExitCode
from envkit.migrate.outcome import Kind, Location, Note, Rewrite
from envkit.model.report import Report
from tests.support.report_samples import CHECK_HOST, FAILED, PASSED

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from envkit.model.report import Finding

SNAPSHOTS = Path(__file__).parent / "snapshots"
IMAGE = "envkit:2.9.0-cpu-0123456789abcdef"
URL = "http://127.0.0.1:8888/lab"
PROVEN = "TensorFlow 2.9.0 computes on CPU"
NOTE = "limits.cpus: 99 is more than this host has; capped to 2"
GPU = Gpu(0, "NVIDIA T4", "GPU-00000001", 16384, 1024, 2, "535.54.03", "7.5")
UP = UpResult("vision", URL, "envkit-1000-vision", "http://127.0.0.1:8888/tensorboard/", "/home/ada/vision", PROVEN)
DISK_FULL = Fault("disk-full", "host", "the disk is full", "df -h", (LogLine(3, "No space left"), LogLine(9, "ENOSPC")))
KERAS = Fault("image/keras", "image", "keras is missing", "pip install keras", (LogLine(0, "No module named keras"),))
NUMA = Fault("harmless", "tensorflow", "there is no NUMA node", "", (LogLine(1, "NUMA node -1"),))
REWRITTEN = FileResult(
    "train.py",
    rewrites=(Rewrite(Location(1, 1), "imports/keras", "import keras", "from tensorflow import keras"),),
    notes=(Note(Location(4, 9, cell=2), "layers/lambda", Kind.REVIEW, "a Lambda layer is saved as code", "name it"),),
    diff="--- a/train.py\n+++ b/train.py\n@@ -1 +1 @@\n-import keras\n+from tensorflow import keras\n",
)
SKIPPED = FileResult("old.py", skip_reason="it is Python 2", hint="2to3 -w old.py")
SYNC = SyncResult("vision", ("a.py",), ("b.py",), ("c.py",), ("d.py",), ("e.py.conflict-remote",), ("link",), ("log",))
SMOKE = SmokeResult(
    (
        SubjectResult("a:1", PROVEN, ExitCode.OK, (PASSED,), "2.9.0"),
        SubjectResult("b:1", "failed: gpu/driver-missing", ExitCode.GPU, (FAILED,), "2.9.0"),
    ),
    CHECK_HOST,
)
ROWS = (
    Row("vision", os.getuid(), "running", URL, 2_080_000_000, "/home/ada/vision", PROVEN),
    Row("speech", os.getuid(), "down", project="/home/ada/speech", hint="envkit down --name speech"),
)
FINDINGS = (PASSED, FAILED)
PRONOUNS = {"it", "its", "this", "they", "them", "you", "your", "what", "everybody", "nobody"}
listed_audit = partial(messages.audit, listed=True)


class Sample(NamedTuple):
    """A result of a verb in one situation."""

    verb: str
    situation: str
    result: Any
    formatter: Callable[[Any], str]
    findings: tuple[Finding, ...] = ()
    show_all: bool = False


SAMPLES = (
    Sample("up", "changed", replace(UP, changed=("StartContainer",), notes=(NOTE,), ssh_port=2301), messages.up),
    Sample("up", "unchanged", UP, messages.up),
    Sample("up", "socket", replace(UP, url="", tensorboard="", changed=("StartContainer",)), messages.up),
    Sample("up", "dry run", DryRun(None, IMAGE, (), (), ("start the container x",)), messages.dry_run),
    Sample("up", "dry run, unchanged", DryRun(None, IMAGE, ()), messages.dry_run),
    Sample(
        "up",
        "dry run, approval",
        DryRun(None, IMAGE, (), ("mount /data", "a GPU"), ("build", "start"), (NOTE,), URL, 2301),
        messages.dry_run,
    ),
    Sample("build", "changed", BuildResult("vision", IMAGE, ("BuildImage",), (NOTE,)), messages.build),
    Sample("build", "unchanged", BuildResult("vision", IMAGE), messages.build),
    Sample("down", "removed", DownResult("vision", ("container x", "network x"), ("home",)), messages.down),
    Sample("down", "nothing to remove", DownResult("vision", (), ()), messages.down),
    Sample("sync", "changes", SYNC, messages.sync),
    Sample("sync", "dry run", replace(SYNC, dry_run=True), messages.sync),
    Sample("sync", "unchanged", SyncResult("vision"), messages.sync),
    Sample("prune", "removed", PruneResult(("image envkit:old",), 20_000_000), messages.prune),
    Sample("prune", "dry run", PruneResult(("image envkit:old",), 20_000_000, dry_run=True), messages.prune),
    Sample("prune", "nothing to remove", PruneResult((), 0), messages.prune),
    Sample("init", "created", InitResult("/srv/vision", 1000, ("envkit.yaml", "train.py")), messages.init),
    Sample("render", "written", RenderResult("rendered", ("a", "b")), messages.render),
    Sample("render", "current", RenderResult("rendered", ("a", "b"), check_only=True), messages.render),
    Sample("render", "stale", RenderResult("rendered", ("a", "b"), ("b",), check_only=True), messages.render),
    Sample(
        "render", "missing", RenderResult("rendered", ("a",), ("a",), check_only=True, is_missing=True), messages.render
    ),
    Sample("status", "environments", Environments(ROWS), format_table),
    Sample("status", "no environments", Environments(()), format_table),
    Sample(
        "doctor",
        "fixed",
        DoctorResult("1 of 2 checks failed", ("host/state",), "2.9.0", CHECK_HOST),
        messages.doctor,
        FINDINGS,
        show_all=True,
    ),
    Sample("probe", "GPU", ProbeResult("vision", "2.9.0", (GPU,), CHECK_HOST), messages.probe, FINDINGS, show_all=True),
    Sample(
        "audit", "summary", AuditResult("vision", "1 of 2 checks failed", "2.9.0", CHECK_HOST), messages.audit, FINDINGS
    ),
    Sample(
        "audit",
        "verbose",
        AuditResult("vision", "1 of 2 checks failed", "2.9.0", CHECK_HOST),
        listed_audit,
        FINDINGS,
        show_all=True,
    ),
    Sample("smoke", "two images", SMOKE, messages.smoke),
    Sample("explain", "recognized", ExplainResult("a.log", DISK_FULL, (KERAS,), (NUMA,)), messages.explain),
    Sample("explain", "report", ExplainResult("a.json", KERAS, (), ()), messages.explain),
    Sample("explain", "not recognized", ExplainResult("a", None, (), (), "the text is empty"), messages.explain),
    Sample("open", "logged in", OpenResult("vision", URL, logged_in=True), messages.open_),
    Sample("open", "forwarded", OpenResult("vision", URL, logged_in=True, forwarded=True), messages.open_),
    Sample("open", "not logged in", OpenResult("vision", URL, logged_in=False), messages.open_),
    Sample("open", "no browser", OpenResult("vision", URL, logged_in=False, has_browser=False), messages.open_),
    Sample("migrate", "shown", MigrateResult("2.9.0", 3, written=False, files=(REWRITTEN, SKIPPED)), messages.migrate),
    Sample("migrate", "written", MigrateResult("2.9.0", 3, written=True, files=(REWRITTEN,)), messages.migrate),
    Sample("migrate", "nothing to do", MigrateResult("2.9.0", 1, written=False, files=()), messages.migrate),
)


def help_text(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    create_app(arguments)(args=arguments, prog_name="envkit", standalone_mode=False)
    return capsys.readouterr().out


def result_text(sample: Sample, capsys: pytest.CaptureFixture[str]) -> str:
    report = Report(sample.verb, "vision", sample.result, sample.findings)
    print_report(report, Format.text, sample.formatter, show_all=sample.show_all)
    files = sample.result.files if sample.verb == "migrate" else ()
    diffs = "".join(line for file in files for line in format_lines(file, safe=True, color=False))
    return diffs + capsys.readouterr().out


def snapshot(verb: str, capsys: pytest.CaptureFixture[str]) -> str:
    parts = [f"$ envkit {verb} --help\n{help_text([verb, '--help'], capsys)}"]
    parts += [f"# {s.situation}\n{result_text(s, capsys)}" for s in SAMPLES if s.verb == verb]
    return "\n".join(parts)


def test_help_and_results_match_their_snapshots(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    texts = {verb: snapshot(verb, capsys) for verb in VERBS}
    texts["envkit"] = f"$ envkit --help\n{help_text(['--help'], capsys)}"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        for name, text in texts.items():
            (SNAPSHOTS / f"{name}.txt").write_text(text, "utf-8")
    saved_texts = {path.stem: path.read_text("utf-8") for path in SNAPSHOTS.glob("*.txt")}
    assert saved_texts.keys() == texts.keys()
    for name, text in texts.items():
        diff = "\n".join(difflib.unified_diff(saved_texts[name].splitlines(), text.splitlines(), lineterm=""))
        assert text == saved_texts[name], f"snapshots/{name}.txt; UPDATE_SNAPSHOTS=1 rewrites it\n{diff}"


def test_options_stand_alone_in_help() -> None:
    for verb, command in typer.main.get_group(create_app(["--help"])).commands.items():
        for parameter in command.params:
            text = getattr(parameter, "help", None) or ""
            assert re.fullmatch(r"[A-Z][^?]*\.", text), f"{verb} {parameter.name}: {text!r}"
            assert not PRONOUNS & set(re.findall(r"\w+", text.lower())), f"{verb} {parameter.name}: {text!r}"
