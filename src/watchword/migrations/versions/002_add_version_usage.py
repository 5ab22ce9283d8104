"""Add the ledger of who still calls which version of an API."""

from __future__ import annotations

from alembic import op

from watchword.migrations.columns import (
    big_integer_,
    bytes_,
    check,
    fillfactor,
    foreign_key,
    primary_key,
    text_,
    time_,
    uuid_,
)

revision = "002_add_version_usage"
down_revision = "001_add_auth_tables"
branch_labels = None
depends_on = None

_TABLE = "ww_version_usage"


def upgrade() -> None:
    op.create_table(
        _TABLE,
        bytes_("digest"),
        text_("version", 64),
        text_("kind", 16),
        uuid_("user_id", null=True),
        text_("client_id", 255, null=True),
        text_("network", 64, null=True),
        big_integer_("calls"),
        big_integer_("would_refuse"),
        text_("last_refusal", 64, null=True),
        time_("first_seen_at"),
        time_("last_seen_at"),
        primary_key(_TABLE, "digest"),
        check(_TABLE, "digest", "length(digest) = 32"),
        check(_TABLE, "kind", "kind IN ('user', 'client', 'network', 'others')"),
        check(
            _TABLE,
            "caller",
            "(user_id IS NOT NULL) = (kind = 'user')"
            " AND (client_id IS NOT NULL) = (kind IN ('user', 'client'))"
            " AND (network IS NULL OR kind = 'network')",
        ),
        check(_TABLE, "calls", "calls >= 1 AND would_refuse BETWEEN 0 AND calls"),
        check(_TABLE, "last_refusal", "(last_refusal IS NULL) = (would_refuse = 0)"),
        check(_TABLE, "seen", "first_seen_at <= last_seen_at"),
        foreign_key(_TABLE, "user_id", "ww_users", "CASCADE"),
    )
    fillfactor(_TABLE, 75)
    op.create_index(f"ix_{_TABLE}_user_id", _TABLE, ["user_id"])


def downgrade() -> None:
    op.drop_table(_TABLE)
