"""What can be said of an address, and the codes that many share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from watchword.errors import ProviderUnavailable, error_classes

Form = Literal["page", "page or problem", "OAuth", "problem", "own"]
"""How an address refuses: a page, a problem by ``Accept``, a body of RFC 6749 §5.2, or its own way."""


@dataclass(frozen=True, slots=True)
class Facts:
    """``who`` may call; fields as ``name`` or ``name?`` where they may be left out; ``answers`` by status;
    ``json`` are the members of a JSON answer; ``codes`` those of its own, without the groups."""

    who: str
    answers: Mapping[int, str]
    query: str = ""
    body: str = ""
    takes: str = ""
    json: str = ""
    codes: str = ""
    headers: str = ""
    form: Form = "page or problem"
    groups: tuple[str, ...] = ("start",)


GROUPS: Final[Mapping[str, frozenset[str]]] = {
    "start": frozenset(
        {
            "configuration_invalid",
            "database_unavailable",
            "key_store_invalid",
            "key_store_unavailable",
            "migration_needed",
            "not_installed",
            "seal_broken",
            "secret_key_mismatch",
            "secret_unavailable",
        }
    ),
    "caller": frozenset(
        {
            "authentication_required",
            "cross_site_request",
            "identification_failed",
            "invalid_token",
            "session_ended",
            "token_superseded",
        }
    ),
    "provider": frozenset(
        {each.code for each in error_classes(ProviderUnavailable)}
        | {"provider_metadata_invalid", "provider_response_invalid", "provider_settings_mismatch"}
    ),
}
"""Codes that addresses share: what keeps the parts from starting or working, what is wrong with a caller's
token or cookie, and what a provider did."""

FORM: Final = "application/x-www-form-urlencoded"
EITHER: Final = f"{FORM} or application/json"
TOKENS: Final = "access_token token_type expires_in refresh_token? scope session_id?"
ANYBODY: Final = "anybody"
SESSION: Final = "a caller with a session, by bearer token or cookie"
RECENT: Final = f"{SESSION}; in production with a sign-in of the last 10 minutes"
CLIENT: Final = "a registered client; a confidential one authenticates (Basic, form, or `private_key_jwt`)"
AUTHENTICATED: Final = "client_id? client_secret? client_assertion? client_assertion_type?"
NO_STORE: Final = "Cache-Control: no-store"
