"""Who signed in at GitHub, by the access token of that sign-in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from watchword.auth.logs import tell
from watchword.auth.ports import Clock, ProviderHttp
from watchword.auth.provider_guard import ProviderGuard
from watchword.errors import ProviderMetadataInvalid, WatchwordError
from watchword.protocol.discovery import ProviderMetadata
from watchword.protocol.github import check_emails, check_user, emails_endpoint
from watchword.protocol.id_token import IdToken
from watchword.protocol.provider_answer import MAX_ANSWER_BYTES

Check = Callable[[int, Mapping[str, str], bytes], dict[str, Any]]


class GitHubUser:
    """Asks GitHub's API in place of an ID token. What comes back is as good as the connection to the
    token endpoint: the token is ours alone, and no browser carried it."""

    def __init__(
        self,
        http: ProviderHttp,
        clock: Clock,
        guard: ProviderGuard,
        *,
        issuer: str,
        asked: Literal["auto", "always", "never"],
    ) -> None:
        self._http = http
        self._clock = clock
        self._guard = guard
        self._issuer = issuer
        self._asked = asked

    async def of(self, access_token: str, metadata: ProviderMetadata) -> IdToken:
        """What an ID token would have said, but for a time of sign-in.

        Raises ProviderUnavailable, ProviderResponseInvalid, ProviderMetadataInvalid.
        """
        endpoint = metadata.userinfo_endpoint
        if endpoint is None:
            raise ProviderMetadataInvalid("userinfo_endpoint is missing from the provider's metadata")
        claims = await self._get(endpoint, access_token, check_user)
        claims |= await self._email(emails_endpoint(endpoint), access_token)
        now_seconds = int(self._clock.now().timestamp())
        return IdToken(
            issuer=self._issuer,
            subject=claims["sub"],
            claims=claims,
            issued_at=now_seconds,
            expires_at=now_seconds,
            auth_time=None,
            sid=None,
        )

    async def _email(self, endpoint: str, access_token: str) -> dict[str, object]:
        """The verified address; without it the sign-in goes on unless ``userinfo=always``."""
        if self._asked == "never":
            return {}
        try:
            return await self._get(endpoint, access_token, check_emails)
        except WatchwordError as error:
            if self._asked == "always":
                raise
            message = "the e-mail address of a person at GitHub could not be had: %s"
            tell("userinfo_unread", message, error=error, provider="github")
            return {}

    async def _get(self, endpoint: str, access_token: str, check: Check) -> dict[str, Any]:
        async def ask() -> dict[str, Any]:
            answer = await self._http.get(endpoint, max_bytes=MAX_ANSWER_BYTES, bearer=access_token)
            return check(answer.status, answer.headers, answer.body)

        return await self._guard.run("userinfo", ask)
