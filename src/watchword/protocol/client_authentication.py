"""How a client says who it is at our own endpoints (RFC 6749 §2.3, RFC 7521 §4.2)."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_plus

from watchword.errors import InvalidClient, InvalidRequest

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_HEADER_BYTES: Final = 4096

_VISIBLE = re.compile(r"[\x20-\x7e]+")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ASSERTION: Final = frozenset({"client_assertion", "client_assertion_type"})


@dataclass(frozen=True, slots=True)
class NoCredential:
    """The client only says its id, or not even that."""

    client_id: str | None


@dataclass(frozen=True, slots=True)
class PresentedSecret:
    """``client_secret_basic`` or, not ``by_header``, ``client_secret_post``."""

    client_id: str
    secret: str = field(repr=False)
    by_header: bool


@dataclass(frozen=True, slots=True)
class PresentedAssertion:
    """``private_key_jwt``; ``client_id`` is what the body says beside it."""

    client_id: str | None
    assertion: str = field(repr=False)


Presented = NoCredential | PresentedSecret | PresentedAssertion


def read_credential(form: Mapping[str, str], authorization: Sequence[bytes]) -> Presented:
    """What a request authenticates with; nothing of it is believed yet.

    ``form`` holds no empty values. Schemes other than ``Basic`` are no client authentication.
    Raises InvalidRequest for more than one way in one request, parts that contradict each other or
    half an assertion, InvalidClient for a header that cannot be read, a secret of nobody and an unknown
    kind of assertion.
    """
    by_header = _basic(authorization)
    by_assertion = not _ASSERTION.isdisjoint(form)
    if (by_header is not None) + ("client_secret" in form) + by_assertion > 1:
        raise InvalidRequest("the client authenticates in more than one way")
    if by_header is not None:
        if form.get("client_id", by_header.client_id) != by_header.client_id:
            raise InvalidRequest("client_id is another one than in the Authorization header")
        return by_header
    if by_assertion:
        return _assertion(form)
    if "client_secret" not in form:
        return NoCredential(form.get("client_id"))
    if "client_id" not in form:
        raise InvalidClient("client_secret without client_id")
    return PresentedSecret(form["client_id"], form["client_secret"], by_header=False)


def _assertion(form: Mapping[str, str]) -> PresentedAssertion:
    if not form.keys() >= _ASSERTION:
        raise InvalidRequest("client_assertion and client_assertion_type go together")
    if form["client_assertion_type"] != ASSERTION_TYPE:
        raise InvalidClient("client_assertion_type is not the one for JWTs")
    return PresentedAssertion(form.get("client_id"), form["client_assertion"])


def _basic(authorization: Sequence[bytes]) -> PresentedSecret | None:
    """Id and secret, each form-encoded before they were joined, so that ``:`` separates them."""
    if len(authorization) > 1:
        raise InvalidRequest("more than one Authorization header")
    scheme, _, encoded = authorization[0].partition(b" ") if authorization else (b"", b"", b"")
    if scheme.lower() != b"basic":
        return None
    try:
        raw = base64.b64decode(encoded, validate=True)
        client_id, colon, secret = raw.decode("ascii").partition(":")
        if not colon or len(encoded) > MAX_HEADER_BYTES or base64.b64encode(raw) != encoded:
            raise ValueError
        return PresentedSecret(_form_decoded(client_id), _form_decoded(secret), by_header=True)
    except ValueError:
        raise InvalidClient("the Basic header holds no form-encoded id and secret", by_header=True) from None


def _form_decoded(text: str) -> str:
    """Raises ValueError for a broken escape, for nothing, and for what is not visible ASCII."""
    decoded = unquote_plus(text, errors="strict")
    if _BROKEN_ESCAPE.search(text) or not _VISIBLE.fullmatch(decoded):
        raise ValueError("not form-encoded ASCII")
    return decoded
