"""What a provider's userinfo endpoint adds to an ID token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from watchword.auth.logs import tell
from watchword.auth.ports import ProviderHttp
from watchword.auth.provider_guard import ProviderGuard
from watchword.errors import ProviderPersonLimited, ProviderThrottled, UserinfoRejected, WatchwordError
from watchword.protocol.discovery import ProviderMetadata
from watchword.protocol.id_token import IdToken
from watchword.protocol.provider_answer import MAX_ANSWER_BYTES
from watchword.protocol.userinfo import check_userinfo


class Userinfo:
    """Asks for what the profile lacks (OpenID Connect Core §5.3), as the setting ``USERINFO`` says;
    ``role_names`` are the claims that roles are read from.

    Some providers limit by person how often they are asked here: a 429 counts as such until somebody
    else gets one, too, or one person could have the endpoint left alone for all.
    """

    def __init__(
        self,
        http: ProviderHttp,
        guard: ProviderGuard,
        *,
        provider_id: str,
        asked: Literal["auto", "always", "never"],
        role_names: frozenset[str],
    ) -> None:
        self._http = http
        self._guard = guard
        self._provider_id = provider_id
        self._asked = asked
        self._wanted = {"email", "name", *role_names}
        self._limited_subject: str | None = None

    async def of(
        self, id_token: IdToken, access_token: str, metadata: ProviderMetadata
    ) -> Mapping[str, Any] | None:
        """The claims; None when they were asked for in vain, which ``always`` makes a refusal.

        Raises UserinfoRejected, and with ``always`` ProviderUnavailable and ProviderResponseInvalid.
        """
        if self._asked == "never" or (self._asked == "auto" and self._wanted <= id_token.claims.keys()):
            return {}
        endpoint = metadata.userinfo_endpoint
        if endpoint is None:
            if self._asked == "always":
                raise UserinfoRejected(
                    "userinfo=always, but the provider's metadata names no userinfo endpoint"
                )
            return {}
        try:
            return await self._guard.run(
                "userinfo", lambda: self._ask(endpoint, access_token, id_token.subject)
            )
        except UserinfoRejected:
            raise
        except WatchwordError as error:
            if self._asked == "always":
                raise
            message, provider = "userinfo of %s could not be had: %s", self._provider_id
            tell("userinfo_unread", message, provider, error=error, provider=provider)
            return None

    async def _ask(self, endpoint: str, access_token: str, subject: str) -> Mapping[str, Any]:
        answer = await self._http.get(endpoint, max_bytes=MAX_ANSWER_BYTES, bearer=access_token)
        try:
            claims = check_userinfo(answer.status, answer.headers, answer.body, subject=subject)
        except ProviderThrottled as error:
            others, self._limited_subject = self._limited_subject not in (None, subject), subject
            if others:
                raise
            raise ProviderPersonLimited(error.detail, retry_after_seconds=error.retry_after_seconds) from None
        self._limited_subject = None
        return claims
