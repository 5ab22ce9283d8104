"""The sign-in attempts of this service: started, kept in their browsers, found again, used up once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from watchword.auth.attempt import (
    ATTEMPT_SECONDS,
    MAX_ATTEMPT_CHARS,
    MAX_ATTEMPTS,
    Attempt,
    handle_of,
    open_attempt,
    seal_attempt,
    start_attempt,
)
from watchword.auth.oauth_client import OAuthClient
from watchword.auth.ports import Clock, SingleUseStore
from watchword.auth.sealing import Sealer
from watchword.auth.way_back import WayBack, find_way_back, with_way_back
from watchword.errors import AttemptExpired, AttemptMissing, AttemptUsed, SignInRefused
from watchword.protocol.authorization import read_state
from watchword.protocol.client_request import ClientRequest

AttemptCookie = Callable[[str], str | None]
"""Gives the cookie of a handle, where the browser has one."""


class Attempts:
    """Seals attempts for the browser that starts them, and knows one again by the ``state`` of an answer."""

    def __init__(self, *, single_use: SingleUseStore, sealer: Sealer, clock: Clock) -> None:
        self._single_use = single_use
        self._sealer = sealer
        self._clock = clock

    def start(
        self,
        client: OAuthClient,
        *,
        return_to: str,
        max_age_seconds: int | None = None,
        client_request: ClientRequest | None = None,
        link_session_id: str | None = None,
    ) -> Attempt:
        attempt = start_attempt(
            provider_id=client.provider_id,
            registration=client.registration,
            return_to=return_to,
            now_seconds=self._clock.now_seconds(),
            max_age_seconds=max_age_seconds,
            client_request=client_request,
            link_session_id=link_session_id,
        )
        return with_way_back(attempt, self._sealer)

    def cookie(self, attempt: Attempt) -> str:
        """What the browser keeps. Raises InvalidRequest for one that it would not keep."""
        return seal_attempt(attempt, self._sealer)

    def find(self, params: Sequence[tuple[str, str]], cookie: AttemptCookie) -> Attempt:
        """The attempt the answer's ``state`` names. Raises AttemptMissing, AttemptExpired."""
        handle = handle_of(read_state(params))
        return open_attempt(cookie(handle), handle, self._sealer, now_seconds=self._clock.now_seconds())

    def known(self, params: Sequence[tuple[str, str]], cookie: AttemptCookie) -> Attempt | None:
        """Like ``find``; None where there is no such attempt."""
        try:
            return self.find(params, cookie)
        except SignInRefused:
            return None

    def find_at(
        self, client: OAuthClient, params: Sequence[tuple[str, str]], cookie: AttemptCookie
    ) -> Attempt:
        """Like ``find``; it must have been started at this very provider (RFC 9700 §4.4)."""
        attempt = self.find(params, cookie)
        if (attempt.provider_id, attempt.registration) != (client.provider_id, client.registration):
            raise AttemptMissing(
                f"the attempt was started at {attempt.provider_id!r}, not at {client.provider_id!r} as it "
                "is registered now"
            )
        return attempt

    async def use_up(self, attempt: Attempt) -> None:
        """Raises AttemptUsed, DatabaseUnavailable."""
        expires_at = datetime.fromtimestamp(attempt.started_at, UTC) + timedelta(seconds=2 * ATTEMPT_SECONDS)
        if not await self._single_use.claim("attempt", attempt.digest, expires_at=expires_at):
            raise AttemptUsed("the attempt was used before")

    def way_back(
        self, params: Sequence[tuple[str, str]], kept: Mapping[str, str], provider_id: str
    ) -> WayBack | None:
        """Where whoever brought this answer wanted to be; ``kept`` as in ``superfluous``."""
        now_seconds = self._clock.now_seconds()
        return find_way_back(params, kept, provider_id, self._sealer, now_seconds=now_seconds)

    def superfluous(self, kept: Mapping[str, str], cookie: str) -> list[str]:
        """The handles of attempt cookies that must go before ``cookie`` is set: unusable ones, and
        the oldest beyond the bounds. ``kept`` maps handle to cookie value."""
        usable, going = [], []
        for handle, value in kept.items():
            try:
                attempt = open_attempt(value, handle, self._sealer, now_seconds=self._clock.now_seconds())
            except (AttemptMissing, AttemptExpired):
                going.append(handle)
            else:
                usable.append((attempt.started_at, handle))
        room = MAX_ATTEMPT_CHARS - len(cookie)
        for place, (_, handle) in enumerate(sorted(usable, reverse=True), start=2):
            room -= len(kept[handle])
            if place > MAX_ATTEMPTS or room < 0:
                going.append(handle)
        return going
