"""What can be wrong with signing keys and with the vaults that hold keys and secrets."""

from __future__ import annotations

from watchword.errors.base import WatchwordError


class KeyStoreUnavailable(WatchwordError):
    """The store of the signing keys does not answer, and what it holds is not known here."""

    code = "key_store_unavailable"
    status = 503
    title = "Key store unavailable"
    public = "The service cannot reach its signing keys right now. Nothing is lost; please try again shortly."
    oauth_error = "temporarily_unavailable"

    def __init__(self, detail: str = "", *, retry_after_seconds: int | None = 5) -> None:
        super().__init__(detail, retry_after_seconds=retry_after_seconds)


class KeyStoreInvalid(WatchwordError):
    """What the key store holds is no key ring, or must not be trusted."""

    code = "key_store_invalid"
    status = 503
    title = "Key store cannot be used"
    public = "The service cannot use its signing keys right now."
    oauth_error = "temporarily_unavailable"


class RotationTooSoon(WatchwordError):
    """Readers may not have seen the next key yet: tokens of it would be refused."""

    code = "rotation_too_soon"
    title = "Too soon to rotate"


class KeyUnknown(WatchwordError):
    """No key of the ring has that id."""

    code = "key_unknown"
    title = "No such key"


class SecretUnavailable(WatchwordError):
    """A secret that a setting refers to cannot be had from where it is kept."""

    code = "secret_unavailable"
    status = 503
    title = "Secret unavailable"
    public = "The service cannot reach its secrets right now. Please try again shortly."
    oauth_error = "temporarily_unavailable"
