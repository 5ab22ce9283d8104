"""Whom the terms concern, which text is in force, and what an acceptance says."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from watchword.errors import InvalidRequest
from watchword.protocol.body_members import read_members
from watchword.protocol.principal import Principal

MAX_TERMS_BYTES: Final = 262_144
MAX_ACCEPTANCE_BYTES: Final = 8192
_MACHINES: Final = (("gty", "client-credentials"), ("idtyp", "app"))
"""How Auth0 and Entra mark the tokens of clients that act for nobody."""

Duty = Literal["none", "accept", "have_an_account"]


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms in force. ``text`` is what was read from a file, ``url`` where they are published; one of
    them at least. ``digest`` is what an acceptance is bound to, beside the version."""

    version: str
    text: str | None = field(repr=False)
    url: str | None
    digest: bytes = field(repr=False)


def terms_of(version: str, content: bytes | None, url: str | None) -> Terms:
    """The digest is SHA-256 of the file as it is, so that anybody can compute it; where there is only a
    link, of the version and the link. Raises UnicodeDecodeError for content that is not UTF-8."""
    if content is None:
        return Terms(version, None, url, hashlib.sha256(f"{version}\n{url}".encode()).digest())
    return Terms(version, content.decode("utf-8"), url, hashlib.sha256(content).digest())


def duty(caller: Principal) -> Duty:
    """What ``caller`` must have done before protected routes answer. A client in its own name accepts
    nothing (RFC 9068 §2.2: its subject is itself); a person without an account cannot have accepted."""
    if caller.user_id is not None:
        return "accept"
    return "none" if _is_machine(caller) else "have_an_account"


def _is_machine(caller: Principal) -> bool:
    if caller.session_id is not None:
        return False
    return caller.subject == caller.client_id or any(
        caller.claims.get(name) == value for name, value in _MACHINES
    )


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What somebody sent to accept terms; None for what they did not say. ``digest`` is in hexadecimal."""

    version: str
    digest: str | None = field(default=None, repr=False)
    return_to: str | None = None

    def fits(self, terms: Terms) -> bool:
        """Whether it is about these very terms."""
        return self.version == terms.version and self.digest in (None, terms.digest.hex())


def read_acceptance(content_type: str | None, body: bytes) -> Acceptance:
    """Read ``version``, and with it ``digest`` and ``return_to`` where they are sent, from a form or JSON
    object. Raises InvalidRequest, or RequestTooLarge above 8 KB."""
    members = read_members(content_type, body, max_bytes=MAX_ACCEPTANCE_BYTES)
    version = _text(members, "version")
    if not version:
        raise InvalidRequest("version, of the terms that are accepted, is missing")
    return Acceptance(version, _text(members, "digest"), _text(members, "return_to"))


def _text(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidRequest(f"{name} is no text")
    return value
