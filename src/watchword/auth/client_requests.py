"""A client's authorization request on its way through our pages and the provider: sealed, so that
what was checked once is what is answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from watchword.auth.sealing import Sealer
from watchword.errors import AttemptExpired, AttemptMissing, SealBroken, SecretKeyMismatch
from watchword.protocol import base64url
from watchword.protocol.client_request import ClientRequest

REQUEST_SECONDS = 600
"""How long a person may look at our pages before signing in."""

_PLACE = b"authorize"


def seal_client_request(request: ClientRequest, sealer: Sealer, *, now_seconds: int) -> str:
    """The request as text that fits an address and a form field."""
    plaintext = json.dumps({"at": now_seconds, "request": asdict(request)}, separators=(",", ":")).encode()
    sealed = sealer.seal("client-request", plaintext, place=_PLACE)
    return base64url.encode(sealed)


def open_client_request(text: str, sealer: Sealer, *, now_seconds: int) -> ClientRequest:
    """Raises AttemptMissing for what we did not seal, AttemptExpired after ten minutes."""
    try:
        sealed = base64url.decode(text)
        read = json.loads(sealer.open("client-request", sealed, place=_PLACE))
        request = read_back(read["request"])
    except (ValueError, TypeError, KeyError, SealBroken, SecretKeyMismatch):
        raise AttemptMissing("the request is not one that this service sealed") from None
    age_seconds = now_seconds - read["at"]
    if not -60 <= age_seconds < REQUEST_SECONDS:
        raise AttemptExpired(f"the request was sealed {age_seconds} s ago, at most {REQUEST_SECONDS}")
    return request


def read_back(fields: Mapping[str, Any]) -> ClientRequest:
    """The request that ``asdict`` and JSON made ``fields`` of. Raises TypeError for another shape."""
    return ClientRequest(**{**fields, "scopes": tuple(fields.get("scopes", ()))})
