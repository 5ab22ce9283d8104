"""Why a refresh that has to ask the provider again hands out nothing."""

from __future__ import annotations

from watchword.errors.base import WatchwordError
from watchword.errors.provider import ProviderUnavailable
from watchword.errors.requests import RefreshRefused


class RecheckUnderWay(WatchwordError):
    """Another request is asking the provider about the same sign-in; the refresh token was not used."""

    code = "recheck_under_way"
    status = 503
    title = "Sign-in is being checked"
    public = "The sign-in provider is being asked about this session. Please try again in a second."
    oauth_error = "temporarily_unavailable"

    def __init__(self, detail: str = "", *, retry_after_seconds: int | None = 1) -> None:
        super().__init__(detail, retry_after_seconds=retry_after_seconds)


class ProviderGraceOver(ProviderUnavailable):
    """The provider could not be asked for longer than a session goes on without it; the session and
    its refresh token stay as they are."""

    code = "provider_grace_over"
    title = "Sign-in cannot be confirmed right now"
    public = (
        "The sign-in provider has not answered for a while. Your session is kept, and goes on as soon as it "
        "does; please try again in a moment."
    )


class SignInWithdrawn(RefreshRefused):
    """The provider no longer stands by the sign-in: the session was ended."""

    code = "sign_in_withdrawn"
    title = "Sign-in withdrawn by the provider"
    public = "The sign-in provider no longer confirms this sign-in. Please sign in again."


class SignInUnconfirmed(RefreshRefused):
    """Whether the provider stands by the sign-in cannot be found out any more: the session was ended."""

    code = "sign_in_unconfirmed"
    title = "Sign-in cannot be confirmed any more"
