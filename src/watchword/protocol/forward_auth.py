"""Forward-auth: what a proxy asks about a request that it holds back, and what it is told.

The proxy says by which method the request came. Where it goes (``X-Forwarded-Uri``,
``X-Forwarded-Host``, ``X-Original-URL``) decides nothing: the proxy picked the question by that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from watchword.errors import CrossSiteRequest, InsufficientScope, InvalidRequest, WatchwordError
from watchword.protocol.access import Requirement, decide, requirement
from watchword.protocol.client_request import read_query
from watchword.protocol.origin import SAFE_METHODS
from watchword.protocol.principal import Identity, Principal, Rejected
from watchword.protocol.printable import printable
from watchword.protocol.roles import ROLE_PATTERN
from watchword.protocol.scope import is_scope_name, read_scope

METHOD_HEADERS: Final = frozenset({b"x-forwarded-method", b"x-original-method"})
OVERRIDE_HEADERS: Final = frozenset({b"x-http-method-override", b"x-http-method", b"x-method-override"})
"""By these some frameworks serve another method than the one the request came by."""
_VISIBLE: Final = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True)
class Question:
    """What the caller must fulfil; ``machines``: one without an account may."""

    asked: Requirement
    machines: bool = False


@dataclass(frozen=True, slots=True)
class OriginalRequest:
    """The request a proxy holds back. ``method`` is empty and ``doubt`` says why where it is not
    known; ``upgrade``: it asks for another protocol, as a WebSocket handshake does."""

    method: str
    upgrade: bool
    doubt: str | None = None


def read_question(query: bytes) -> Question:
    """``role`` (any of them), ``scope`` (all of them, several in one by blanks), ``machines=1``.

    Raises InvalidRequest for every other parameter and value: what a misspelt question would let
    through nobody knows.
    """
    roles: set[str] = set()
    scopes: set[str] = set()
    machines = False
    for name, value in read_query(query):
        match name:
            case "role" if ROLE_PATTERN.fullmatch(value):
                roles.add(value)
            case "scope" if value:
                scopes |= _scopes(value)
            case "machines" if value == "1":
                machines = True
            case "role" | "scope" | "machines":
                raise InvalidRequest(f"the value of {name} is empty or malformed")
            case _:
                raise InvalidRequest(f"the parameter {printable(name)!r} is not known here")
    return Question(requirement(roles or None, scopes or None), machines)


def original_request(method: str, headers: Iterable[tuple[bytes, bytes]]) -> OriginalRequest:
    """What the headers of the question, asked by ``method``, say about the request it is about.

    A question by a safe method says nothing: there are proxies that ask everything by GET, and such
    that ask everything by HEAD. One by another method has the method of the request. Several methods
    that are not the same are as good as none (RFC 9110 §9.1: they are case-sensitive). ``Upgrade``
    does not pass every proxy; ``Sec-WebSocket-Key`` has to be in a handshake (RFC 6455 §4.1).
    """
    named = {method} - SAFE_METHODS
    overrides: set[str] = set()
    upgrade = False
    for name, value in headers:
        if name in METHOD_HEADERS:
            named.add(value.decode("latin-1"))
        elif name in OVERRIDE_HEADERS:
            overrides.add(value.decode("latin-1"))
        upgrade = upgrade or name == b"upgrade" or name.startswith(b"sec-websocket-")
    if not named:
        return OriginalRequest("", upgrade, "the proxy did not say by which method the request came")
    if len(named | overrides) > 1:
        return OriginalRequest("", upgrade, "the request came with several methods")
    return OriginalRequest(named.pop(), upgrade)


def with_doubt(identity: Identity, original: OriginalRequest) -> Identity:
    """The same; a cookie that was refused for want of a method says so to the operator."""
    if isinstance(identity, Rejected) and isinstance(identity.error, CrossSiteRequest) and original.doubt:
        return Rejected(CrossSiteRequest(f"{identity.error.detail}; {original.doubt}"))
    return identity


def verify(question: Question, identity: Identity, *, now_seconds: int) -> dict[str, str] | WatchwordError:
    """The headers that tell an app who its caller is, or why they may not pass."""
    caller = decide(question.asked, identity, now_seconds=now_seconds)
    if isinstance(caller, WatchwordError):
        return caller
    if caller.user_id is None and not question.machines:
        return InsufficientScope("the caller has no account, and machines=1 does not let it pass")
    return caller_headers(caller)


def caller_headers(caller: Principal) -> dict[str, str]:
    """Every ``X-Auth-`` header, always: a proxy that takes them over overwrites what a client sent.

    Each value reads back as one thing only: text is percent-encoded outside of visible ASCII
    (RFC 3986 §2.1), and names that would not stay one name in their list are left out.
    """
    return {
        "X-Auth-User-Id": _encoded(caller.user_id),
        "X-Auth-Session-Id": _encoded(caller.session_id),
        "X-Auth-Roles": ",".join(sorted(role for role in caller.roles if ROLE_PATTERN.fullmatch(role))),
        "X-Auth-Scopes": " ".join(sorted(filter(is_scope_name, caller.scopes))),
        "X-Auth-Issuer": _encoded(caller.issuer),
        "X-Auth-Subject": _encoded(caller.subject),
    }


def _scopes(value: str) -> frozenset[str]:
    try:
        return read_scope(value)
    except ValueError as error:
        raise InvalidRequest(str(error)) from None


def _encoded(text: str | None) -> str:
    return "" if text is None else quote(text, safe=_VISIBLE.replace("%", ""), errors="surrogatepass")
