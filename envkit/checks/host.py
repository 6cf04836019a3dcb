"""Judge whether this host can build and run workspaces: engine, disk, memory, network, clock, programs."""

from __future__ import annotations

import re
from collections import defaultdict
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from envkit.checks import observations as obs
from envkit.checks import proxy
from envkit.checks.check import make_finding
from envkit.model.report import Observation, Verdict
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from envkit.model.report import Finding

MIN_DISK_MIB = 4 * 1024  # one CPU image and its build
RECOMMENDED_DISK_MIB = 15 * 1024  # one GPU image and a second environment
MIN_MEMORY_MIB = 1024
RECOMMENDED_MEMORY_MIB = 3 * 1024
MAX_CLOCK_SKEW_S = 300.0  # tolerance of certificates and signed package lists
# Keys of a finding's data: the command that fixes it, as a list of words, and whether it changes only files of the
# caller.
FIX, SAFE = "fix", "safe"
# apt reports this fault only by its message.
_SIGNED_BY_CONFLICT = re.compile(
    r"Conflicting values set for option Signed-By regarding source [a-z+]+://([A-Za-z0-9.-]+)\S* .*", re.ASCII
)
NETRC_HINT = "set build.netrc in envkit.yaml to a file with its login"
DEBIAN_HINT = "no action needed, as base: auto then builds from Debian packages"
HANGING_CAUSE = "it hangs, or this machine is very busy"
HANGING_HINT = "if docker version hangs as well: sudo systemctl restart docker, or restart the engine in DOCKER_HOST"
START_COMMANDS = frozenset({"sudo systemctl start docker", "sudo systemctl restart docker"})
NO_INDEX = "no index is known: envkit.yaml names none, and envkit's Python has no pip to ask for its index"
NO_OBSERVATION = Observation("", {"error": {"type": "error", "message": "not checked"}})
# Install command by distribution family.
INSTALL_COMMANDS = {
    "debian": "sudo apt-get install {}",
    "ubuntu": "sudo apt-get install {}",
    "fedora": "sudo dnf install {}",
    "rhel": "sudo dnf install {}",
    "arch": "sudo pacman -S {}",
    "suse": "sudo zypper install {}",
    "alpine": "sudo apk add {}",
}
PACKAGES = {
    "ssh": {"": "openssh-client", "fedora": "openssh-clients", "rhel": "openssh-clients", "arch": "openssh"},
    "rsync": {"": "rsync"},
}


def check(observations: Sequence[Observation]) -> tuple[Finding, ...]:
    """Judge every observation of the host; a missing one is skipped with the reason."""
    return tuple(
        _judge_all(defaultdict(lambda: NO_OBSERVATION, {observation.name: observation for observation in observations}))
    )


def _judge_all(observations: Mapping[str, Observation]) -> Iterator[Finding]:
    yield _judge_engine(observations["host.engine"])
    yield _judge_disk(observations["host.engine"])
    yield from _judge_machine(observations["host.machine"])
    yield _judge_network(
        observations["host.registry"], "host/registry", _registry_outcome(observations["host.registry"].data)
    )
    for name, check_id in (("host.mirror", "host/mirror"), ("host.index", "host/index")):
        yield _judge_server(observations[name], check_id)
    yield _skip_if_failed(observations["host.apt"], "host/apt") or _judge_apt(observations["host.apt"])
    yield _judge_clock(observations["host.mirror"], observations["host.index"])
    for name, check_id, judge in (
        ("host.port", "host/port", _judge_port),
        ("host.subnet", "host/subnet", _judge_subnet),
        ("host.state", "host/state", _judge_state_dir),
        ("host.distribution", "host/distribution", _judge_distribution),
    ):
        yield _skip_if_failed(observations[name], check_id) or judge(observations[name])


def _pass(check_id: str, detail: str, observation: Observation) -> Finding:
    return make_finding(check_id, detail, status=Verdict.PASSED, cause="", hint="", seconds=observation.seconds)


def _skip(check_id: str, reason: str) -> Finding:
    return make_finding(check_id, reason, status=Verdict.SKIPPED, cause="", hint="")


def _skip_if_failed(observation: Observation, check_id: str) -> Finding | None:
    """Build a skipped finding if the inspection failed or took too long; otherwise None."""
    if observation.data.get("late"):
        return _skip(check_id, "the inspection took too long")
    return _skip(check_id, single_line(error)) if (error := obs.error(observation.data)) else None


