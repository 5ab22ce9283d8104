"""A revision as the next version might bring it: columns, a table and an index more."""

from __future__ import annotations

from alembic import op

from watchword.migrations import scripts
from watchword.migrations.columns import flag_, foreign_key, primary_key, text_, uuid_

revision = "999_later"
down_revision = scripts.head()
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ww_sessions", text_("place", 64, null=True))
    op.add_column("ww_sessions", flag_("bound"))
    op.create_index("ix_ww_sessions_place", "ww_sessions", ["place"])
    op.create_table(
        "ww_session_notes",
        uuid_("session_id"),
        text_("note", 64),
        primary_key("ww_session_notes", "session_id"),
        foreign_key("ww_session_notes", "session_id", "ww_sessions", "CASCADE"),
    )


def downgrade() -> None:
    op.drop_table("ww_session_notes")
    op.drop_index("ix_ww_sessions_place", "ww_sessions")
    op.drop_column("ww_sessions", "bound")
    op.drop_column("ww_sessions", "place")
