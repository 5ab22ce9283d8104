"""How we authenticate at a provider (RFC 6749 §2.3.1, OpenID Connect Core §9, RFC 7521 §4.2)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import quote_plus

from watchword.errors import ProviderSettingsMismatch
from watchword.protocol.client_authentication import ASSERTION_TYPE
from watchword.protocol.printable import printable

ClientAuthMethod = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]

_PROOFS: Final[Mapping[ClientAuthMethod, tuple[bool, bool]]] = {
    "client_secret_basic": (True, False),
    "client_secret_post": (True, False),
    "private_key_jwt": (False, True),
    "none": (False, False),
}


@dataclass(frozen=True, slots=True)
class ClientAuthentication:
    """What one request proves who we are with: a secret, an assertion made for it, or, as a public
    client, nothing. Raises ValueError for what does not go with the method, and for characters that no
    provider registers."""

    method: ClientAuthMethod
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    client_assertion: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.client_id:
            raise ValueError("a client needs an id")
        if not (self.client_id + (self.client_secret or "")).isprintable():
            raise ValueError("the client id or secret holds a character that cannot be printed")
        if (self.client_secret is not None, self.client_assertion is not None) != _PROOFS[self.method]:
            raise ValueError(f"{self.method} and the client's secret or assertion do not go together")


@dataclass(frozen=True, slots=True)
class AuthenticatedForm:
    """A request of ours that is ready to be sent, once."""

    url: str
    form: Mapping[str, str] = field(repr=False)
    authorization: str | None = field(repr=False)


def authenticated_form(
    url: str, *, client: ClientAuthentication, fields: Mapping[str, str]
) -> AuthenticatedForm:
    """The ``fields`` and what authenticates us beside them."""
    proof, authorization = authenticate(client)
    return AuthenticatedForm(url=url, form={**fields, **proof}, authorization=authorization)


def authenticate(client: ClientAuthentication) -> tuple[dict[str, str], str | None]:
    """Form fields to add to a request and the value of its ``Authorization`` header, if any."""
    named = {"client_id": client.client_id}
    if client.client_assertion is not None:
        assertion = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": client.client_assertion}
        return named | assertion, None
    secret = client.client_secret
    if secret is None:
        return named, None
    if client.method == "client_secret_post":
        return named | {"client_secret": secret}, None
    pair = f"{quote_plus(client.client_id)}:{quote_plus(secret)}"  # encoded first, so that ":" separates
    return {}, "Basic " + base64.b64encode(pair.encode("ascii")).decode("ascii")


def check_method_offered(method: ClientAuthMethod, offered: frozenset[str]) -> None:
    """Whether the provider's metadata list the method we are configured for; public clients prove
    nothing, which many providers allow and do not list. Raises ProviderSettingsMismatch."""
    if method == "none" or method in offered:
        return
    listed = printable(", ".join(sorted(offered)) or "nothing", max_chars=200)
    raise ProviderSettingsMismatch(
        f"CLIENT_AUTH is {method}, which the provider's metadata do not list; they list {listed} "
        "(token_endpoint_auth_methods_supported). Set CLIENT_AUTH to what the client is registered for there"
    )
