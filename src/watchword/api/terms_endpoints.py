"""``/auth/terms``: the terms in force, for everybody to read and for people with an account to accept."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from watchword.api.bodies import read_body
from watchword.api.browser import Browser
from watchword.api.decorators import public
from watchword.api.own_pages import is_person, own_json, own_redirect, own_refusal
from watchword.api.pages import page
from watchword.api.services import Services, ServicesSource
from watchword.api.terms_page import TERMS, TermsView, terms_with
from watchword.api.visitor import visitor_of
from watchword.api.ways_on import TO_ACCOUNT
from watchword.auth.caller import identity_of
from watchword.auth.terms import TermsKeeper
from watchword.config.auth import Settings
from watchword.errors import AuthenticationRequired, NotFound, TermsChanged, WatchwordError
from watchword.protocol.principal import Principal, whoever_accepted
from watchword.protocol.return_to import safe_return_to
from watchword.protocol.terms import MAX_ACCEPTANCE_BYTES, read_acceptance


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the terms. ``provider_id`` is where the session of a browser was opened, None for callers
    by token; ``user_id`` is None for a caller without an account."""

    user_id: UUID | None
    session_id: UUID | None
    provider_id: str | None = None


@dataclass(frozen=True, slots=True)
class TermsEndpoints:
    """A page for people, JSON for programs, by ``Accept``; both without script."""

    settings: Settings
    browser: Browser
    services: ServicesSource

    def routes(self) -> list[BaseRoute]:
        return [
            Route(TERMS, self.show, methods=["GET"], include_in_schema=False),
            Route(TERMS, self.accept, methods=["POST"], include_in_schema=False),
        ]

    @public
    async def show(self, request: Request) -> Response:
        """The terms in force, and whether the caller has accepted them."""
        try:
            services = await self.services()
            keeper = _keeper(services)
            reader = await self._reader(request, services)
            return await self._shown(request, services, keeper, reader, return_to=_asked(request))
        except WatchwordError as error:
            return own_refusal(self.settings, request, error, ways=TO_ACCOUNT)

    @public
    async def accept(self, request: Request) -> Response:
        """Accept the version that the body names; somebody is sent on to where they wanted."""
        try:
            services = await self.services()
            keeper = _keeper(services)
            reader = await self._reader(request, services)
            if reader is None:
                return self._nobody(request)
            body = await read_body(request, max_bytes=MAX_ACCEPTANCE_BYTES)
            acceptance = read_acceptance(request.headers.get("content-type"), body)
            try:
                await keeper.accept(reader.user_id, acceptance, session_id=reader.session_id)
            except TermsChanged:
                if not is_person(request):
                    raise
                back = acceptance.return_to
                return await self._shown(request, services, keeper, reader, return_to=back, changed=True)
            if is_person(request):
                return own_redirect(self.settings, self._local(acceptance.return_to))
            return await self._shown(request, services, keeper, reader, return_to=None)
        except WatchwordError as error:
            return own_refusal(self.settings, request, error, ways=TO_ACCOUNT)

    async def _reader(self, request: Request, services: Services) -> Reader | None:
        """None for nobody. Raises what ``visitor_of`` does."""
        identity = whoever_accepted(identity_of(request.scope))
        if isinstance(identity, Principal) and identity.session_id is None:
            return Reader(None if identity.user_id is None else UUID(identity.user_id), None)
        visitor = await visitor_of(request, self.browser, services)
        if visitor is None:
            return None
        session = visitor.session
        provider_id = session.provider_id if visitor.by_cookie else None
        return Reader(session.user_id, session.session_id, provider_id)

    async def _shown(
        self,
        request: Request,
        services: Services,
        keeper: TermsKeeper,
        reader: Reader | None,
        *,
        return_to: str | None,
        changed: bool = False,
    ) -> Response:
        user_id = None if reader is None else reader.user_id
        moment = None if user_id is None else await keeper.accepted_at(user_id)
        view = TermsView(keeper.terms, moment, changed=changed)
        if not is_person(request):
            return own_json(self.settings, view.as_json())
        provider_id = None if reader is None else reader.provider_id
        response = page(
            "terms.html",
            secure=self.settings.secure,
            status=TermsChanged.status if changed else 200,
            forms_leave=provider_id is not None and services.provider_sign_out.leaves(provider_id),
            view=view,
            signed_in=user_id is not None,
            return_to=self._local(return_to),
            sign_in="/auth/login?" + urlencode({"return_to": terms_with(self._local(return_to))}),
        )
        response.headers.add_vary_header("Accept")
        return response

    def _local(self, return_to: str | None) -> str:
        return safe_return_to(return_to, default=self.settings.default_return_to)

    def _nobody(self, request: Request) -> Response:
        if is_person(request):
            return own_redirect(self.settings, "/auth/login?" + urlencode({"return_to": TERMS}))
        nobody = AuthenticationRequired("nobody is signed in who could accept")
        return own_refusal(self.settings, request, nobody)


def _keeper(services: Services) -> TermsKeeper:
    """Raises NotFound where there are no terms."""
    if services.terms is None:
        raise NotFound("no terms are configured (WATCHWORD_TERMS__VERSION)")
    return services.terms


def _asked(request: Request) -> str | None:
    asked = request.query_params.getlist("return_to")
    return asked[0] if len(asked) == 1 else None
