"""The authorization request and what may come back from it (RFC 6749 §4.1, RFC 9207, RFC 9700 §4)."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from urllib.parse import quote, unquote_plus, urlencode

from watchword.errors import (
    AttemptMissing,
    AuthorizationRequestRefused,
    AuthorizationResponseInvalid,
    ProviderDenied,
    ProviderUnavailable,
    WatchwordError,
)
from watchword.protocol.issuer_rule import IssuerRule
from watchword.protocol.printable import printable

MAX_CODE_CHARS = 4096
MAX_STATE_CHARS = 1024
RESERVED_PARAMETERS = frozenset(
    {
        *("response_type", "response_mode", "client_id", "redirect_uri", "scope", "state", "nonce"),
        *("code_challenge", "code_challenge_method", "max_age", "request", "request_uri"),
    }
)
"""What configured extra parameters can never set: configuration refuses them by this list."""

_SINGLE = frozenset({"code", "state", "iss", "error"})
_NEVER_ASKED = frozenset({"id_token", "access_token", "token"})
_DENIALS = frozenset(
    {
        *("access_denied", "login_required", "consent_required"),
        *("interaction_required", "account_selection_required"),
    }
)
_OUTAGES = frozenset({"temporarily_unavailable", "server_error"})
_REQUEST_REFUSALS = frozenset(
    {
        *("invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope"),
        *("invalid_request_uri", "invalid_request_object", "request_not_supported"),
        *("request_uri_not_supported", "invalid_client", "invalid_target"),
    }
)
_NO_EXTRA: Mapping[str, str] = MappingProxyType({})


def authorization_request(
    *,
    client_id: str,
    redirect_uri: str,
    scopes: Iterable[str],
    state: str,
    nonce: str | None,
    code_challenge: str,
    extra: Mapping[str, str] = _NO_EXTRA,
    max_age: int | None = None,
    prompt: str | None = None,
    login_hint: str | None = None,
) -> dict[str, str]:
    """What the provider is asked: code flow with ``S256`` and ``state`` always.

    ``nonce`` is None where no ID token will come to hold it. ``max_age`` is in seconds; 0 is also said
    as ``prompt=login``, which means the same (OpenID Connect Core §3.1.2.1) and is more widely
    understood. ``extra`` cannot set a parameter that the protocol sets itself (``RESERVED_PARAMETERS``),
    while ``prompt`` and ``login_hint`` of this request replace configured ones.
    """
    own = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(scopes),
        "state": state,
        "code_challenge": code_challenge,
        "code_challenge_method": "S256",
    }
    age = None if max_age is None else str(max_age)
    asked = _with_login(prompt or extra.get("prompt", "")) if max_age == 0 else prompt
    optional = {"nonce": nonce, "max_age": age, "prompt": asked, "login_hint": login_hint}
    own |= {name: value for name, value in optional.items() if value is not None}
    asks = {name: value for name, value in extra.items() if name not in RESERVED_PARAMETERS} | own
    return {name: value.encode("utf-8", "replace").decode() for name, value in asks.items()}


def authorization_url(endpoint: str, sent: Mapping[str, str]) -> str:
    """Where the browser is sent with an ``authorization_request``, or with the ``request_uri`` that
    stands for one (RFC 9126 §4). A query of the endpoint is kept (RFC 6749 §3.1); it cannot set what
    is sent or what the protocol sets itself.
    """
    address, _, query = endpoint.partition("?")
    kept = [pair for pair in query.split("&") if pair and not _is_set_by(pair, sent)]
    return address + "?" + "&".join([*kept, urlencode(sent, quote_via=quote, errors="replace")])


def _with_login(prompt: str) -> str:
    others = (each for each in prompt.split() if each not in ("none", "login"))
    return " ".join(["login", *others])


def _is_set_by(pair: str, sent: Mapping[str, str]) -> bool:
    name = unquote_plus(pair.partition("=")[0])
    return name in sent or name in RESERVED_PARAMETERS


def read_state(params: Sequence[tuple[str, str]]) -> str:
    """The one ``state`` of a response, to find its attempt by.

    Raises AttemptMissing when it is absent, empty or too long, AuthorizationResponseInvalid when
    it is there twice.
    """
    state = _single(params, "state")
    if not state or len(state) > MAX_STATE_CHARS:
        raise AttemptMissing("the authorization response carries no usable state")
    return state


def check_authorization_response(
    params: Sequence[tuple[str, str]], *, state: str, issuer: IssuerRule, iss_required: bool
) -> str:
    """The code of a response that belongs to this attempt; nothing is sent anywhere before.

    ``params`` are the decoded query parameters, repeated ones included; ``state`` and ``issuer``
    are the attempt's; ``iss_required`` is what the metadata promise (RFC 9207 §2.4). Order: state,
    issuer, error, code. Raises AttemptMissing, AuthorizationResponseInvalid, ProviderDenied,
    AuthorizationRequestRefused or ProviderUnavailable.
    """
    if not _same(read_state(params), state):
        raise AttemptMissing("the state of the authorization response is of another attempt")
    given = {name: _single(params, name) for name in sorted(_SINGLE)}
    _check_issuer(given["iss"], issuer, iss_required)
    unasked = sorted(_NEVER_ASKED & {name for name, _ in params})
    if unasked:
        raise AuthorizationResponseInvalid(f"the response holds {', '.join(unasked)}, which nobody asked for")
    if given["error"] is not None:
        raise _refusal(given["error"], _first(params, "error_description"))
    return _code(given["code"])


def _check_issuer(got: str | None, expected: IssuerRule, required: bool) -> None:
    if got is None and required:
        raise AuthorizationResponseInvalid("iss is missing although the metadata promise it (RFC 9207)")
    if got is not None and expected.canonical(got) is None:
        is_address = got.startswith(("https://", "http://"))
        shown = f"'{printable(got, max_chars=300)}'" if is_address else "no address"
        raise AuthorizationResponseInvalid(
            f"iss is another issuer (RFC 9207): expected {expected.published!r}, got {shown}"
        )


def _refusal(error: str, description: str | None) -> WatchwordError:
    said = f"the provider answered error={printable(error, max_chars=64)}"
    if description:
        said += f" ({printable(description, max_chars=200)})"
    if error in _DENIALS:
        return ProviderDenied(said)
    if error in _OUTAGES:
        return ProviderUnavailable(said)
    if error in _REQUEST_REFUSALS:
        return AuthorizationRequestRefused(said)
    return AuthorizationResponseInvalid(said)


def _code(code: str | None) -> str:
    if not code:
        raise AuthorizationResponseInvalid("the authorization response carries neither a code nor an error")
    if len(code) > MAX_CODE_CHARS:
        raise AuthorizationResponseInvalid(f"the code is longer than {MAX_CODE_CHARS} characters")
    if not all(" " <= char <= "~" for char in code):
        raise AuthorizationResponseInvalid("the code is not printable ASCII (RFC 6749 §A.11)")
    return code


def _single(params: Sequence[tuple[str, str]], name: str) -> str | None:
    values = [value for given, value in params if given == name]
    if len(values) > 1:
        raise AuthorizationResponseInvalid(f"{name} is in the authorization response more than once")
    return values[0] if values else None


def _first(params: Sequence[tuple[str, str]], name: str) -> str | None:
    return next((value for given, value in params if given == name), None)


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass"))
