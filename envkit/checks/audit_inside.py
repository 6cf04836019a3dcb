"""Whether what was tried inside failed. A look that did not come to its end shows nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import names
from envkit.checks import observations as look
from envkit.checks.held import held, skipped
from envkit.plain import line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from envkit.model.report import Finding, Observation

NOBODY = "0" * 16
FOR_OTHERS = 0o077  # the bits of a mode that are not its owner's
POWERS = ("CapPrm", "CapEff", "CapBnd", "CapInh")  # CapAmb is known to newer kernels alone
ENDED = {"limit": "it took too long and was stopped", "signal": "it was killed"}
# Look -> its check, and how many attempts it has; a test holds that equal to what is tried.
ATTEMPTS: Mapping[str, tuple[str, int]] = {
    "audit.escapes": ("audit/escapes", 14), "audit.tampering": ("audit/tampering", 8),
}

# What OpenSSH of today calls strong, and ssh-audit finds no fault with; curve25519 alone is not safe from what
# quantum computers may do one day, and stays for clients that know nothing else.
ALGORITHMS: Mapping[str, frozenset[str]] = {
    "kexalgorithms": frozenset({
        "mlkem768x25519-sha256", "sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com", "curve25519-sha256",
        "curve25519-sha256@libssh.org",
    }),
    "ciphers": frozenset({
        "aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr",
    }),
    "macs": frozenset({
        "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256-etm@openssh.com", "umac-128-etm@openssh.com",
    }),
    "hostkeyalgorithms": frozenset({"ssh-ed25519"}),
}


def check(observations: Sequence[Observation], inspected: Mapping[str, Any]) -> Iterator[Finding]:
    """Judge what could be done inside, of a container of which the engine says this."""
    yield _capabilities(observations)
    for what in ATTEMPTS:
        yield _attempts(observations, what)
    yield _rights(observations)
    yield _algorithms(observations)
    yield _secrets(observations)
    labels = look.table(look.table(inspected, "Config"), "Labels")
    yield _socket(observations, wanted=labels.get(names.PORT) == "")


def why_unseen(observations: Sequence[Observation], what: str) -> str:
    """Return why a look inside shows nothing: it failed or did not come to its end; empty if it did."""
    seen = look.last(observations, what)
    if seen is not None:
        failed = look.error(seen.data)
        return f"could not be looked at inside: {failed}" if failed else ""
    ended = look.data(observations, "ended")
    how = ENDED.get(look.text(ended, "by"), "it ended")
    return f"could not be looked at inside: {how} before that" if ended else "nothing was looked at inside"


def _capabilities(observations: Sequence[Observation]) -> Finding:
    identity = look.data(observations, "audit.identity")
    status, why = look.table(identity, "status"), why_unseen(observations, "audit.identity")
    untold = [name for name in (*POWERS, "NoNewPrivs", "Seccomp") if not look.text(status, name)]
    if why or untold or not isinstance(identity.get("uid"), int):
        return held("audit/capabilities", (), why or f"the kernel does not tell {', '.join(untold) or 'who it is'}")
    return held("audit/capabilities", list(_powers(identity, status)))


def _powers(identity: Mapping[str, Any], status: Mapping[str, Any]) -> Iterator[str]:
    if identity.get("uid") == 0:
        yield "programs run as root"
    for name in (*POWERS, "CapAmb"):
        if look.text(status, name) not in {"", NOBODY}:
            yield f"{name} is {look.text(status, name)}"
    if look.text(status, "NoNewPrivs") != "1":
        yield "programs may gain privileges"
    if look.text(status, "Seccomp") != "2":
        yield "system calls are not filtered"


def _attempts(observations: Sequence[Observation], what: str) -> Finding:
    name, count = ATTEMPTS[what]
    seen, why = look.data(observations, what), why_unseen(observations, what)
    missing, unfinished = look.texts(seen, "missing"), look.texts(seen, "unfinished")
    if not why and seen.get("tried") != count:
        why = f"{seen.get('tried')} of {count} attempts were made"
    if not why and missing:
        why = f"could not be tried for want of a program: {', '.join(missing)}"
    if not why and unfinished:
        why = f"did not come to an end: {', '.join(unfinished)}"
    return held(name, [f"it could {one}" for one in look.texts(seen, "succeeded")], why, f"{count} attempts failed")


def _rights(observations: Sequence[Observation]) -> Finding:
    seen, why = look.data(observations, "audit.rights"), why_unseen(observations, "audit.rights")
    if not why and seen.get("checked") is not True:
        why = "there is no find to look with"
    return held("audit/rights", look.texts(seen, "files"), why)


def _algorithms(observations: Sequence[Observation]) -> Finding:
    seen, why = look.data(observations, "audit.sshd"), why_unseen(observations, "audit.sshd")
    settings = look.table(seen, "settings")
    if why:
        return held("audit/ssh-algorithms", (), why)
    if not settings:
        return skipped("audit/ssh-algorithms", "the SSH server does not tell its settings")
    faults = []
    for name, known in ALGORITHMS.items():
        weak = [one for one in look.text(settings, name).split(",") if one not in known]
        faults += [f"{name} allows {line(one) or 'everything'}" for one in weak]
    return held("audit/ssh-algorithms", faults)


def _secrets(observations: Sequence[Observation]) -> Finding:
    variables, files = look.data(observations, "audit.variables"), look.data(observations, "audit.secrets")
    why = why_unseen(observations, "audit.variables") or why_unseen(observations, "audit.secrets")
    if not why and files.get("checked") is not True:
        why = "there is no folder of secrets to look at"
    faults = [f"the variable {name} holds a value" for name in look.texts(variables, "names")]
    faults += [f"{path} can be read by everybody" for path in look.texts(files, "open")]
    if files.get("shown") is True:
        faults.append("a process shows the token in its arguments")
    return held("audit/secrets", faults, why)


def _socket(observations: Sequence[Observation], *, wanted: bool) -> Finding:
    seen, why = look.data(observations, "audit.socket"), why_unseen(observations, "audit.socket")
    if not why and seen.get("there") is False:
        if wanted:
            return held("audit/socket", (), "there is no socket, though JupyterLab has no port to listen at")
        return skipped("audit/socket", "JupyterLab listens on no socket")
    mode, folder = seen.get("mode"), seen.get("folder")
    if why or not isinstance(mode, int) or not isinstance(folder, int):
        return held("audit/socket", (), why or "the modes of JupyterLab's socket are not told")
    faults = [
        f"{what} has mode {found:04o}" for what, found in (("the socket", mode), ("its folder", folder))
        if found & FOR_OTHERS
    ]
    if seen.get("owned") is not True:
        faults.append("the socket or its folder belongs to another user")
    return held("audit/socket", faults)
