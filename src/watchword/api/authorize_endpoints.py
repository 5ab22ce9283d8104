"""``/auth/authorize``: first-party clients ask for a sign-in (RFC 6749 §4.1.1, RFC 9700 §2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from watchword.api.bodies import read_body
from watchword.api.decorators import public
from watchword.api.pages import page
from watchword.api.registered_clients import RegisteredClients
from watchword.api.services import Services, ServicesSource
from watchword.api.sign_in_responses import TOLD_TO_CLIENTS, SignInResponses
from watchword.api.ways_on import WaysOn, choices
from watchword.errors import (
    AttemptMissing,
    InvalidRequest,
    ProviderDenied,
    StepUpUnsupported,
    WatchwordError,
)
from watchword.protocol.client_request import ClientRequest, RedirectFault, read_client_request, read_query
from watchword.protocol.form import FORM_TYPE, read_form
from watchword.protocol.media_type import media_type

_MAX_FORM_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class AuthorizeEndpoints:
    """Checks a request, asks the person where a program of their machine wants the answer, and
    sends them to a provider. Never looks at a session of the browser's, never makes one."""

    responses: SignInResponses
    services: ServicesSource

    @property
    def clients(self) -> RegisteredClients:
        return self.responses.clients

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/auth/authorize", self.authorize, methods=["GET"], include_in_schema=False),
            Route("/auth/authorize", self.confirm, methods=["POST"], include_in_schema=False),
        ]

    @public
    async def authorize(self, request: Request) -> Response:
        """A checked request goes on; its faults go to the client once client and address are known."""
        settings = self.clients.settings
        try:
            asked = read_client_request(
                read_query(request.scope["query_string"]),
                self.clients.by_id,
                own_origin=settings.base_url,
                resources=self.clients.resources,
            )
            if isinstance(asked, RedirectFault):
                return self.responses.fault(request, asked)
            return await self._go_on(request, await self.services(), asked)
        except WatchwordError as error:
            return self.responses.refused(request, error)

    @public
    async def confirm(self, request: Request) -> Response:
        """The person pressed a button of our confirmation page."""
        try:
            self.responses.browser.require_same_origin(request)
            form = await _form(request)
            services = await self.services()
            asked = services.sign_in.unseal(form.get("request", ""))
            if "cancel" in form:
                return self.responses.denied(request, asked, ProviderDenied("the person cancelled"))
            return await begin_for(self.responses, request, services, asked, form.get("provider", ""))
        except WatchwordError as error:
            return self.responses.refused(request, error, ways=WaysOn(in_app=True))

    async def _go_on(self, request: Request, services: Services, asked: ClientRequest) -> Response:
        providers = services.sign_in.clients
        if asked.provider_id is not None and asked.provider_id not in providers:
            fault = RedirectFault(
                asked.redirect_uri, asked.state, "invalid_request", "provider is not one of this service"
            )
            return self.responses.fault(request, fault)
        try:
            able = services.sign_in.offered(asked.max_age_seconds)
        except StepUpUnsupported as error:
            return self.responses.denied(request, asked, error)
        offered = list(able) if asked.provider_id is None else [asked.provider_id]
        if not asked.confirm and len(offered) == 1:
            return await begin_for(self.responses, request, services, asked, offered[0])
        return self._page(services, asked, offered)

    def _page(self, services: Services, asked: ClientRequest, offered: list[str]) -> Response:
        sealed = services.sign_in.seal(asked)
        clients = [services.sign_in.client(provider_id) for provider_id in offered]
        return page(
            "confirm_client.html" if asked.confirm else "sign_in.html",
            secure=self.clients.settings.secure,
            in_sign_in=True,
            forms_leave=asked.confirm,
            providers=choices(clients, "?" + urlencode({"request": sealed})),
            recent=asked.max_age_seconds is not None,
            request=sealed,
            client_id=asked.client_id,
            place=_place(asked.redirect_uri),
        )


async def begin_for(
    responses: SignInResponses, request: Request, services: Services, asked: ClientRequest, provider_id: str
) -> Response:
    """On to the provider for a client. Raises what a page has to say."""
    responses.clients.require_registered(asked)
    try:
        begun = await services.sign_in.begin_for(asked, provider_id)
    except TOLD_TO_CLIENTS as error:
        return responses.denied(request, asked, error)
    return responses.to_provider(request, services, begun)


async def begin_by_link(
    responses: SignInResponses, request: Request, services: Services, provider_id: str, sealed: str
) -> Response:
    """A link of our sign-in page was followed. Raises AttemptMissing for a request whose person has
    to be asked first: a link proves nobody's will."""
    asked = services.sign_in.unseal(sealed)
    if asked.confirm:
        raise AttemptMissing("the request goes to a program of the machine and was not confirmed")
    return await begin_for(responses, request, services, asked, provider_id)


async def _form(request: Request) -> dict[str, str]:
    if media_type(request.headers.get("content-type", "")) != FORM_TYPE:
        raise InvalidRequest(f"the body is not {FORM_TYPE}")
    return read_form(await read_body(request, max_bytes=_MAX_FORM_BYTES), max_bytes=_MAX_FORM_BYTES)


def _place(redirect_uri: str) -> str:
    """Where the answer will go, as a person may recognise it."""
    parts = urlsplit(redirect_uri)
    return parts.netloc if parts.scheme in ("http", "https") else parts.scheme
