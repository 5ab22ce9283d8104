"""What the audit trail tells of: a closed list, so that whoever reads it knows what there is to look for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

AuditName = Literal[
    "sign_in",
    "session_ended",
    "all_sessions_revoked",
    "session_degraded",
    "session_recovered",
    "rechecks_stopped",
    "identity_linked",
    "roles_changed",
    "account_disabled",
    "account_enabled",
    "account_viewed",
    "accounts_listed",
    "account_exported",
    "account_erased",
    "terms_accepted",
    "token_revoked",
    "client_revoked",
    "keys_rotated",
    "keys_revoked",
    "secrets_rotated",
    "provider_purged",
]
"""Every event that is written. A name is stable; a new one may come with any release."""


@dataclass(frozen=True, slots=True)
class AuditKind:
    """What an event means, and which members its ``details`` can have. ``about``: whom the row names."""

    meaning: str
    about: Literal["session", "account", "service"]
    details: tuple[str, ...] = ()


AUDIT_EVENTS: Final[Mapping[AuditName, AuditKind]] = {
    "sign_in": AuditKind("a session was opened", "session", ("provider", "client")),
    "session_ended": AuditKind(
        "a session was ended, and why", "session", ("reason", "by", "admin_id", "cause")
    ),
    "all_sessions_revoked": AuditKind("every session of everybody was ended", "service", ("by", "up_to")),
    "session_degraded": AuditKind(
        "a session goes on though its provider did not answer", "session", ("provider", "cause")
    ),
    "session_recovered": AuditKind("its provider stood by it again", "session", ("provider",)),
    "rechecks_stopped": AuditKind("its provider can no longer be asked about it", "session", ("cause",)),
    "identity_linked": AuditKind(
        "another way to sign in was attached to an account", "session", ("provider", "how")
    ),
    "roles_changed": AuditKind(
        "an operator granted or denied roles or took that back, or the provider says others than before",
        "account",
        ("by", "granted", "no_longer_granted", "denied", "no_longer_denied", "gained", "lost"),
    ),
    "account_disabled": AuditKind(
        "sign-ins of an account are refused", "account", ("by", "admin_id", "sessions_ended")
    ),
    "account_enabled": AuditKind(
        "an account may sign in again", "account", ("by", "admin_id", "sessions_ended")
    ),
    "account_viewed": AuditKind("an administrator looked at a person", "account", ("by", "admin_id")),
    "accounts_listed": AuditKind(
        "an administrator, whom the row names, looked through accounts or sessions",
        "account",
        ("by", "listed", "searched_by", "found"),
    ),
    "account_exported": AuditKind("everything about a person was handed out", "session", ("by",)),
    "account_erased": AuditKind("a person was erased for good", "account", ("by", "sessions_ended")),
    "terms_accepted": AuditKind("a version of the terms was accepted", "session", ("version", "digest")),
    "token_revoked": AuditKind(
        "a token that a client got for itself was ended", "service", ("by", "client_id")
    ),
    "client_revoked": AuditKind(
        "all sessions and tokens of a client were ended", "service", ("by", "client_id", "sessions_ended")
    ),
    "keys_rotated": AuditKind(
        "another signing key signs from now on", "service", ("by", "active", "next", "retired")
    ),
    "keys_revoked": AuditKind("signing keys count no longer", "service", ("by", "keys")),
    "secrets_rotated": AuditKind(
        "what lasts was sealed under the current secret key",
        "service",
        ("by", "current", "previous", "resealed"),
    ),
    "provider_purged": AuditKind(
        "what replicas held of a provider was thrown away", "service", ("by", "provider", "purged")
    ),
}


AUDIT_NAMES: Final[tuple[AuditName, ...]] = get_args(AuditName)
