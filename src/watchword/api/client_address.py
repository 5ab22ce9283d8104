"""Whose address a request came from, by as many proxies as are ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from watchword.protocol.client_ip import client_ip


def client_address(scope: Mapping[str, Any], *, trusted_hops: int) -> str | None:
    """The client's address in its canonical form; no header but ``X-Forwarded-For`` is believed,
    and that only as far as ``trusted_hops`` reach."""
    forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    peer = scope.get("client")
    return client_ip(peer[0] if peer else None, forwarded, trusted_hops=trusted_hops)
