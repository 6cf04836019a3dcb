"""`audit`: attack the caller's own environment and judge the result."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envkit import backends, checks, credentials, naming, state
from envkit.checks import audit as audit_checks
from envkit.checks import image as image_checks
from envkit.environment import last_applied, project
from envkit.environment.check_host import describe_host
from envkit.environment.jupyter_forward import open_forward
from envkit.environment.remote import ports
from envkit.errors import StartFailed
from envkit.model.report import Progress, Report
from envkit.observe import attack_suite as audit_probes
from envkit.observe import network_attacks, state_folder
from envkit.render import ssh_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from envkit.backends.backend import Backend
    from envkit.environment.project import Environment
    from envkit.model.report import CheckHost

SLACK_S = 120.0  # for an engine that is slow to create and remove containers


@dataclass(frozen=True, slots=True)
class AuditResult:
    """An audited environment.

    Attributes:
        name: Name of the environment.
        summary: Result in one line.
        tensorflow: TensorFlow release of its image, or empty.
        check_host: Machine of the engine.
        chosen: What its configuration grants beyond the default, one sentence each.
    """

    name: str
    summary: str
    tensorflow: str
    check_host: CheckHost
    chosen: tuple[str, ...] = ()


def audit(environment: Environment, *, on_progress: Callable[[Progress], None]) -> Report[AuditResult]:
    """Attack a running environment and judge the result; a lock keeps other commands from changing it.

    Raises:
        StartFailed: The environment is not running, or cannot be reached.
    """
    backend = environment.connect()
    with state.locked(
        environment.state_dir,
        lambda: on_progress(Progress("wait", "waiting for another envkit command")),
        private=False,  # a folder that is open to other users is a finding
    ):
        try:
            return _run_audit(environment, backend, on_progress)
        finally:
            # A folder that contains only the lock was created here, for an environment without state.
            if list(environment.state_dir.folder.iterdir()) == [environment.state_dir.lock]:
                state.forget(environment.state_dir)


def _run_audit(
    environment: Environment, backend: Backend, on_progress: Callable[[Progress], None]
) -> Report[AuditResult]:
    project.require_running(backend, environment)
    on_progress(Progress("audit", f"attacking {environment.name} from outside and inside"))
    endpoint, port_forwards = environment.endpoint, environment.state.forwarded
    published_ports = (backend.raw_inspection(environment.container_name).get("NetworkSettings") or {}).get("Ports")
    engine_port, engine_ssh_port = (
        _host_port(published_ports or {}, port) for port in (naming.JUPYTER_PORT, naming.SSH_PORT)
    )
    port = ports.local_port(endpoint, port_forwards, engine_port)
    if engine_port and not port:  # another process may listen at that port of this machine and receive the token
        raise StartFailed(
            f"JupyterLab of {environment.name} is not forwarded to this machine",
            code="forward-missing",
            hint=environment.hint,
        )

    def holds_port() -> bool:
        return (
            backends.fast(endpoint).owns_port(environment.container_name, engine_port)
            and ports.local_port(endpoint, port_forwards, engine_port) == port
        )

    def report_progress(text: str) -> None:
        on_progress(Progress("audit", text))

    backend.remove_abandoned(environment.owner)
    name_prefix = f"{naming.neighbour_prefix(environment.owner)}{os.getpid()}.{secrets.token_hex(4)}."
    labels = {
        naming.MANAGED: "1",
        naming.OWNER: str(environment.owner),
        **backend.lifetime_labels(network_attacks.TOTAL_S + SLACK_S),
    }
    record = last_applied.load(environment.state_dir)
    observations, inspection, evidence = audit_probes.run_attacks(
        backend,
        environment.container_name,
        base=environment.state.base_id,
        open_port=lambda: _open_jupyter_port(environment, port, holds_port),
        ssh_port=ports.local_port(endpoint, port_forwards, engine_ssh_port),
        is_ours=holds_port,
        token=credentials.token(environment.state_dir),
        ssh_config=environment.state_dir.client / ssh_config.FILE,
        owner=environment.owner,
        name_prefix=name_prefix,
        labels=labels,
        record=record,
        on_progress=report_progress,
    )
    user_ids = {os.getuid(), *_user_id(inspection)}
    files = state_folder.inspect(environment.state_dir, Path(environment.project), user_ids, record)
    findings = audit_checks.check((*observations, files), inspection, evidence)
    release = image_checks.parse_claim(environment.state.image_ref).version
    result = AuditResult(
        environment.name,
        checks.summarize_audit(findings),
        release,
        describe_host(backend.facts()),
        environment.state.approved or (),
    )
    return Report("audit", environment.name, result, findings, checks.exit_code(findings, fail_on_unknown=True))


@contextmanager
def _open_jupyter_port(
    environment: Environment, port: int, holds_port: Callable[[], bool]
) -> Iterator[tuple[int, Callable[[], bool]]]:
    """Open JupyterLab's port, or forward a port to its Unix socket as `envkit open` does."""
    if port:
        yield port, holds_port
        return
    with open_forward(
        environment.state_dir.client / ssh_config.FILE, environment.container_name, environment.hint
    ) as port_forward:
        yield port_forward.port, port_forward.is_alive


def _user_id(inspection: Mapping[str, Any]) -> set[int]:
    """Return the user of a container, who owns the files that it reads."""
    user = str((inspection.get("Config") or {}).get("User") or "").partition(":")[0]
    return {int(user)} if user.isascii() and user.isdecimal() else set()


def _host_port(published: Mapping[str, Any], container_port: int) -> int:
    """Return the port of the engine's machine that leads to a port of a container; 0 if it is not published."""
    bindings = published.get(f"{container_port}/tcp") or ()
    numbers = (str(binding.get("HostPort", "")) for binding in bindings)
    return next((int(number) for number in numbers if number.isascii() and number.isdecimal()), 0)
