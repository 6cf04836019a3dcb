"""What one value may be: each function returns the value, or raises ValueError with the rule and the mend.

Whatever passes here ends in a Dockerfile, a compose file, an SSH or Jupyter setting or an
engine call. Those places quote for themselves; these rules keep out what has no business there.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Literal

from envkit import catalog
from envkit.config.words import UNPRINTABLE, described, name_character, quoted

Gpu = Literal["auto", "on", "off"] | int | tuple[int, ...]

# Patterns are texts, compiled at first use: most configs need few of them.
ENVIRONMENT_NAME = r"[a-z0-9][a-z0-9_-]{0,40}"
RELEASE = r"[0-9]{1,3}\.[0-9]{1,3}(\.[0-9]{1,3}(\.post[0-9]{1,3})?)?"
VOLUME_NAME = r"[a-z0-9][a-z0-9_-]{0,30}"
VARIABLE_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,127}"
SIZE = r"[1-9][0-9]{0,7}[mMgG]"

ENV_VALUE_LIMIT_BYTES = 32 * 1024
GPU_LIMIT = 128
PROCESSOR_MINIMUM = 0.01  # the engine counts in billionths and takes 0 for no limit at all
PROCESSOR_LIMIT = 4096
MEMORY_MINIMUM_MIB = 512  # JupyterLab and a kernel that imports TensorFlow
SHARED_MEMORY_MINIMUM_MIB = 64  # what the engine gives where nothing is asked for
PROCESS_MINIMUM = 64
PROCESS_LIMIT = 4_194_304  # the kernel's own

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]{{2,45}}\])"
_PORT = r":(?P<port>[0-9]{1,5})"
_URL = rf"https?://{_HOST}(?:{_PORT})?(?:/[A-Za-z0-9._~+:%=,/-]*)?"

# The grammar of image references: an optional registry, a lower-case path, a tag, a digest.
_SEGMENT = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_REGISTRY = rf"(?:(?:{_LABEL}(?:\.{_LABEL})+|localhost)(?::[0-9]{{1,5}})?|{_LABEL}:[0-9]{{1,5}})"
_IMAGE = (
    rf"(?P<name>(?:{_REGISTRY}/)?{_SEGMENT}(?:/{_SEGMENT})*)"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)

_OWN_VARIABLE = (
    r"PATH|HOME|USER|ENV|BASH_ENV|IFS|VIRTUAL_ENV|PYTHONHOME|GLIBC_TUNABLES"
    r"|(?:LD|JUPYTER|JPY|ENVKIT|TRAITLETS)_.*"
)
# As a variable each of these would decide what the workspace believes without asking first, as its key does.
_OTHER_KEY = (
    (r"(?:PIP|UV)_.*", "can say where packages come from", "build.index"),
    (r".*_PROXY", "says which proxy is used", "build.proxy"),
    (r"SSL_CERT_.*|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE", "says which certificates are trusted", "build.ca"),
)
_GUARDED_WORD = r"(?:TOKEN|PASSWORD|PASSWD|SECRET|API_?KEY|PRIVATE_?KEY)(?:_|$)"

_PRIVATE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
_CIDR = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}/[0-9]{1,2}"


def plain_text(value: str, limit: int = 4096) -> str:
    """Accept a text of one line that shows every character it has."""
    if not value:
        raise ValueError("is empty; write a value, or take the key out")
    if found := UNPRINTABLE.search(value):
        raise ValueError(f"holds the unseen character {name_character(found.group())}; remove it")
    if len(value) > limit:
        raise ValueError(f"is longer than {limit} characters; shorten it")
    return value


def environment_name(value: str) -> str:
    """Accept what an environment, and with it a container and an SSH host, can be called."""
    if re.fullmatch(ENVIRONMENT_NAME, value):
        return value
    raise ValueError(
        f"{quoted(value)} is no environment name; use up to 41 of a-z, 0-9, - and _, beginning with a letter or digit"
    )


def release(value: str) -> str:
    """Accept a TensorFlow version in numbers."""
    if re.fullmatch(RELEASE, value):
        return value
    raise ValueError(f'{quoted(value)} is no TensorFlow version; write it in numbers, such as "2.9.0"')


def known_release(value: str) -> str:
    """Accept a TensorFlow version that the catalogue holds."""
    try:
        catalog.release(value)
    except catalog.UnknownRelease as error:
        raise ValueError(str(error)) from None
    return value


def base(value: str) -> str:
    """Accept `official`, `debian`, `auto`, or an image reference."""
    match = re.fullmatch(_IMAGE, value) if len(value) <= 512 else None
    if match and len(match["name"]) <= 255 and not re.fullmatch(r"[0-9a-f]{64}", value):
        return value
    raise ValueError(
        f"{quoted(value)} is no base; write official, debian, auto, "
        "or an image reference such as registry.example.com/team/image:tag"
    )


def gpu(value: Any) -> Gpu:
    """Accept auto, on, off, true, false, a count, or a list of GPU numbers."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if value in ("auto", "on", "off"):
        return value  # type: ignore[no-any-return]  # one of the three words, just compared
    if isinstance(value, int):
        if 1 <= value <= GPU_LIMIT:
            return value
        raise ValueError(f"{value} is no count of GPUs; write 1 or more, or off for none")
    if isinstance(value, list | tuple):
        return _gpu_numbers(value)
    raise ValueError(
        f"expected which GPUs to use, got {described(value)}; "
        "write auto, on, off, a count such as 2, or a list of GPU numbers such as [0, 1]"
    )


