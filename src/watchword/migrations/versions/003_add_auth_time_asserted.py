"""Note on a session whether the provider said when the person signed in.

Sessions of before are taken for ones whose provider did not: a step-up asks once more.
"""

from __future__ import annotations

from alembic import op

from watchword.migrations.columns import flag_

revision = "003_add_auth_time_asserted"
down_revision = "002_add_version_usage"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ww_sessions", flag_("auth_time_asserted"))


def downgrade() -> None:
    op.drop_column("ww_sessions", "auth_time_asserted")
