"""What Alembic runs for every command; the connection comes from ``runner``, never from a file."""

from __future__ import annotations

from alembic import context

from watchword.migrations.scripts import VERSION_TABLE
from watchword.models import metadata


def _run() -> None:
    attributes = context.config.attributes
    if context.is_offline_mode():
        where = {"dialect_name": attributes["dialect"], "literal_binds": True}
    else:
        where = {"connection": attributes["connection"]}
    context.configure(**where, target_metadata=metadata, version_table=VERSION_TABLE, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


_run()
