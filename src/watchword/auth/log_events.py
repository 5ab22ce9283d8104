"""What the log tells of: a closed list, so that alerts can be written before anything goes wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from logging import ERROR, INFO, WARNING
from typing import Final, Literal, get_args

LogName = Literal[
    "request_refused",
    "request_failed",
    "not_installed",
    "template_failed",
    "routes_unmarked",
    "routes_contradictory",
    "version_observed",
    "version_overlooked",
    "setting_doubtful",
    "feed_away",
    "feed_back",
    "announcements_off",
    "cleanup_away",
    "cleanup_back",
    "cleanup_stuck",
    "cleanup_done",
    "version_usage_away",
    "version_usage_back",
    "version_usage_lost",
    "cache_away",
    "cache_back",
    "breaker_changed",
    "provider_look_failed",
    "provider_purged",
    "provider_logout",
    "provider_sign_out_skipped",
    "userinfo_unread",
    "recheck_unanswered",
    "recheck_impossible",
    "roles_withheld",
    "role_dropped",
    "client_secret_behind",
    "database_password_behind",
    "keys_away",
    "keys_back",
    "key_rotation_put_off",
    "key_change_untold",
    "key_store_away",
    "key_store_back",
    "key_store_unwritable",
    "key_store_behind",
    "key_copy_failed",
    "key_copy_remade",
    "secret_away",
    "secret_back",
    "secret_changed",
    "secret_changed_for_later",
    "secret_look_failed",
    "request_answered",
]
"""Every event that is logged. A name is stable; a new one may come with any release."""

_REFUSAL: Final = ("code", "status", "request_id", "route", "user_id", "session_id", "detail")
_ERROR: Final = ("cause", "code")


@dataclass(frozen=True, slots=True)
class LogKind:
    """What an event means, its level, and the fields its records have beside ``event``."""

    level: int
    meaning: str
    fields: tuple[str, ...] = ()


LOG_EVENTS: Final[Mapping[LogName, LogKind]] = {
    "request_refused": LogKind(INFO, "a request was refused, with a status below 500", _REFUSAL),
    "request_failed": LogKind(WARNING, "a request failed on our side or the provider's", _REFUSAL),
    "not_installed": LogKind(ERROR, "a protected endpoint runs without watchword", ("code", "detail")),
    "template_failed": LogKind(ERROR, "a page of yours failed and ours was shown", ("template", "cause")),
    "routes_unmarked": LogKind(WARNING, "routes are neither protected nor public", ("routes", "fate")),
    "routes_contradictory": LogKind(WARNING, "public routes need a caller", ("routes",)),
    "version_observed": LogKind(WARNING, "routes of a version only observe", ("version", "routes")),
    "version_overlooked": LogKind(WARNING, "a version is configured and not used, or the other way round"),
    "setting_doubtful": LogKind(WARNING, "a setting is legal and unwise"),
    "feed_away": LogKind(WARNING, "endings of sessions cannot be read from the database", _ERROR),
    "feed_back": LogKind(WARNING, "they can be read again"),
    "announcements_off": LogKind(INFO, "the database announces nothing, so the feed is asked", ("cause",)),
    "cleanup_away": LogKind(WARNING, "expired rows cannot be deleted", _ERROR),
    "cleanup_back": LogKind(WARNING, "they can be deleted again"),
    "cleanup_stuck": LogKind(WARNING, "some rows are kept by others that refer to them", ("table", "cause")),
    "cleanup_done": LogKind(INFO, "expired rows were deleted"),
    "version_usage_away": LogKind(WARNING, "calls are counted in memory only", _ERROR),
    "version_usage_back": LogKind(WARNING, "they are written down again"),
    "version_usage_lost": LogKind(WARNING, "the process ended before it wrote them down", ("calls",)),
    "cache_away": LogKind(WARNING, "each process counts rate limits by itself", ("cause",)),
    "cache_back": LogKind(WARNING, "they are shared again"),
    "breaker_changed": LogKind(
        WARNING, "a provider's endpoint fails, or works again", ("provider", "kind", "state", "cause")
    ),
    "provider_look_failed": LogKind(WARNING, "the look at the providers stumbled", _ERROR),
    "provider_purged": LogKind(WARNING, "what was held of a provider was dropped", ("provider", "what")),
    "provider_logout": LogKind(INFO, "a provider ended sessions", ("provider", "sessions_ended")),
    "provider_sign_out_skipped": LogKind(WARNING, "a sign-out ended here and not there", ("cause",)),
    "userinfo_unread": LogKind(WARNING, "a sign-in went on without userinfo", ("provider", *_ERROR)),
    "recheck_unanswered": LogKind(WARNING, "a provider refuses to be asked again", ("provider", *_ERROR)),
    "recheck_impossible": LogKind(
        WARNING, "a session cannot be confirmed by our own doing", ("provider", "session_id", "cause")
    ),
    "roles_withheld": LogKind(WARNING, "a provider left out roles of somebody who has many", ("provider",)),
    "role_dropped": LogKind(WARNING, "a provider named a role that is no role name", ("role",)),
    "client_secret_behind": LogKind(WARNING, "a provider takes our previous secret only", ("setting",)),
    "database_password_behind": LogKind(WARNING, "so does the database", ("setting",)),
    "keys_away": LogKind(WARNING, "signing keys cannot be read; those held go on", ("place", *_ERROR)),
    "keys_back": LogKind(WARNING, "they can be read again", ("place",)),
    "key_rotation_put_off": LogKind(WARNING, "a rotation is due and fails", _ERROR),
    "key_change_untold": LogKind(WARNING, "keys changed, and not everybody could be told", _ERROR),
    "key_store_away": LogKind(WARNING, "the sealed copy in the database stands in", ("place", *_ERROR)),
    "key_store_back": LogKind(WARNING, "the key store answers again", ("place",)),
    "key_store_unwritable": LogKind(WARNING, "the key store takes no newer ring", ("place", *_ERROR)),
    "key_store_behind": LogKind(WARNING, "the newest ring is written to the key store", ("place",)),
    "key_copy_failed": LogKind(WARNING, "the copy of a ring could not be kept", ("place", *_ERROR)),
    "key_copy_remade": LogKind(WARNING, "the copy of a ring did not open", ("place", *_ERROR)),
    "secret_away": LogKind(WARNING, "a secret cannot be read again; its value goes on", ("setting", "cause")),
    "secret_back": LogKind(WARNING, "it can be read again", ("setting",)),
    "secret_changed": LogKind(INFO, "a new value is used from now on", ("setting",)),
    "secret_changed_for_later": LogKind(WARNING, "a new value counts from the next start", ("setting",)),
    "secret_look_failed": LogKind(WARNING, "the look at the secrets stumbled", _ERROR),
    "request_answered": LogKind(
        INFO,
        "a request, where WATCHWORD_LOG_ACCESS asks for all",
        ("method", "route", "status", "duration_ms", "request_id", "user_id", "session_id"),
    ),
}
LOG_NAMES: Final[tuple[LogName, ...]] = get_args(LogName)
