"""Rules of URLs and network ranges, with functions like those in `fields`."""

from __future__ import annotations

import ipaddress
import re

from envkit.config.display import quote
from envkit.config.invalid_value import InvalidValueError

LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?"
_HOST = rf"(?:{LABEL}(?:\.{LABEL})*\.?|\[[0-9A-Fa-f:.]{{2,45}}\])"
_PORT = r":(?P<port>[0-9]{1,5})"
_URL = rf"https?://{_HOST}(?:{_PORT})?(?:/[A-Za-z0-9._~+:%=,/-]*)?"

_PRIVATE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
_CIDR = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}/[0-9]{1,2}"


def url(value: str, hint: str = "use a URL without credentials") -> str:
    """Accept an http or https URL without user, password, query or fragment."""
    if re.match(r"[A-Za-z]+://[^/]*@", value):
        message = f"{quote(value)} contains credentials, which must not be in a configuration file; {hint}"
        raise InvalidValueError(message, code="credentials-in-url")
    match = re.fullmatch(_URL, value) if len(value) <= 1024 else None
    if match and 0 < int(match["port"] or 80) <= 65535:
        return value
    raise InvalidValueError(f"{quote(value)} is not a valid URL; use one such as https://packages.example.com/simple")


def mirror(value: str) -> str:
    """Accept the URL of a Debian mirror's main archive; the security archive is its sibling."""
    if re.fullmatch(r"https?://[^/]*/*", url(value)):
        raise InvalidValueError(
            f"{quote(value)} has no archive path; use one such as https://mirror.example.com/debian"
        )
    return value


def proxy(value: str) -> str:
    """Accept auto, off, or the URL of a proxy."""
    if value in {"auto", "off"}:
        return value
    address = url(value, "use auto, and set HTTPS_PROXY in your shell")
    if re.match(r"https?://(?:localhost|127\.[0-9.]+|\[::1\])(?:[:/]|$)", address):
        raise InvalidValueError(
            f"{quote(value)} is the loopback of each container, where no proxy listens; "
            "use an address of this host that containers reach, such as http://172.17.0.1:3128"
        )
    return address


def pool(value: str) -> str:
    """Accept a private IPv4 range that contains at least one /24."""
    hint = 'use a private range of /24 or larger, such as "10.183.0.0/16"'
    try:
        network = ipaddress.IPv4Network(value) if re.fullmatch(_CIDR, value) else None
    except ValueError:
        network = None
    if network is None:
        raise InvalidValueError(f"{quote(value)} is not an IPv4 network; {hint}")
    if network.prefixlen > 24:
        raise InvalidValueError(f"{value} is too small for the environments of a host; {hint}")
    if not any(network.subnet_of(ipaddress.IPv4Network(private_range)) for private_range in _PRIVATE_RANGES):
        raise InvalidValueError(f"{value} is not private (10/8, 172.16/12, 192.168/16 or 100.64/10); {hint}")
    return value
