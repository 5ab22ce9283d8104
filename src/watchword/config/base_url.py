"""``BASE_URL`` is an origin: scheme, host and port, nothing else."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def check_base_url(given: str) -> str:
    """The origin in the form browsers write it. Raises ValueError with the fix."""
    if any(ord(char) <= 0x20 or ord(char) >= 0x7F or char == "\\" for char in given):
        raise ValueError("must be plain ASCII without spaces, such as https://api.example.com")
    try:
        parts = urlsplit(given)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"is not an address: {error}") from None
    if parts.scheme not in _DEFAULT_PORTS or not host:
        raise ValueError("must start with https:// (or http:// in development) and name a host")
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("is an origin: scheme, host and port, without path, query or user name")
    shown = f"[{host}]" if ":" in host else host
    suffix = "" if port is None or port == _DEFAULT_PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{shown}{suffix}"


def is_loopback_url(url: str) -> bool:
    """Whether the host of an address is this machine: ``localhost``, 127.0.0.0/8 or ::1."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
