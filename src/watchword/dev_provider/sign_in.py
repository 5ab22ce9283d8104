"""From an authorization request to the redirect that answers it (RFC 6749 §4.1.2, RFC 9207 §2)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from watchword.dev_provider.authorization import PageFault, RedirectFault, read_authorization_request
from watchword.dev_provider.pushed_requests import pushed_parameters
from watchword.dev_provider.state import (
    CODE_SECONDS,
    PAGE_SECONDS,
    AuthorizationRequest,
    Code,
    Grant,
    Pending,
    ProviderState,
    keep,
)
from watchword.dev_provider.wire import Parameters, with_parameters


@dataclass(frozen=True, slots=True)
class OpenPage:
    """The page may be shown; ``page_id`` answers it once."""

    page_id: str
    request: AuthorizationRequest


@dataclass(frozen=True, slots=True)
class Redirect:
    """The authorization response as an address."""

    location: str


def begin(provider: ProviderState, parameters: Parameters) -> OpenPage | Redirect | PageFault:
    """Check a request; ``max_age`` and ``prompt`` decide later how fresh the sign-in has to be."""
    asked = pushed_parameters(provider, parameters)
    if isinstance(asked, PageFault):
        return asked
    request = read_authorization_request(asked, provider.clients)
    match request:
        case PageFault():
            return request
        case RedirectFault():
            response = {"error": request.error, "error_description": request.description}
            return _redirect(provider, request.redirect_uri, request.state, response)
        case _:
            with provider.lock:
                pending = Pending(request, provider.clock() + PAGE_SECONDS)
                return OpenPage(keep(provider.pending, pending), request)


def decide(provider: ProviderState, page_id: str, username: str | None) -> Redirect | PageFault:
    """Answer an open page: sign in as a person, or cancel with None. A page answers once."""
    with provider.lock:
        person = None if username is None else provider.people.get(username)
        if username is not None and person is None:
            return PageFault("There is nobody of that name here.")
        pending = provider.pending.pop(page_id, None)
        if pending is None or provider.clock() >= pending.expires_at:
            return PageFault("This page was already used, or is too old.")
        request = pending.request
        if person is None or person.username in provider.disabled:
            why = "the person cancelled" if person is None else "the account is disabled"
            response = {"error": "access_denied", "error_description": why}
            return _redirect(provider, request.redirect_uri, request.state, response)
        now = provider.clock()
        signed_in_at = _signed_in_at(provider, request)
        grant = Grant(request.client_id, person, request.scopes, signed_in_at, sid=secrets.token_urlsafe(16))
        code = keep(provider.codes, Code(grant, request, now + CODE_SECONDS))
        return _redirect(provider, request.redirect_uri, request.state, {"code": code})


def _signed_in_at(provider: ProviderState, request: AuthorizationRequest) -> int:
    """When the person last proved who they are: now, or before where nothing newer is asked for
    (OpenID Connect Core §3.1.2.1)."""
    now, ago = int(provider.clock()), provider.behaviour.signed_in_seconds_ago
    too_old = request.max_age is not None and ago > request.max_age
    asked_anew = (too_old or "login" in request.prompts) and not provider.behaviour.ignore_max_age
    return now if asked_anew else now - ago


def _redirect(
    provider: ProviderState, redirect_uri: str, state: str | None, response: dict[str, str]
) -> Redirect:
    if state is not None:
        response["state"] = state
    response["iss"] = provider.issuer
    change = provider.behaviour.authorization_response
    return Redirect(with_parameters(redirect_uri, response if change is None else change(response)))
