"""What every JSON answer of a provider has in common: is it there, and is it JSON at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from watchword.errors import (
    ProviderClientRefused,
    ProviderPersonUnreadable,
    ProviderRefused,
    ProviderResponseInvalid,
    ProviderThrottled,
    ProviderUnavailable,
)
from watchword.protocol.media_type import is_json
from watchword.protocol.printable import printable
from watchword.protocol.strict_json import MalformedJson, NotJson, loads_object

MAX_ANSWER_BYTES = 64 * 1024
MAX_RETRY_AFTER_SECONDS = 60
DEFAULT_RETRY_AFTER_SECONDS = 10
_CLIENT_REFUSED = frozenset(
    {
        (400, "invalid_client"),
        (401, "invalid_client"),
        (200, "incorrect_client_credentials"),
        (401, "unauthorized_client"),
    }
)
"""RFC 6749 §5.2; GitHub, whose errors come with 200; Keycloak, which has 400 for those not about us."""
_DELAY_SECONDS = re.compile(r"[0-9]{1,9}")


def header(headers: Mapping[str, str], name: str) -> str | None:
    """The value of a header whatever the case of its name."""
    return next((value for given, value in headers.items() if given.lower() == name), None)


def retry_after_seconds(headers: Mapping[str, str]) -> int:
    """``Retry-After`` in seconds, held between 1 and 60; 10 when absent or a date (RFC 9110 §10.2.3)."""
    value = (header(headers, "retry-after") or "").strip(" \t")
    if not _DELAY_SECONDS.fullmatch(value):
        return DEFAULT_RETRY_AFTER_SECONDS
    return min(max(int(value), 1), MAX_RETRY_AFTER_SECONDS)


def check_available(what: str, status: int, headers: Mapping[str, str]) -> None:
    """Raises ProviderUnavailable for 5xx and ProviderThrottled for 429, which say nothing about our
    request."""
    if status == 429 or 500 <= status <= 599:
        error = ProviderThrottled if status == 429 else ProviderUnavailable
        raise error(f"{what} answered {status}", retry_after_seconds=retry_after_seconds(headers))


def check_answering(what: str, status: int, headers: Mapping[str, str]) -> None:
    """Whether a request without credentials was answered by an endpoint that wants some: by a refusal,
    or in JSON. A page or a redirect is of something in between, such as a captive portal.

    Raises ProviderUnavailable (5xx), ProviderThrottled (429), ProviderResponseInvalid.
    """
    check_available(what, status, headers)
    if status < 400 and not is_json(header(headers, "content-type") or ""):
        raise ProviderResponseInvalid(f"{what} answered {status}, but not with JSON")


def unusable(detail: str, status: int) -> ProviderResponseInvalid:
    """The error for an answer that cannot be used: a refusal where its status is one (4xx)."""
    return (ProviderRefused if 400 <= status <= 499 else ProviderResponseInvalid)(detail)


def refusal(what: str, status: int, error: Any) -> ProviderResponseInvalid:
    """The error for an OAuth error response (RFC 6749 §5.2), which names the code it gives;
    ProviderClientRefused where it is our client that the provider did not take."""
    if not isinstance(error, str):
        return unusable(f"{what} answered {status} without an error code", status)
    kind = ProviderClientRefused if (status, error) in _CLIENT_REFUSED else ProviderRefused
    return kind(f"{what} answered {status} error={printable(error, max_chars=64)}")


def read_json(what: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The JSON object of an answer of at most 64 KB. Raises ProviderResponseInvalid for another
    content type, another charset and everything the strict reading refuses, and what ``unreadable``
    gives."""
    if not is_json(header(headers, "content-type") or ""):
        raise ProviderResponseInvalid(f"{what} did not answer with application/json")
    try:
        return loads_object(body, max_bytes=MAX_ANSWER_BYTES)
    except MalformedJson as fault:
        raise unreadable(what, fault) from None


def unreadable(what: str, fault: MalformedJson) -> ProviderResponseInvalid:
    """The error for a body that the strict reading refuses: one that only is too large, ambiguous or
    oddly written may be so for what one person put into it."""
    kind = ProviderResponseInvalid if isinstance(fault, NotJson) else ProviderPersonUnreadable
    return kind(f"{what} answered with unacceptable JSON: {fault}")


def check_document(what: str, status: int, headers: Mapping[str, str]) -> None:
    """Whether an answer is a published JSON document at all, before it is read.

    Raises ProviderUnavailable (429, 5xx), ProviderResponseInvalid for another status or type.
    """
    check_available(what, status, headers)
    if status != 200:
        raise unusable(f"{what} answered {status}", status)
    if not is_json(header(headers, "content-type") or ""):
        raise ProviderResponseInvalid(f"{what} did not answer with JSON")
