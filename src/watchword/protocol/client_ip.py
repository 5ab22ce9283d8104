"""Whose address a request came from, and how much of it is kept."""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Sequence
from typing import Literal

IpPrivacy = Literal["truncated", "hashed", "none"]
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_MAX_ENTRY_BYTES = 64
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_WITH_PORT = re.compile(r"\[([^\[\]]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")


def client_ip(peer: str | None, forwarded_for: Sequence[bytes], *, trusted_hops: int) -> str | None:
    """The client's address in its canonical form, None when there is none.

    ``forwarded_for`` holds every ``X-Forwarded-For`` header. Each of our ``trusted_hops`` proxies
    appends the address it was called from, so that many entries from the right is the client. With
    0 hops the header is ignored. A chain that is shorter or has no address there is not the one
    the operator described: then the peer counts.
    """
    own = _read((peer or "").partition("%")[0])
    if trusted_hops > 0:
        entries = b",".join(forwarded_for).rsplit(b",", trusted_hops)[-trusted_hops:]
        told = _entry(entries[0]) if len(entries) == trusted_hops else None
        own = told or own
    return None if own is None else str(own)


def mask_ip(ip: str | None, mode: IpPrivacy, *, key: bytes | None = None) -> str | None:
    """What is stored of an address: ``truncated`` to its /24 (IPv4) or /48 (IPv6) network address,
    ``hashed`` as 32 hexadecimal characters of HMAC-SHA256 under ``key``, or nothing. The /48 of a 6to4
    address is a whole IPv4 address (RFC 3056 §2), so it is truncated as that.

    Raises ValueError when ``hashed`` has no key.
    """
    if mode == "hashed" and not key:
        raise ValueError("hashed addresses need a key")
    address = _read(ip or "")
    if address is None or mode == "none":
        return None
    if mode == "hashed":
        return hmac.digest(key or b"", address.packed, "sha256").hex()[:32]
    if isinstance(address, ipaddress.IPv6Address):
        address = address.sixtofour or address
    kept_bits = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network((address, kept_bits), strict=False).network_address)


def counted_address(ip: str | None) -> str:
    """What counts as one caller: an IPv4 address, the /64 an IPv6 address lies in, since one
    customer has at least that many, and ``unknown`` for everything that is no address. An IPv6
    address that an IPv4 address was translated or tunnelled into counts as that."""
    address = _read(ip or "")
    if address is None:
        return "unknown"
    ipv4 = address if isinstance(address, ipaddress.IPv4Address) else _carried(address)
    return str(ipv4 or ipaddress.ip_network((address, 64), strict=False))


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address in one of NAT64 (RFC 6052 §2.1), where all of them share a /64, of 6to4
    (RFC 3056 §2), where each has 65,536 of them, or of Teredo (RFC 4380 §4), where those of one
    relay share one."""
    if address in _NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.sixtofour or (address.teredo or (None, None))[1]


def _entry(raw: bytes) -> _Address | None:
    if len(raw) > _MAX_ENTRY_BYTES or not raw.isascii():
        return None
    text = raw.decode("ascii").strip(" \t")
    with_port = _WITH_PORT.fullmatch(text)
    return _read((with_port.group(1) or with_port.group(2)) if with_port else text)


def _read(text: str) -> _Address | None:
    """The address, an IPv4 address in IPv6 clothes as IPv4; zones are not addresses."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return address
    return None if address.scope_id is not None else address.ipv4_mapped or address
