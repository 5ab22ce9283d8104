"""Add the tables of watchword: accounts, sessions, grants, single use, keys, records.

Nothing is taken from the models: a released migration never changes, while the models go on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from watchword.migrations.columns import (
    bytes_,
    check,
    fillfactor,
    foreign_key,
    integer_,
    json_,
    primary_key,
    sequence_,
    text_,
    time_,
    uuid_,
)

revision = "001_add_auth_tables"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    "ww_users",
    "ww_identities",
    "ww_provider_grants",
    "ww_sessions",
    "ww_single_use",
    "ww_authorization_codes",
    "ww_revocations",
    "ww_signing_keys",
    "ww_terms_acceptances",
    "ww_audit_events",
)


def upgrade() -> None:
    _users()
    _identities()
    _provider_grants()
    _sessions()
    _single_use()
    _authorization_codes()
    _revocations()
    _signing_keys()
    _records()


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)


def _indexes(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(f"ix_{table}_{column}", table, [column])


def _users() -> None:
    op.create_table(
        "ww_users",
        uuid_("id"),
        text_("status", 16),
        integer_("version"),
        text_("email", 320, null=True),
        text_("name", 255, null=True),
        json_("identity_roles"),
        json_("granted_roles"),
        json_("denied_roles"),
        time_("created_at"),
        time_("updated_at"),
        time_("last_sign_in_at", null=True),
        primary_key("ww_users", "id"),
        check("ww_users", "status", "status IN ('active', 'disabled', 'erased')"),
        check("ww_users", "version", "version >= 1"),
    )
    _indexes("ww_users", "email")


def _identities() -> None:
    op.create_table(
        "ww_identities",
        uuid_("id"),
        uuid_("user_id"),
        text_("provider_id", 64),
        text_("issuer", 1024),
        text_("subject", 255),
        text_("email", 320, null=True),
        text_("verified_email", 320, null=True),
        text_("name", 255, null=True),
        json_("roles"),
        time_("created_at"),
        time_("last_sign_in_at"),
        primary_key("ww_identities", "id"),
        sa.UniqueConstraint("issuer", "subject", name="uq_ww_identities_issuer_subject"),
        check("ww_identities", "identified", "issuer <> '' AND subject <> ''"),
        foreign_key("ww_identities", "user_id", "ww_users", "CASCADE"),
    )
    _indexes("ww_identities", "user_id", "verified_email")


def _provider_grants() -> None:
    op.create_table(
        "ww_provider_grants",
        uuid_("id"),
        uuid_("identity_id"),
        bytes_("sealed_tokens", null=True),
        bytes_("sealed_id_token", null=True),
        time_("created_at"),
        time_("checked_at", null=True),
        uuid_("lease_id", null=True),
        time_("lease_ends_at", null=True),
        time_("asking_since", null=True),
        time_("degraded_at", null=True),
        time_("ended_at", null=True),
        text_("ended_reason", 32, null=True),
        primary_key("ww_provider_grants", "id"),
        check("ww_provider_grants", "lease", "(lease_id IS NULL) = (lease_ends_at IS NULL)"),
        check("ww_provider_grants", "ended", "(ended_at IS NULL) = (ended_reason IS NULL)"),
        foreign_key("ww_provider_grants", "identity_id", "ww_identities", "CASCADE"),
    )
    _indexes("ww_provider_grants", "identity_id")


def _sessions() -> None:
    table = "ww_sessions"
    op.create_table(
        table,
        uuid_("id"),
        uuid_("user_id"),
        uuid_("identity_id"),
        uuid_("grant_id", null=True),
        text_("provider_id", 64),
        text_("client_id", 255),
        json_("scopes"),
        integer_("user_version"),
        time_("created_at"),
        time_("auth_time"),
        time_("last_seen_at"),
        time_("idle_ends_at"),
        time_("absolute_ends_at"),
        time_("revoked_at", null=True),
        text_("revoked_reason", 32, null=True),
        text_("device", 255, null=True),
        text_("ip", 64, null=True),
        text_("provider_sid", 512, null=True),
        integer_("generation"),
        bytes_("refresh_digest"),
        bytes_("previous_digest", null=True),
        bytes_("sealed_successor", null=True),
        time_("rotated_at", null=True),
        time_("recheck_due_at", null=True),
        time_("degraded_at", null=True),
        primary_key(table, "id"),
        check(table, "generation", "generation >= 1"),
        check(table, "user_version", "user_version >= 1"),
        check(table, "ends_in_order", "idle_ends_at <= absolute_ends_at"),
        check(table, "refresh_digest", "length(refresh_digest) = 32"),
        check(table, "previous_digest", "length(previous_digest) = 32"),
        check(table, "rotated", "(previous_digest IS NULL) = (rotated_at IS NULL)"),
        check(table, "revoked", "(revoked_at IS NULL) = (revoked_reason IS NULL)"),
        foreign_key(table, "user_id", "ww_users", "CASCADE"),
        foreign_key(table, "identity_id", "ww_identities", "CASCADE"),
        foreign_key(table, "grant_id", "ww_provider_grants", "SET NULL"),
    )
    fillfactor(table, 75)
    _indexes(table, "user_id", "created_at", "absolute_ends_at", "identity_id", "grant_id", "provider_sid")


def _single_use() -> None:
    op.create_table(
        "ww_single_use",
        text_("kind", 32),
        bytes_("digest"),
        time_("expires_at"),
        primary_key("ww_single_use", "kind", "digest"),
        check("ww_single_use", "digest", "length(digest) BETWEEN 1 AND 64"),
    )
    _indexes("ww_single_use", "expires_at")


def _authorization_codes() -> None:
    table = "ww_authorization_codes"
    op.create_table(
        table,
        bytes_("digest"),
        text_("client_id", 255),
        text_("redirect_uri", 2048),
        text_("code_challenge", 128),
        json_("scopes"),
        text_("nonce", 255, null=True),
        uuid_("user_id", null=True),
        bytes_("sealed_sign_in"),
        time_("auth_time"),
        time_("created_at"),
        time_("expires_at"),
        time_("used_at", null=True),
        uuid_("session_id", null=True),
        primary_key(table, "digest"),
        check(table, "digest", "length(digest) = 32"),
        check(table, "used", "session_id IS NULL OR used_at IS NOT NULL"),
        foreign_key(table, "user_id", "ww_users", "CASCADE"),
        foreign_key(table, "session_id", "ww_sessions", "SET NULL"),
    )
    _indexes(table, "expires_at", "user_id", "session_id")


def _revocations() -> None:
    op.create_table(
        "ww_revocations",
        sequence_("sequence"),
        text_("kind", 16),
        time_("created_at"),
        time_("expires_at"),
        uuid_("session_id", null=True),
        integer_("generation", null=True),
        text_("issuer", 1024, null=True),
        text_("value", 255, null=True),
        primary_key("ww_revocations", "sequence"),
        check(
            "ww_revocations",
            "kind",
            "kind IN ('session', 'generation', 'token', 'client', 'subject', 'key')",
        ),
        check(
            "ww_revocations",
            "shape",
            "CASE kind"
            " WHEN 'session' THEN session_id IS NOT NULL"
            " WHEN 'generation' THEN session_id IS NOT NULL AND generation IS NOT NULL"
            " WHEN 'subject' THEN issuer IS NOT NULL AND value IS NOT NULL"
            " ELSE value IS NOT NULL END",
        ),
        sqlite_autoincrement=True,
    )
    _indexes("ww_revocations", "created_at", "expires_at")


def _signing_keys() -> None:
    op.create_table(
        "ww_signing_keys",
        text_("kid", 128),
        text_("algorithm", 16),
        text_("state", 16),
        json_("public_jwk"),
        bytes_("sealed_private"),
        time_("created_at"),
        time_("activated_at", null=True),
        time_("retired_at", null=True),
        time_("verify_until", null=True),
        primary_key("ww_signing_keys", "kid"),
        check("ww_signing_keys", "state", "state IN ('next', 'active', 'retired', 'revoked')"),
    )
    for state in ("active", "next"):
        only = sa.text(f"state = '{state}'")
        op.create_index(
            f"uq_ww_signing_keys_{state}",
            "ww_signing_keys",
            ["state"],
            unique=True,
            postgresql_where=only,
            sqlite_where=only,
        )


def _records() -> None:
    op.create_table(
        "ww_terms_acceptances",
        uuid_("id"),
        uuid_("user_id"),
        text_("version", 64),
        bytes_("digest"),
        time_("accepted_at"),
        primary_key("ww_terms_acceptances", "id"),
        check("ww_terms_acceptances", "digest", "length(digest) = 32"),
        sa.UniqueConstraint(
            "user_id", "version", "digest", name="uq_ww_terms_acceptances_user_id_version_digest"
        ),
        foreign_key("ww_terms_acceptances", "user_id", "ww_users", "CASCADE"),
    )
    op.create_table(
        "ww_audit_events",
        uuid_("id"),
        text_("event", 64),
        time_("occurred_at"),
        uuid_("user_id", null=True),
        uuid_("session_id", null=True),
        text_("ip", 64, null=True),
        json_("details", null=True),
        primary_key("ww_audit_events", "id"),
    )
    _indexes("ww_audit_events", "occurred_at", "user_id")
