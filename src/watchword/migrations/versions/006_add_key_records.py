"""Add what the database remembers of keys, wherever their ring is: a sealed copy, and their last use."""

from __future__ import annotations

from alembic import op

from watchword.migrations.columns import bytes_, primary_key, text_, time_

revision = "006_add_key_records"
down_revision = "005_index_codes_to_clean_up"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ww_key_ring_copies",
        text_("store", 600),
        text_("version", 255),
        bytes_("sealed"),
        time_("saved_at"),
        primary_key("ww_key_ring_copies", "store"),
    )
    op.create_table(
        "ww_key_uses",
        text_("kid", 128),
        time_("last_signed_at", null=True),
        time_("last_verified_at", null=True),
        primary_key("ww_key_uses", "kid"),
    )


def downgrade() -> None:
    op.drop_table("ww_key_uses")
    op.drop_table("ww_key_ring_copies")