def _judge_engine(observation: Observation) -> Finding:
    refusal, unsupported = obs.table(observation.data, "refused"), obs.table(observation.data, "unsupported")
    if observation.data.get("late"):
        detail = "the engine accepts connections but did not answer in time"
        return make_finding("host/engine", detail, cause=HANGING_CAUSE, hint=HANGING_HINT)
    if error := obs.error(observation.data):
        return make_finding("host/engine", f"the engine could not be inspected: {single_line(error)}")
    if refusal:
        hint = obs.text(refusal, "hint")
        fix = {FIX: hint.split()} if hint in START_COMMANDS else {}
        return make_finding(
            "host/engine", obs.text(refusal, "message"), cause=obs.text(refusal, "detail"), hint=hint, data=fix
        )
    if unsupported:
        return make_finding(
            "host/engine", obs.text(unsupported, "message"), cause="", hint=obs.text(unsupported, "hint")
        )
    endpoint = obs.text(observation.data, "endpoint")
    version, api, cgroup = (single_line(obs.text(observation.data, key)) for key in ("version", "api", "cgroup"))
    return _pass("host/engine", f"{endpoint}: version {version}, API {api}, cgroups {cgroup}", observation)


def _judge_disk(observation: Observation) -> Finding:
    free, root = obs.number(observation.data.get("free_mib")), obs.text(observation.data, "root")
    if free is None:
        return _skip("host/disk", "without an engine the location of images is not known")
    detail = f"{free / 1024:.1f} GiB are free for images in {single_line(root)}"
    if free >= RECOMMENDED_DISK_MIB:
        return _pass("host/disk", detail, observation)
    status = Verdict.FAILED if free < MIN_DISK_MIB else Verdict.WARNED
    return make_finding("host/disk", detail, status=status, seconds=observation.seconds)


def _judge_machine(observation: Observation) -> Iterator[Finding]:
    if failure := _skip_if_failed(observation, "host/memory"):
        yield failure
        return
    memory = obs.number(observation.data.get("memory_mib"))
    if memory is not None:
        detail = f"{memory / 1024:.1f} GiB of memory are available"
        if memory >= RECOMMENDED_MEMORY_MIB:
            yield _pass("host/memory", detail, observation)
        else:
            status = Verdict.FAILED if memory < MIN_MEMORY_MIB else Verdict.WARNED
            yield make_finding("host/memory", detail, status=status)
    else:
        yield _skip("host/memory", "the kernel does not report how much memory is available")
    programs, systems = obs.table(observation.data, "programs"), obs.texts(observation.data, "systems")
    missing = [name for name in PACKAGES if programs.get(name) is False]
    if not missing:
        yield _pass("host/programs", "ssh and rsync are installed", observation)
    else:
        command = install_command(missing, systems)
        yield make_finding(
            "host/programs", f"not installed: {', '.join(missing)}", hint=command, data={FIX: command.split()}
        )


def _judge_distribution(observation: Observation) -> Finding:
    if version := single_line(obs.text(observation.data, "foreign")):
        return make_finding("host/distribution", f"the unrelated package envkit {version} is installed over this one")
    return _pass("host/distribution", "only this envkit is installed", observation)


def install_command(programs: Sequence[str], systems: Sequence[str]) -> str:
    """Build the command that installs programs, for the first known family among a system's names."""
    family = next((system for system in systems if system in INSTALL_COMMANDS), "debian")
    packages = [PACKAGES[name].get(family, PACKAGES[name][""]) for name in programs]
    return INSTALL_COMMANDS[family].format(" ".join(packages))


def _registry_outcome(data: Mapping[str, Any]) -> tuple[str, str, str]:
    reason = obs.text(data, "why")
    image = obs.text(data, "image")
    if image and not reason:
        return f"{image} can be pulled", "", ""
    hint = obs.text(data, "hint")
    return "", f"{image}: {reason}", f"{DEBIAN_HINT}; for TensorFlow's own image: {hint}" if data.get("spare") else hint


def _judge_server(observation: Observation, check_id: str) -> Finding:
    """Judge whether a server answers: with any answer, the network works."""
    url, status = single_line(obs.text(observation.data, "url")), obs.number(observation.data.get("status")) or 0
    if fault := proxy.find_fault(observation.data):
        detail = f"{url}: {fault.detail}"
        return make_finding(check_id, detail, status=Verdict.WARNED, cause=fault.cause, hint=fault.hint)
    if (
        status < 100
        or observation.data.get("late")
        or obs.error(observation.data)
        or obs.text(observation.data, "skipped")
    ):
        return _judge_network(
            observation,
            check_id,
            ("", f"{url}: {single_line(obs.text(observation.data, 'output')) or 'does not answer'}", ""),
        )
    cause, hint = _explain_status(status, index=check_id == "host/index")
    if not cause:
        return _pass(check_id, f"{url} answers", observation)
    return make_finding(check_id, f"{url}: answers {status:.0f}", status=Verdict.WARNED, cause=cause, hint=hint)


