"""What a sign-in provider did not do, or did wrongly."""

from __future__ import annotations

from watchword.errors.base import WatchwordError


class ProviderUnavailable(WatchwordError):
    """Timeout, connection or TLS failure, 5xx, 429: the provider cannot be asked right now."""

    code = "provider_unavailable"
    status = 503
    title = "Sign-in provider unavailable"
    public = (
        "The sign-in provider does not answer right now. Your account is safe; please try again in a moment."
    )
    oauth_error = "temporarily_unavailable"

    def __init__(self, detail: str = "", *, retry_after_seconds: int | None = 10) -> None:
        super().__init__(detail, retry_after_seconds=retry_after_seconds)


class ProviderThrottled(ProviderUnavailable):
    """It wants to be asked less often (429, RFC 6585 §4), not before ``retry_after_seconds``."""


class ProviderPersonLimited(ProviderUnavailable):
    """It answers, but has answered enough about this person for now."""


class ProviderCircuitOpen(ProviderUnavailable):
    """It failed so often that it is not asked before ``retry_after_seconds``; nothing was sent."""

    code = "provider_circuit_open"


class ProviderCrowded(ProviderUnavailable):
    """So many calls to it are under way here that this one was not sent."""

    code = "provider_crowded"

    def __init__(self, detail: str = "", *, retry_after_seconds: int | None = 1) -> None:
        super().__init__(detail, retry_after_seconds=retry_after_seconds)


class ProviderNameUnresolved(ProviderUnavailable):
    """The name of the provider's host leads to no address."""

    code = "provider_name_unresolved"


class ProviderTlsFailed(ProviderUnavailable):
    """The provider could not prove over TLS that it is the provider; nothing was sent to it."""

    code = "provider_tls_failed"

    def __init__(self, detail: str = "", *, retry_after_seconds: int | None = 60) -> None:
        super().__init__(detail, retry_after_seconds=retry_after_seconds)


class ProviderResponseInvalid(WatchwordError):
    """The provider answered with something the specifications do not allow."""

    code = "provider_response_invalid"
    status = 502
    title = "Sign-in provider answered wrongly"
    public = "The sign-in provider gave an answer we cannot accept. You are not signed in."


class ProviderRefused(ProviderResponseInvalid):
    """It answered, and did not take our request as it is (4xx, or an OAuth error)."""


class ProviderClientRefused(ProviderRefused):
    """It refused us, its client, before it looked at what was asked for (RFC 6749 §5.2)."""


class ProviderPersonUnreadable(ProviderResponseInvalid):
    """It answered in JSON, with something about this person that cannot be used: too much, or what
    another reader could read differently. Other people need not be concerned."""


class ProviderMetadataInvalid(ProviderResponseInvalid):
    code = "provider_metadata_invalid"
    title = "Sign-in provider is misconfigured"


class ProviderSettingsMismatch(ProviderResponseInvalid):
    """Our settings ask for what the provider's metadata do not offer, or leave out what they require."""

    code = "provider_settings_mismatch"
    title = "Sign-in provider is misconfigured"
