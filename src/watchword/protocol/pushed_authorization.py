"""Authorization requests that are sent ahead, from service to service (RFC 9126)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from watchword.errors import ProviderResponseInvalid, ProviderSettingsMismatch
from watchword.protocol.discovery import ProviderMetadata
from watchword.protocol.provider_answer import check_available, read_json, refusal, unusable

MAX_REQUEST_URI_CHARS: Final = 2048
_WHAT: Final = "the pushed authorization request endpoint"
_URI: Final = re.compile(r"[\x21-\x7e]+")
_DONE: Final = (200, 201)


def pushed_request_endpoint(metadata: ProviderMetadata, wanted: bool | None) -> str | None:
    """Where to send the request ahead, or None where it goes with the browser. ``wanted`` is the
    setting ``PAR``; unset, None, it is sent ahead where the provider requires it. Raises
    ProviderSettingsMismatch where setting and metadata rule each other out."""
    required = metadata.pushed_authorization_requests_required
    if required and wanted is False:
        raise ProviderSettingsMismatch(
            "PAR is false, while the provider's metadata say require_pushed_authorization_requests: "
            "remove the setting"
        )
    if not (required or wanted):
        return None
    if metadata.pushed_authorization_request_endpoint is None:
        cause = "PAR is true" if wanted else "the provider requires pushed requests"
        raise ProviderSettingsMismatch(
            f"{cause}, but its metadata name no pushed_authorization_request_endpoint"
        )
    return metadata.pushed_authorization_request_endpoint


def check_pushed_response(status: int, headers: Mapping[str, str], body: bytes) -> str:
    """The ``request_uri`` that stands for the request from now on (§2.2).

    Raises ProviderUnavailable for 429 and 5xx, ProviderResponseInvalid for a refusal, which names
    its error code, and for everything that is not an answer of §2.2; 200 is taken for 201.
    """
    check_available(_WHAT, status, headers)
    if status not in _DONE and not 400 <= status <= 499:
        raise ProviderResponseInvalid(f"{_WHAT} answered {status}")
    try:
        answer = read_json(_WHAT, headers, body)
    except ProviderResponseInvalid as fault:
        raise unusable(f"{fault.detail} (status {status})", status) from None
    if status not in _DONE or "error" in answer:
        raise refusal(_WHAT, status, answer.get("error"))
    _check_expires_in(answer.get("expires_in"))
    return _request_uri(answer.get("request_uri"))


def _check_expires_in(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ProviderResponseInvalid(f"expires_in of {_WHAT} is not a positive number of seconds")


def _request_uri(value: Any) -> str:
    if not isinstance(value, str) or not _URI.fullmatch(value):
        raise ProviderResponseInvalid(f"request_uri of {_WHAT} is missing or not printable ASCII")
    if len(value) > MAX_REQUEST_URI_CHARS:
        raise ProviderResponseInvalid(
            f"request_uri of {_WHAT} is longer than {MAX_REQUEST_URI_CHARS} characters"
        )
    return value
