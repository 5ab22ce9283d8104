"""Add the texts of terms, and keys for digests that outlive a change of ``SECRET_KEY``."""

from __future__ import annotations

from alembic import op

from watchword.migrations.columns import bytes_, check, primary_key, text_, time_

revision = "007_add_privacy_and_terms"
down_revision = "006_add_key_records"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ww_terms_documents",
        bytes_("digest"),
        text_("version", 64),
        text_("address", 2048, null=True),
        bytes_("content", null=True),
        time_("first_seen_at"),
        primary_key("ww_terms_documents", "digest"),
        check("ww_terms_documents", "digest", "length(digest) = 32"),
    )
    op.create_table(
        "ww_peppers",
        text_("name", 32),
        bytes_("sealed"),
        time_("created_at"),
        primary_key("ww_peppers", "name"),
    )


def downgrade() -> None:
    op.drop_table("ww_peppers")
    op.drop_table("ww_terms_documents")
