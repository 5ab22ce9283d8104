"""What a browser holds for us and how it is told to hold it: cookies, origin, caller."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from watchword.api.client_address import client_address
from watchword.auth.grants import ClientContext, Grant
from watchword.auth.token_issuer import IssuedToken
from watchword.config.auth import Settings
from watchword.errors import CrossSiteRequest, TooManyRoles
from watchword.protocol.client_ip import mask_ip
from watchword.protocol.cookies import CookieNames, Cookies, clear_cookie, read_cookies, set_cookie
from watchword.protocol.device import device_label
from watchword.protocol.origin import is_same_origin


@dataclass(frozen=True, slots=True)
class Browser:
    """Cookie names and attributes by the scheme of ``BASE_URL``, and what to keep of a caller."""

    settings: Settings
    names: CookieNames
    ip_key: Callable[[], bytes]

    def cookies(self, request: Request) -> Cookies:
        return read_cookies([value for name, value in request.scope["headers"] if name == b"cookie"])

    def is_same_origin(self, request: Request) -> bool:
        """Whether the browser proves that the request comes from a page of our own origin."""
        return is_same_origin(
            base_url_origin=self.settings.base_url,
            sec_fetch_site=request.headers.getlist("sec-fetch-site"),
            origin=request.headers.getlist("origin"),
        )

    def require_same_origin(self, request: Request) -> None:
        """Raises CrossSiteRequest where ``is_same_origin`` is false."""
        if not self.is_same_origin(request):
            raise CrossSiteRequest("a cookie came with an unsafe request that is not same-origin")

    def client_context(self, request: Request) -> ClientContext:
        """Device label and shortened address; the raw ones are not kept."""
        return ClientContext(
            device=device_label(request.headers.get("user-agent")), ip=self.kept_address(request.scope)
        )

    def kept_address(self, scope: Mapping[str, Any]) -> str | None:
        """What the privacy setting keeps of the address a request or handshake came from."""
        address = client_address(scope, trusted_hops=self.settings.trusted_proxy_hops)
        mode = self.settings.privacy.ip
        return mask_ip(address, mode, key=self.ip_key()) if address is not None else None

    def set_session(self, response: Response, grant: Grant) -> None:
        """Both cookies: the access cookie lives as long as its token, the other as the session."""
        lives = int((grant.session.absolute_ends_at - grant.issued_at).total_seconds())
        self._add(response, self._access_cookie(grant.access))
        self._add(
            response,
            set_cookie(
                self.names.refresh,
                grant.refresh_token,
                secure=self.names.secure,
                max_age_seconds=max(lives, 1),
            ),
        )

    def clear_session(self, request: Request, response: Response) -> None:
        """Delete both cookies, for our own pages only: another site's form carries no cookie of ours
        (SameSite=Lax), but its answer could still delete them."""
        if not self.is_same_origin(request):
            return
        for name in (self.names.access, self.names.refresh):
            self._add(response, clear_cookie(name, secure=self.names.secure))

    def set_attempt(self, response: Response, handle: str, value: str, *, max_age_seconds: int) -> None:
        name = self.names.attempt + handle
        self._add(
            response, set_cookie(name, value, secure=self.names.secure, max_age_seconds=max_age_seconds)
        )

    def clear_attempt(self, response: Response, handle: str) -> None:
        self._add(response, clear_cookie(self.names.attempt + handle, secure=self.names.secure))

    def admit(self, token: IssuedToken) -> None:
        """Raises TooManyRoles when a browser would not keep the access cookie."""
        try:
            self._access_cookie(token)
        except ValueError:
            raise TooManyRoles("the access cookie would pass 4,096 bytes") from None

    def _access_cookie(self, token: IssuedToken) -> str:
        return set_cookie(
            self.names.access,
            token.text,
            secure=self.names.secure,
            max_age_seconds=max(token.expires_in, 1),
        )

    def _add(self, response: Response, cookie: str) -> None:
        response.raw_headers.append((b"set-cookie", cookie.encode("latin-1")))
