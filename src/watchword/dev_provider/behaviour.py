"""What the development provider says, and the switches that change it, for tests of what it signs in
to. Whether it answers at all is a matter of ``Faults``. Everything starts neutral and composes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Literal

Endpoint = Literal["discovery", "jwks", "authorize", "par", "token", "userinfo", "end_session"]
Change = Callable[[dict[str, Any]], Any]


@dataclass(slots=True)
class Behaviour:
    """What endpoints say. Every function receives a copy and returns what is used instead.

    - ``id_token_claims``, ``id_token_header``: before the ID token is signed.
    - ``sign_with_unknown_key``: sign with a key no JWKS lists, under the current ``kid``.
    - ``token_response``: the JSON of a successful token response.
    - ``token_status``, ``token_body``: replace status and raw body of the token endpoint's answer
      after it did its work, so that the code is consumed.
    - ``always_give_refresh_token``: with every sign-in, whatever its scope.
    - ``keep_refresh_tokens``: a refresh does not rotate; the token stays good and no other is given
      (RFC 6749 §6 leaves that to the provider).
    - ``omit_refreshed_id_token``: a refresh is answered without an ID token (OpenID Connect Core §12.2).
    - ``ignore_verifier``: a code is redeemed whatever ``code_verifier`` comes with it.
    - ``pushed_response``, ``pushed_status``: the JSON and status of a request that was sent ahead
      with success. ``require_pushed_requests``: no other request is taken (RFC 9126 §5).
    - ``userinfo``, ``metadata``, ``jwks``: the JSON of those endpoints.
    - ``signed_in_seconds_ago``: people have been signed in here for so long and are let in without
      being asked again, unless the request wants a recent sign-in (``max_age``, ``prompt=login``).
    - ``ignore_max_age``: not even then. ``omit_auth_time``: nobody is told when it was.
    - ``authorization_response``: the parameters added to the redirect URI (success and error).
    """

    id_token_claims: Change | None = None
    id_token_header: Change | None = None
    sign_with_unknown_key: bool = False
    token_response: Change | None = None
    token_status: int | None = None
    token_body: bytes | None = field(default=None, repr=False)
    always_give_refresh_token: bool = False
    keep_refresh_tokens: bool = False
    omit_refreshed_id_token: bool = False
    ignore_verifier: bool = False
    pushed_response: Change | None = None
    pushed_status: int | None = None
    require_pushed_requests: bool = False
    userinfo: Change | None = None
    metadata: Change | None = None
    jwks: Change | None = None
    signed_in_seconds_ago: int = 0
    ignore_max_age: bool = False
    omit_auth_time: bool = False
    authorization_response: Callable[[dict[str, str]], dict[str, str]] | None = None

    def reset(self) -> None:
        """Behave again."""
        for switch in fields(self):
            setattr(self, switch.name, switch.default)


def changed(change: Change | None, value: dict[str, Any]) -> Any:
    """``value`` after an optional change, which never sees the original."""
    return value if change is None else change(dict(value))