def _gpu_numbers(value: list[Any] | tuple[Any, ...]) -> tuple[int, ...]:
    if not value:
        raise ValueError("an empty list names no GPU; write off for none, or auto")
    for number in value:
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < GPU_LIMIT:
            raise ValueError(f"{described(number)} is no GPU number; write whole numbers from 0, such as [0, 1]")
    if len(set(value)) != len(value):
        raise ValueError("names a GPU twice; keep each number once")
    return tuple(value)


def port(value: int) -> int:
    """Accept a port a user without privileges can listen on."""
    if 1024 <= value <= 65535:
        return value
    raise ValueError(f"{value} is no port for this; use a number from 1024 to 65535")


def key_exchanges(value: Any) -> str:
    """Accept default or pq-only."""
    if value in ("default", "pq-only"):
        return str(value)
    raise ValueError(
        f"expected which key exchanges SSH takes, got {described(value)}; "
        "write default, or pq-only for the post-quantum ones alone"
    )


def network_mode(value: Any) -> str:
    """Accept bridge or none."""
    if value in ("bridge", "none"):
        return str(value)
    raise ValueError(
        f"expected which network the workspace has, got {described(value)}; "
        "write bridge for a small one of its own, or none"
    )


def processors(value: float) -> float:
    """Accept a number of processors, or a part of one."""
    if PROCESSOR_MINIMUM <= value <= PROCESSOR_LIMIT:
        return value
    raise ValueError(f"{value} is no number of processors; write {PROCESSOR_MINIMUM} or more, such as 4 or 0.5")


def processes(value: int) -> int:
    """Accept a limit of processes and threads that a notebook server fits in."""
    if PROCESS_MINIMUM <= value <= PROCESS_LIMIT:
        return value
    raise ValueError(f"{value} is no limit of processes here; write {PROCESS_MINIMUM} to {PROCESS_LIMIT}, such as 4096")


def size(value: Any) -> str:
    """Accept an amount of memory such as 512m or 16g."""
    if isinstance(value, str) and re.fullmatch(SIZE, value):
        return value
    raise ValueError(f"expected a size such as 512m or 16g, got {described(value)}; write a whole number and m or g")


def memory(value: Any) -> str:
    """Accept an amount of memory that a notebook server starts in."""
    return _no_less(size(value), MEMORY_MINIMUM_MIB)


def shared_memory(value: Any) -> str:
    """Accept an amount of shared memory that is worth having."""
    return _no_less(size(value), SHARED_MEMORY_MINIMUM_MIB)


def _no_less(value: str, minimum_mib: int) -> str:
    if mebibytes(value) < minimum_mib:
        raise ValueError(f"{value} is less than the workspace starts with; write {minimum_mib}m or more")
    return value


def mebibytes(value: str) -> int:
    """Return a size such as `16g` in MiB.

    Raises:
        ValueError: It is no size.
    """
    number, unit = int(size(value)[:-1]), value[-1].lower()
    return number * 1024 if unit == "g" else number


