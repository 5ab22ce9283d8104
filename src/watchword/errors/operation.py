"""What stops a process or a request for reasons of the operation: settings, database, keys."""

from __future__ import annotations

from collections.abc import Sequence

from watchword.errors.base import WatchwordError


class ConfigurationError(WatchwordError):
    """Settings that cannot work; ``problems`` holds every one of them, each with its fix."""

    code = "configuration_invalid"
    title = "Configuration invalid"

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(["The configuration cannot be used:", *(f"- {p}" for p in self.problems)]))


class MigrationNeeded(WatchwordError):
    code = "migration_needed"
    title = "Database not migrated"


class MigrationFailed(WatchwordError):
    """The database cannot be brought to the revision that was asked for."""

    code = "migration_failed"
    title = "Database could not be migrated"


class SecretKeyMismatch(WatchwordError):
    """The database was sealed under another ``SECRET_KEY``."""

    code = "secret_key_mismatch"
    title = "Secret key does not open this database"


class SealBroken(WatchwordError):
    """A sealed value was altered, cut, or sealed under another key or for another purpose."""

    code = "seal_broken"
    title = "Sealed value cannot be opened"


class PepperUnreadable(WatchwordError):
    """The key is gone by which erased people are known again: nobody new is let in, who might be one."""

    code = "pepper_unreadable"
    status = 503
    title = "Erased accounts cannot be told"
    public = "The service cannot admit new people right now. Please tell the people who run it."
    oauth_error = "temporarily_unavailable"


class NotInstalled(WatchwordError):
    code = "not_installed"
    status = 503
    title = "Authentication is not installed"
    public = "This service is not ready to check who you are."


class IdentificationFailed(WatchwordError):
    """Looking at the credential itself went wrong: nobody is let in, nobody is called wrong."""

    code = "identification_failed"
    status = 503
    title = "Caller could not be identified"
    public = "The service cannot check who you are right now. Please try again shortly."


class DatabaseUnavailable(WatchwordError):
    code = "database_unavailable"
    status = 503
    title = "Database unavailable"
    public = "The service cannot reach its database right now. Nothing is lost; please try again shortly."
    oauth_error = "temporarily_unavailable"

    def __init__(self, detail: str = "", *, retry_after_seconds: int | None = 2) -> None:
        super().__init__(detail, retry_after_seconds=retry_after_seconds)


class Contended(WatchwordError):
    code = "contended"
    status = 503
    title = "Too busy on one session"
    public = "This session is being changed by many requests at once. Please try again."
    oauth_error = "temporarily_unavailable"

    def __init__(self, detail: str = "", *, retry_after_seconds: int | None = 1) -> None:
        super().__init__(detail, retry_after_seconds=retry_after_seconds)