def _explain_status(status: float, *, index: bool) -> tuple[str, str | None]:
    """Return why a server's status breaks a build, or an empty string; and a hint if the check's does not fit."""
    if status in {401, 403}:
        return "it requires a login", NETRC_HINT if index else "set build.mirror in envkit.yaml to another mirror"
    if status >= 500:
        return "the server has an internal error", "try again later, or set another server in envkit.yaml"
    return ("it has no such release" if status == 404 and not index else "", None)


def _judge_network(observation: Observation, check_id: str, outcome: tuple[str, str, str]) -> Finding:
    success, failure, hint = outcome
    if skip_reason := obs.text(observation.data, "skipped"):
        return _skip(check_id, single_line(skip_reason))
    if observation.data.get("late"):
        return make_finding(check_id, "there was no answer within a second and a half", status=Verdict.WARNED)
    if error := obs.error(observation.data):
        return _skip(check_id, single_line(error))
    if not observation.data:
        return _skip(check_id, NO_INDEX)
    if success:
        return _pass(check_id, success, observation)
    return make_finding(check_id, failure, status=Verdict.WARNED, hint=hint or None)


def _judge_apt(observation: Observation) -> Finding:
    if skip_reason := obs.text(observation.data, "skipped"):
        return _skip("host/apt", single_line(skip_reason))
    if observation.data.get("code") == 0:
        return _pass("host/apt", "apt can read its sources", observation)
    output = obs.text(observation.data, "output")
    if conflict := _SIGNED_BY_CONFLICT.search(output):
        return make_finding(
            "host/apt",
            single_line(conflict[0]),
            cause=f"two sources name {conflict[1]} with different keys",
            hint=f"delete one of the files that this lists: grep -rl {conflict[1]} /etc/apt/sources.list.d",
        )
    message = next((output_line for output_line in output.splitlines() if output_line.startswith("E: ")), output)
    return make_finding("host/apt", f"apt-get exits with code {observation.data.get('code')}: {single_line(message)}")


def _judge_clock(*answers: Observation) -> Finding:
    for answer in answers:
        try:
            server_time = parsedate_to_datetime(obs.text(answer.data, "date")).timestamp()
            now = obs.number(answer.data.get("now"))
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        if now is None:
            continue
        offset = now - server_time
        detail = f"this clock is {abs(offset):.0f} s {'ahead' if offset > 0 else 'behind'}"
        if abs(offset) <= MAX_CLOCK_SKEW_S:
            return _pass("host/clock", detail, answer)
        return make_finding("host/clock", detail, data={FIX: ["sudo", "timedatectl", "set-ntp", "true"]})
    return _skip("host/clock", "no server sent the time")


def _judge_port(observation: Observation) -> Finding:
    if skip_reason := obs.text(observation.data, "skipped"):
        return _skip("host/port", single_line(skip_reason))
    port, holder = observation.data.get("port"), observation.data.get("holder")
    if holder is None:
        return _pass("host/port", f"port {port} of 127.0.0.1 is free", observation)
    if observation.data.get("ours") is True:
        return _pass("host/port", f"port {port} is this workspace's own", observation)
    detail = f"port {port} is taken{f' by {single_line(str(holder))}' if holder else ''}"
    if observation.data.get("named") is not True:
        return make_finding("host/port", detail)
    hint = "stop the program that uses it, or set jupyter.port in envkit.yaml to another port"
    return make_finding("host/port", detail, status=Verdict.FAILED, hint=hint)


def _judge_subnet(observation: Observation) -> Finding:
    if skip_reason := obs.text(observation.data, "skipped"):
        return _skip("host/subnet", single_line(skip_reason))
    if refusal := obs.table(observation.data, "refused"):
        return make_finding(
            "host/subnet",
            obs.text(refusal, "message"),
            status=Verdict.FAILED,
            cause=single_line(obs.text(refusal, "detail")),
            hint=obs.text(refusal, "hint"),
        )
    subnet, pool = obs.text(observation.data, "subnet"), obs.text(observation.data, "pool")
    if observation.data.get("preferred") is True:
        return _pass("host/subnet", f"{subnet} is free", observation)
    return _pass("host/subnet", f"{subnet} is free; all of {pool} is taken", observation)


def _judge_state_dir(observation: Observation) -> Finding:
    folder, mode = obs.text(observation.data, "folder"), observation.data.get("mode")
    if not isinstance(mode, int):
        return _pass("host/state", f"{single_line(folder)} will be created when needed", observation)
    if mode & 0o077 or observation.data.get("own") is not True:
        return make_finding(
            "host/state",
            f"{single_line(folder)} has mode {mode:o}",
            hint=f"chmod 700 {single_line(folder)}",
            data={FIX: ["chmod", "700", folder], SAFE: True},
        )
    return _pass("host/state", f"{single_line(folder)} is private", observation)
