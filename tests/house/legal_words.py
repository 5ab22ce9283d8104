"""How a person calls what a column holds, and the warning on every draft in ``legal_drafts``."""

from __future__ import annotations

from typing import Final

HELD: Final = {
    "name": {"users.name", "identities.name"},
    "e-mail address": {"users.email", "identities.email", "identities.verified_email"},
    "a random id of the account": {"users.id", "audit_events.user_id", "version_usage.user_id"},
    "state of the account and when it was made, changed and last used": {
        *("users.status", "users.version", "users.created_at", "users.updated_at", "users.last_sign_in_at"),
    },
    "roles, which say what you may do": {
        *("users.identity_roles", "users.granted_roles", "users.denied_roles", "identities.roles"),
    },
    "which provider you sign in with, and your id there": {
        *("identities.id", "identities.user_id", "identities.provider_id", "identities.issuer"),
        *("identities.subject", "identities.created_at", "identities.last_sign_in_at"),
    },
    "a code that passes a sign-in on to an app, and what belongs to it": {
        *("authorization_codes.digest", "authorization_codes.client_id", "authorization_codes.redirect_uri"),
        *("authorization_codes.code_challenge", "authorization_codes.scopes", "authorization_codes.nonce"),
        *("authorization_codes.user_id", "authorization_codes.sealed_sign_in"),
        *("authorization_codes.auth_time", "authorization_codes.created_at"),
        *("authorization_codes.expires_at", "authorization_codes.used_at", "authorization_codes.session_id"),
    },
    "tokens of the provider, encrypted": {
        *("provider_grants.id", "provider_grants.identity_id", "provider_grants.sealed_tokens"),
        *("provider_grants.sealed_id_token", "provider_grants.lease_id", "provider_grants.lease_ends_at"),
        *("provider_grants.asking_since",),
    },
    "when the provider was asked again, and what came of it": {
        *("provider_grants.created_at", "provider_grants.checked_at", "provider_grants.degraded_at"),
        *("provider_grants.ended_at", "provider_grants.ended_reason"),
    },
    "that you are signed in, where and since when, when you were last seen, when and why it ended": {
        *("sessions.id", "sessions.user_id", "sessions.identity_id", "sessions.grant_id"),
        *("sessions.provider_id", "sessions.client_id", "sessions.scopes", "sessions.user_version"),
        *("sessions.created_at", "sessions.auth_time", "sessions.auth_time_asserted"),
        *("sessions.last_seen_at", "sessions.idle_ends_at", "sessions.absolute_ends_at"),
        *("sessions.revoked_at", "sessions.revoked_reason", "sessions.provider_sid"),
        *("sessions.generation", "sessions.rotated_at", "sessions.recheck_due_at", "sessions.degraded_at"),
    },
    "kind of device and browser": {"sessions.device"},
    "internet address, shortened": {"sessions.ip", "audit_events.ip", "version_usage.network"},
    "digests by which a stolen sign-in is found out": {
        *("sessions.refresh_digest", "sessions.previous_digest", "sessions.sealed_successor"),
    },
    "which sign-ins have ended, by random ids": {
        *("revocations.session_id", "revocations.generation", "revocations.issuer", "revocations.value"),
    },
    "events of the account, such as a sign-in, a sign-out or a changed role, and when": {
        *("audit_events.id", "audit_events.event", "audit_events.occurred_at", "audit_events.session_id"),
        *("audit_events.details",),
    },
    "which terms you accepted, and when": {
        *("terms_acceptances.id", "terms_acceptances.user_id", "terms_acceptances.version"),
        *("terms_acceptances.digest", "terms_acceptances.accepted_at"),
    },
    "which version of the interface your apps call, how often, first and last": {
        *("version_usage.digest", "version_usage.version", "version_usage.kind", "version_usage.client_id"),
        *("version_usage.calls", "version_usage.would_refuse", "version_usage.last_refusal"),
        *("version_usage.first_seen_at", "version_usage.last_seen_at"),
    },
}
"""Every column with something about people, under what a person would call it; a test finds a new one."""

RETAINED: Final = {
    "account": "until you, or we, erase the account",
    "session": "at most {session} after the sign-in",
    "expiry": "minutes; what belongs to a session at most {session}",
    "recorded": "{recorded}",
    "service": "as long as the service runs",
}

WARNING: Final = """\
> **A draft for counsel, and no legal advice.** It is made by `python -m tests.house.legal` from what this
> version of watchword keeps and from the defaults of its settings; a test keeps it current. It knows nothing
> of your service, of your contracts, of where you are and which law applies. What is in [brackets] is yours
> to fill in. Do not publish it before a lawyer has read it, and read it again when you change a setting.
"""
