"""Find degraded sessions without reading the others: there are none but in an outage.

No rotation changes a column of the index. PostgreSQL holds writers of the table back while it is
made, for about a second a million sessions.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "004_index_degraded_sessions"
down_revision = "003_add_auth_time_asserted"
branch_labels = None
depends_on = None

_INDEX = "ix_ww_sessions_degraded"


def upgrade() -> None:
    degraded = text("degraded_at IS NOT NULL")
    op.create_index(_INDEX, "ww_sessions", ["provider_id"], postgresql_where=degraded, sqlite_where=degraded)


def downgrade() -> None:
    op.drop_index(_INDEX, table_name="ww_sessions")
