"""Judge the attempts inside the container. An attempt that did not finish proves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import naming
from envkit.checks import observations as obs
from envkit.checks.audit.finding import judge, skip
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from envkit.model.report import Finding, Observation

NO_CAPABILITIES = "0" * 16
GROUP_OTHER_BITS = 0o077
CAPABILITY_SETS = ("CapPrm", "CapEff", "CapBnd", "CapInh")  # only newer kernels report CapAmb
END_REASONS = {"limit": "it took too long and was stopped", "signal": "it was killed"}
# Observation -> its check and number of attempts; a test keeps the number equal to the guest's attempts.
ATTEMPTS: Mapping[str, tuple[str, int]] = {
    "audit.escapes": ("audit/escapes", 14),
    "audit.tampering": ("audit/tampering", 8),
}

# Strong for current OpenSSH and accepted by ssh-audit. curve25519 alone does not resist quantum computers; it remains
# for clients that support nothing else.
STRONG_ALGORITHMS: Mapping[str, frozenset[str]] = {
    "kexalgorithms": frozenset(
        {
            "mlkem768x25519-sha256",
            "sntrup761x25519-sha512",
            "sntrup761x25519-sha512@openssh.com",
            "curve25519-sha256",
            "curve25519-sha256@libssh.org",
        }
    ),
    "ciphers": frozenset(
        {
            "aes256-gcm@openssh.com",
            "aes128-gcm@openssh.com",
            "aes256-ctr",
            "aes192-ctr",
            "aes128-ctr",
        }
    ),
    "macs": frozenset(
        {
            "hmac-sha2-512-etm@openssh.com",
            "hmac-sha2-256-etm@openssh.com",
            "umac-128-etm@openssh.com",
        }
    ),
    "hostkeyalgorithms": frozenset({"ssh-ed25519"}),
}


def check(observations: Sequence[Observation], inspection: Mapping[str, Any]) -> Iterator[Finding]:
    """Judge the attempts inside a container.

    Args:
        observations: Results of the attempts.
        inspection: Output of `docker inspect` for the container.
    """
    yield _check_capabilities(observations)
    for name in ATTEMPTS:
        yield _check_attempts(observations, name)
    yield _check_rights(observations)
    yield _check_algorithms(observations)
    yield _check_secrets(observations)
    labels = obs.table(obs.table(inspection, "Config"), "Labels")
    yield _check_socket(observations, required=labels.get(naming.PORT) == "")


def unknown_reason(observations: Sequence[Observation], name: str) -> str:
    """Return why an inspection inside proves nothing: it failed or did not finish; empty if it finished."""
    observation = obs.last(observations, name)
    if observation is not None:
        error = obs.error(observation.data)
        return f"could not be inspected: {error}" if error else ""
    end = obs.data(observations, "ended")
    cause = END_REASONS.get(obs.text(end, "by"), "it ended")
    return f"could not be inspected: {cause} before that" if end else "the container was not inspected"


def _check_capabilities(observations: Sequence[Observation]) -> Finding:
    identity = obs.data(observations, "audit.identity")
    status, reason = obs.table(identity, "status"), unknown_reason(observations, "audit.identity")
    missing = [name for name in (*CAPABILITY_SETS, "NoNewPrivs", "Seccomp") if not obs.text(status, name)]
    if reason or missing or not isinstance(identity.get("uid"), int):
        return judge(
            "audit/capabilities", (), reason or f"the kernel does not report {', '.join(missing) or 'the user ID'}"
        )
    return judge("audit/capabilities", list(_find_privileges(identity, status)))


def _find_privileges(identity: Mapping[str, Any], status: Mapping[str, Any]) -> Iterator[str]:
    if identity.get("uid") == 0:
        yield "programs run as root"
    for name in (*CAPABILITY_SETS, "CapAmb"):
        if obs.text(status, name) not in {"", NO_CAPABILITIES}:
            yield f"{name} is {obs.text(status, name)}"
    if obs.text(status, "NoNewPrivs") != "1":
        yield "programs may gain privileges"
    if obs.text(status, "Seccomp") != "2":
        yield "system calls are not filtered"


def _check_attempts(observations: Sequence[Observation], name: str) -> Finding:
    check_id, count = ATTEMPTS[name]
    data, reason = obs.data(observations, name), unknown_reason(observations, name)
    missing, unfinished = obs.texts(data, "missing"), obs.texts(data, "unfinished")
    if not reason and data.get("attempts") != count:
        reason = f"{data.get('attempts')} of {count} attempts were made"
    if not reason and missing:
        reason = f"could not be tried because a program is missing: {', '.join(missing)}"
    if not reason and unfinished:
        reason = f"did not finish: {', '.join(unfinished)}"
    return judge(
        check_id,
        [f"container code could {attempt}" for attempt in obs.texts(data, "succeeded")],
        reason,
        f"{count} attempts failed",
    )


def _check_rights(observations: Sequence[Observation]) -> Finding:
    data, reason = obs.data(observations, "inventory.files"), unknown_reason(observations, "inventory.files")
    return judge("audit/rights", obs.texts(data, "rights"), reason)


def _check_algorithms(observations: Sequence[Observation]) -> Finding:
    data, reason = obs.data(observations, "audit.sshd"), unknown_reason(observations, "audit.sshd")
    settings = obs.table(data, "effective")
    if reason:
        return judge("audit/ssh-algorithms", (), reason)
    if not settings:
        return skip("audit/ssh-algorithms", "the SSH server does not report its settings")
    faults = []
    for setting, strong in STRONG_ALGORITHMS.items():
        weak = [algorithm for algorithm in obs.text(settings, setting).split(",") if algorithm not in strong]
        faults += [f"{setting} allows {single_line(algorithm) or 'everything'}" for algorithm in weak]
    return judge("audit/ssh-algorithms", faults)


def _check_secrets(observations: Sequence[Observation]) -> Finding:
    variables, files = obs.data(observations, "audit.variables"), obs.data(observations, "audit.secrets")
    reason = unknown_reason(observations, "audit.variables") or unknown_reason(observations, "audit.secrets")
    if not reason and files.get("checked") is not True:
        reason = "there is no secrets folder"
    faults = [f"the variable {name} holds a value" for name in obs.texts(variables, "names")]
    faults += [f"{path} is world-readable" for path in obs.texts(files, "open")]
    if files.get("shown") is True:
        faults.append("a process shows the token in its arguments")
    return judge("audit/secrets", faults, reason)


def _check_socket(observations: Sequence[Observation], *, required: bool) -> Finding:
    data, reason = obs.data(observations, "audit.socket"), unknown_reason(observations, "audit.socket")
    if not reason and data.get("there") is False:
        if required:
            return judge("audit/socket", (), "JupyterLab has neither a socket nor a port")
        return skip("audit/socket", "JupyterLab does not listen on a socket")
    socket_mode, folder_mode = data.get("mode"), data.get("folder")
    if reason or not isinstance(socket_mode, int) or not isinstance(folder_mode, int):
        return judge("audit/socket", (), reason or "the modes of JupyterLab's socket are not known")
    faults = [
        f"{label} has mode {mode:04o}"
        for label, mode in (("the socket", socket_mode), ("its folder", folder_mode))
        if mode & GROUP_OTHER_BITS
    ]
    if data.get("owned") is not True:
        faults.append("the socket or its folder belongs to another user")
    return judge("audit/socket", faults)
