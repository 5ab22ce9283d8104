"""The HTTP face of the development provider."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from watchword.dev_provider.authorization import PageFault
from watchword.dev_provider.behaviour import Endpoint, changed
from watchword.dev_provider.claims import person_claims
from watchword.dev_provider.logout import end_session
from watchword.dev_provider.metadata import provider_metadata
from watchword.dev_provider.pages import (
    STYLE_PATH,
    refusal_page,
    sign_in_page,
    signed_out_page,
    stylesheet,
)
from watchword.dev_provider.pushed_requests import push
from watchword.dev_provider.sign_in import OpenPage, Redirect, begin, decide
from watchword.dev_provider.state import ProviderState
from watchword.dev_provider.token_grants import token_response
from watchword.dev_provider.wire import (
    OAuthError,
    error_answer,
    json_answer,
    read_form,
    read_request,
    see_other,
)
from watchword.errors import InvalidRequest

PATHS: dict[str, Endpoint] = {
    "/.well-known/openid-configuration": "discovery",
    "/jwks": "jwks",
    "/authorize": "authorize",
    "/par": "par",
    "/token": "token",
    "/userinfo": "userinfo",
    "/end-session": "end_session",
}
_REVALIDATE = {"Cache-Control": "no-cache"}
_REALM = 'Bearer realm="development provider"'

Handler = Callable[[ProviderState, Request], Awaitable[Response]]


def routes(provider: ProviderState) -> list[Route]:
    """Every route, below the path of the issuer."""
    handlers: dict[str, tuple[Handler, list[str]]] = {
        "/.well-known/openid-configuration": (_discovery, ["GET"]),
        "/jwks": (_jwks, ["GET"]),
        "/authorize": (_authorize, ["GET", "POST"]),
        "/decision": (_decision, ["POST"]),
        "/par": (_par, ["POST"]),
        "/token": (_token, ["POST"]),
        "/userinfo": (_userinfo, ["GET", "POST"]),
        "/end-session": (_end_session, ["GET", "POST"]),
        STYLE_PATH: (_style, ["GET"]),
    }
    return [
        Route(provider.path(path), partial(handler, provider), methods=methods)
        for path, (handler, methods) in handlers.items()
    ]


async def _discovery(provider: ProviderState, request: Request) -> Response:
    metadata = changed(provider.behaviour.metadata, provider_metadata(provider))
    return json_answer(metadata, headers=_REVALIDATE)


async def _jwks(provider: ProviderState, request: Request) -> Response:
    return json_answer(changed(provider.behaviour.jwks, provider.keys.jwks()), headers=_REVALIDATE)


async def _authorize(provider: ProviderState, request: Request) -> Response:
    try:
        parameters = await read_request(request)
    except InvalidRequest as fault:
        return refusal_page(provider, fault.public, status=fault.status)
    match begin(provider, parameters):
        case OpenPage() as page:
            return sign_in_page(provider, page)
        case Redirect(location):
            return see_other(location)
        case PageFault(reason):
            return refusal_page(provider, reason)


async def _decision(provider: ProviderState, request: Request) -> Response:
    try:
        form = await read_form(request)
    except InvalidRequest as fault:
        return refusal_page(provider, fault.public, status=fault.status)
    person, cancelled = form.get("person"), form.get("cancel") is not None
    if form.repeated or cancelled == (person is not None):
        return refusal_page(provider, "Choose one person, or cancel.")
    match decide(provider, form.get("page") or "", person):
        case Redirect(location):
            return see_other(location)
        case PageFault(reason):
            return refusal_page(provider, reason)


async def _par(provider: ProviderState, request: Request) -> Response:
    try:
        form = await read_form(request)
    except InvalidRequest as fault:
        return error_answer(OAuthError("invalid_request", fault.detail, fault.status))
    answer = push(provider, request.headers.get("authorization"), form)
    if isinstance(answer, OAuthError):
        return error_answer(answer)
    behaviour = provider.behaviour
    return json_answer(changed(behaviour.pushed_response, answer), status=behaviour.pushed_status or 201)


async def _token(provider: ProviderState, request: Request) -> Response:
    try:
        form = await read_form(request)
    except InvalidRequest as fault:
        return error_answer(OAuthError("invalid_request", fault.detail, fault.status))
    answer = token_response(provider, request.headers.get("authorization"), form)
    behaviour = provider.behaviour
    if behaviour.token_body is not None:
        return Response(
            behaviour.token_body, status_code=behaviour.token_status or 200, media_type="application/json"
        )
    if isinstance(answer, OAuthError):
        return error_answer(answer)
    return json_answer(changed(behaviour.token_response, answer), status=behaviour.token_status or 200)


async def _userinfo(provider: ProviderState, request: Request) -> Response:
    """OpenID Connect Core §5.3, RFC 6750 §2.1, §3."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return Response(status_code=401, headers={"WWW-Authenticate": _REALM})
    with provider.lock:
        record = provider.access_tokens.get(token.strip())
        if record is None or record.grant.revoked or provider.clock() >= record.expires_at:
            challenge = f'{_REALM}, error="invalid_token"'
            return error_answer(OAuthError("invalid_token", "the access token is not valid", 401, challenge))
    claims = person_claims(record.grant.person, record.scopes)
    return json_answer(changed(provider.behaviour.userinfo, claims))


async def _end_session(provider: ProviderState, request: Request) -> Response:
    try:
        parameters = await read_request(request)
    except InvalidRequest as fault:
        return refusal_page(provider, fault.public, status=fault.status)
    match end_session(provider, parameters):
        case Redirect(location):
            return see_other(location)
        case PageFault(reason):
            return refusal_page(provider, reason)
        case None:
            return signed_out_page(provider)


async def _style(provider: ProviderState, request: Request) -> Response:
    return stylesheet()