def url(value: str, instead: str = "use an address that needs none") -> str:
    """Accept an http or https address without user, password, query or fragment."""
    if re.match(r"[A-Za-z]+://[^/]*@", value):
        raise ValueError(f"{quoted(value)} carries credentials, which do not belong in a config file; {instead}")
    match = re.fullmatch(_URL, value) if len(value) <= 1024 else None
    if match and 0 < int(match["port"] or 80) <= 65535:
        return value
    raise ValueError(f"{quoted(value)} is no address; write one such as https://packages.example.com/simple")


def mirror(value: str) -> str:
    """Accept the address of a Debian mirror's main archive; its security archive is looked for beside that."""
    if re.fullmatch(r"https?://[^/]*/*", url(value)):
        raise ValueError(f"{quoted(value)} names no archive; write one such as https://mirror.example.com/debian")
    return value


def proxy(value: str) -> str:
    """Accept auto, off, or the address of a proxy."""
    instead = "write auto, and set HTTPS_PROXY in your own environment"
    return value if value in {"auto", "off"} else url(value, instead)


def pool(value: str) -> str:
    """Accept a private IPv4 range that holds at least one /24."""
    mend = 'write a private range of /24 or larger, such as "10.183.0.0/16"'
    try:
        network = ipaddress.IPv4Network(value) if re.fullmatch(_CIDR, value) else None
    except ValueError:
        network = None
    if network is None:
        raise ValueError(f"{quoted(value)} is no IPv4 network; {mend}")
    if network.prefixlen > 24:
        raise ValueError(f"{value} is too small for the environments of a host; {mend}")
    if not any(network.subnet_of(ipaddress.IPv4Network(private)) for private in _PRIVATE_RANGES):
        raise ValueError(f"{value} is not private (10/8, 172.16/12 or 192.168/16); {mend}")
    return value


def volume_name(value: str) -> str:
    """Accept the name of a volume."""
    if value == "home":
        raise ValueError("envkit keeps the home folder in a volume of that name; choose another name")
    if re.fullmatch(VOLUME_NAME, value):
        return value
    raise ValueError(
        f"{quoted(value)} is no volume name; use up to 31 of a-z, 0-9, - and _, beginning with a letter or digit"
    )


def variable(value: str) -> str:
    """Accept the name of an environment variable that envkit leaves to the user."""
    if not re.fullmatch(VARIABLE_NAME, value):
        raise ValueError(
            f"{quoted(value)} is no variable name; use letters, digits and _, not beginning with a digit"
        )
    if re.fullmatch(_OWN_VARIABLE, value.upper()):
        raise ValueError(f"{value} is set by envkit or obeyed before your code runs; take it out")
    for pattern, decides, key in _OTHER_KEY:
        if re.fullmatch(pattern, value.upper()):
            raise ValueError(f"{value} {decides}; write {key}, which asks first, and take it out here")
    return value


def secret_name(value: str) -> str:
    """Accept the name of a secret, which with `_FILE` behind it becomes a variable."""
    variable(f"{variable(value)}_FILE")
    return value


def open_variable(value: str) -> str:
    """Accept the name of a variable whose value everybody may read."""
    variable(value)
    if looks_secret(value):
        raise ValueError(
            "a variable is shown by `docker inspect` and kept in files, so a secret does not belong in one; "
            f"write secrets: {{{value}: {{file: ~/.{value.lower()}}}}} and read the file that {value}_FILE names"
        )
    return value


def looks_secret(name: str) -> bool:
    """Say whether a name promises a secret. `…_FILE` names the place of one, which is none."""
    return bool(re.search(_GUARDED_WORD, name.upper())) and not name.upper().endswith("_FILE")


def variable_value(value: str) -> str:
    """Accept the value of an environment variable: one line of up to 32 KiB. It is never shown in a message."""
    if found := UNPRINTABLE.search(value.replace("\t", " ")):
        raise ValueError(f"holds the unseen character {name_character(found.group())}; write one line of text")
    if len(value.encode()) > ENV_VALUE_LIMIT_BYTES:
        raise ValueError("is larger than 32 KiB; put it in a file of the workspace")
    return value
