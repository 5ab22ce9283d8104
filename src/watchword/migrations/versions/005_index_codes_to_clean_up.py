"""Find the authorization codes that the cleanup takes away without reading those whose session lives."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "005_index_codes_to_clean_up"
down_revision = "004_index_degraded_sessions"
branch_labels = None
depends_on = None

_INDEX = "ix_ww_authorization_codes_without_session"
_TABLE = "ww_authorization_codes"


def upgrade() -> None:
    without = text("(session_id IS NULL) IS TRUE")
    op.create_index(_INDEX, _TABLE, ["expires_at"], postgresql_where=without, sqlite_where=without)


def downgrade() -> None:
    op.drop_index(_INDEX, table_name=_TABLE)
