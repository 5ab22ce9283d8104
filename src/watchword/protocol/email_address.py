"""E-mail addresses that may join accounts: the plain ones, of which there is one reading everywhere.

RFC 5321 §4.1.2 allows far more. Where two parties read an address differently, one of them mails or
believes somebody else; so quotes, comments, routes, address literals and everything beyond ASCII are not
decided upon here but never joined.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

MAX_ADDRESS_CHARS = 254
"""RFC 5321 §4.5.3.1.3, without the angle brackets."""
MAX_LOCAL_CHARS = 64

_LOCAL = re.compile(r"[A-Za-z0-9_'+-]+(?:\.[A-Za-z0-9_'+-]+)*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}")


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """``local`` as it was written, since only its own host knows which cases of letters are one mailbox;
    ``domain`` in lower case, international ones as ``xn--`` labels (RFC 5890)."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


def read_email_address(text: str) -> EmailAddress | None:
    """The address, or None for one that is not plain."""
    if not text.isascii() or len(text) > MAX_ADDRESS_CHARS or text.count("@") != 1:
        return None
    local, _, domain = text.partition("@")
    domain = domain.lower()
    if len(local) > MAX_LOCAL_CHARS or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        return None
    return EmailAddress(local, domain)


def read_believed_address(text: str | None, *, domains: Collection[str]) -> EmailAddress | None:
    """The address where its domain is exactly one of ``domains``; a subdomain of one is another."""
    address = None if text is None else read_email_address(text)
    return address if address is not None and address.domain in domains else None
