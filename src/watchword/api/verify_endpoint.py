"""``/auth/verify``: forward-auth for proxies that ask before they pass a request on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from watchword.api.decorators import public
from watchword.api.problems import log_refusal, problem_response
from watchword.api.request_id import request_id_of
from watchword.api.token_response import NO_STORE
from watchword.api.unlogged import forget_query
from watchword.auth.caller import Caller, RequestFacts, caller_of, identified
from watchword.errors import WatchwordError
from watchword.protocol.forward_auth import (
    OriginalRequest,
    original_request,
    read_question,
    verify,
    with_doubt,
)
from watchword.protocol.origin import SAFE_METHODS
from watchword.protocol.principal import Identity

VERIFY: Final = "/auth/verify"
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True, slots=True)
class VerifyEndpoint:
    """Says who is calling in headers of an empty 200, or answers 401, 403 and 503 as a protected
    route does. It reads no body, sets no cookie and is not limited: every request of a protected
    app comes by."""

    def routes(self) -> list[BaseRoute]:
        return [Route(VERIFY, self.verify, methods=_METHODS, include_in_schema=False)]

    @public
    async def verify(self, request: Request) -> Response:
        """Who the caller of the original request is, if they may pass."""
        try:
            told = await _told(request.scope)
        except WatchwordError as error:
            forget_query(request.scope)
            told = error
        if isinstance(told, WatchwordError):
            request_id = request_id_of(request.scope)
            log_refusal(told, request_id=request_id, route=VERIFY)
            return problem_response(told, request_id=request_id)
        return Response(status_code=200, headers={**NO_STORE, **told})


async def _told(scope: Scope) -> dict[str, str] | WatchwordError:
    question = read_question(scope["query_string"])
    caller = caller_of(scope)
    original = original_request(scope["method"], scope["headers"])
    identity = with_doubt(await _identity(caller, scope, original), original)
    return verify(question, identity, now_seconds=caller.authenticator.now_seconds())


async def _identity(caller: Caller, scope: Scope, original: OriginalRequest) -> Identity:
    """Who made the original request, by the rules for that request: the middleware knew the
    question's own method only."""
    if original.method in SAFE_METHODS and not original.upgrade:
        return caller.identity
    facts = RequestFacts(scope["headers"], original.method, original.upgrade)
    return await identified(caller.authenticator, facts)
