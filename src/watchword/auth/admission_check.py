"""The access token of a session that is about to open: signed once, and shown before it is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from watchword.auth.ports import LiveSession
from watchword.auth.token_issuer import IssuedToken, TokenIssuer


class AdmissionCheck:
    """Shows the token to ``admit``, which may refuse it, and hands the very same one over afterwards."""

    def __init__(self, issuer: TokenIssuer, admit: Callable[[IssuedToken], None], *, now: datetime) -> None:
        self._issuer = issuer
        self._admit = admit
        self._now = now
        self._shown: tuple[LiveSession, IssuedToken] | None = None

    def __call__(self, session: LiveSession) -> None:
        """Raises what ``admit`` raises. May be asked again, when the store begins anew."""
        token = self._issuer.issue(session, now=self._now)
        self._admit(token)
        self._shown = (session, token)

    def token_of(self, session: LiveSession) -> IssuedToken | None:
        """The token that was shown last; None where that was of a session that is not like this one."""
        return self._shown[1] if self._shown is not None and self._shown[0] == session else None
