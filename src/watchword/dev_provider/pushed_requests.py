"""Pushed authorization requests (RFC 9126)."""

from __future__ import annotations

from typing import Any

from watchword.dev_provider.authorization import PageFault, RedirectFault, read_authorization_request
from watchword.dev_provider.client_authentication import authenticate
from watchword.dev_provider.state import PUSHED_SECONDS, ProviderState, Pushed, keep
from watchword.dev_provider.wire import OAuthError, Parameters

_PREFIX = "urn:ietf:params:oauth:request_uri:"
_PROOFS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})


def push(provider: ProviderState, authorization: str | None, form: Parameters) -> dict[str, Any] | OAuthError:
    """Keep a request whose client proved itself; every check of the page is made here already (§2.1)."""
    if form.repeated or form.get("request_uri") is not None:
        return OAuthError("invalid_request", "a parameter is given more than once, or is request_uri")
    with provider.lock:
        client = authenticate(provider, authorization, form)
        if isinstance(client, OAuthError):
            return client
        if form.get("client_id") != client.client_id:
            return OAuthError("invalid_request", "client_id is missing or of another client")
        asked = Parameters({name: form.values[name] for name in form.values.keys() - _PROOFS}, frozenset())
        match read_authorization_request(asked, provider.clients):
            case PageFault(reason):
                return OAuthError("invalid_request", reason)
            case RedirectFault() as fault:
                return OAuthError(fault.error, fault.description)
        name = keep(provider.pushed, Pushed(client.client_id, asked, provider.clock() + PUSHED_SECONDS))
        return {"request_uri": _PREFIX + name, "expires_in": PUSHED_SECONDS}


def pushed_parameters(provider: ProviderState, parameters: Parameters) -> Parameters | PageFault:
    """What the authorization endpoint is asked, which may have been sent ahead; once, and with nothing
    beside it but the client's id (§4)."""
    request_uri = parameters.get("request_uri") or ""
    if not request_uri.startswith(_PREFIX):
        if provider.behaviour.require_pushed_requests:
            return PageFault("Authorization requests have to be pushed here.")
        return parameters
    if parameters.repeated or parameters.values.keys() != {"client_id", "request_uri"}:
        return PageFault("Beside a pushed request there is the client_id, and nothing else.")
    with provider.lock:
        pushed = provider.pushed.pop(request_uri.removeprefix(_PREFIX), None)
    if pushed is None or provider.clock() >= pushed.expires_at:
        return PageFault("This pushed request is unknown, used or too old.")
    if pushed.client_id != parameters.get("client_id"):
        return PageFault("This request was pushed by another client.")
    return pushed.parameters
