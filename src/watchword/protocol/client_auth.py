"""How we authenticate at a provider's token endpoint (RFC 6749 §2.3.1, OpenID Connect Core §9)."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote_plus

ClientAuthMethod = Literal["client_secret_basic", "client_secret_post", "none"]


@dataclass(frozen=True, slots=True)
class ClientAuthentication:
    """Our registration at a provider. ``none`` is a public client, so it has no secret; the
    others need one. Raises ValueError otherwise, and for characters that no provider registers."""

    method: ClientAuthMethod
    client_id: str
    client_secret: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.client_id:
            raise ValueError("a client needs an id")
        if not (self.client_id + (self.client_secret or "")).isprintable():
            raise ValueError("the client id or secret holds a character that cannot be printed")
        if (self.method == "none") != (self.client_secret is None):
            raise ValueError(f"{self.method} and the client secret do not go together")


def authenticate(client: ClientAuthentication) -> tuple[dict[str, str], str | None]:
    """Form fields to add to a request and the value of its ``Authorization`` header, if any."""
    secret = client.client_secret
    if secret is None:
        return {"client_id": client.client_id}, None
    if client.method == "client_secret_post":
        return {"client_id": client.client_id, "client_secret": secret}, None
    pair = f"{quote_plus(client.client_id)}:{quote_plus(secret)}"  # encoded first, so that ":" separates
    return {}, "Basic " + base64.b64encode(pair.encode("ascii")).decode("ascii")
