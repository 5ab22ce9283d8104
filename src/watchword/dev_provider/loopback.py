"""What counts as this machine: addresses, ``Host`` headers and issuers."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

_HOST_HEADER = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]+))(?::[0-9]{1,5})?")


def is_loopback(host: str) -> bool:
    """Whether a host, an IP literal without brackets or a name, is this machine."""
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def is_loopback_host_header(value: str) -> bool:
    """Whether a ``Host`` header names this machine, whatever the port (against DNS rebinding)."""
    match = _HOST_HEADER.fullmatch(value)
    return match is not None and is_loopback(match[1] or match[2])


def issuer_problem(issuer: str) -> str | None:
    """What is wrong with an issuer, or None (OpenID Connect Discovery §3, loopback only)."""
    try:
        parts = urlsplit(issuer)
        host, port = parts.hostname, parts.port
    except ValueError:
        return f"the development provider's issuer {issuer!r} is not a URL"
    if parts.scheme not in ("http", "https") or not host or port == 0:
        return f"the development provider's issuer {issuer!r} is not an http URL"
    if "@" in parts.netloc or "?" in issuer or "#" in issuer or not re.fullmatch(r"[!-~]+", issuer):
        return f"the development provider's issuer {issuer!r} must be scheme, host, port and path only"
    if not is_loopback(host):
        return f"the development provider's issuer {issuer!r} must be on loopback (http://127.0.0.1:9400)"
    return None
