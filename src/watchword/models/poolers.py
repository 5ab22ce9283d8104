"""PostgreSQL behind a pooler such as PgBouncer, found out by the connection itself.

In transaction mode every transaction may meet another server connection: a statement prepared on one is
unknown to the next, or somebody else's, and what LISTEN would hear arrives nowhere. ``storage`` and
``migrations`` share this, because both connect.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

POOLED: Final = "watchword_pooled"
"""In ``info`` of a connection that goes through a pooler, of whatever mode."""
NOTHING_PREPARED: Final[dict[str, Any]] = {
    "statement_cache_size": 0,
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": lambda: "",
}
"""Arguments of SQLAlchemy's asyncpg dialect by which each statement is sent whole, without a name, so that
it fits any server connection. It costs a round trip and the planning, each time."""


def mind_poolers(engine: AsyncEngine) -> None:
    """Let every new connection look for a pooler, and be one that a pooler can carry where there is one.

    The process id that a server gives at the start of a connection is its own; a pooler makes one up. An
    address with ``prepared_statement_cache_size=0`` is believed without looking.
    """
    told = engine.url.query.get("prepared_statement_cache_size") == "0"
    pooled = told

    @event.listens_for(engine.sync_engine, "do_connect")
    def connect(dialect: Any, record: Any, arguments: Any, options: dict[str, Any]) -> Any:
        nonlocal pooled
        suits_poolers = pooled
        connection = dialect.connect(*arguments, **(options | NOTHING_PREPARED if pooled else options))
        try:
            found = told or not connection.run_async(_speaks_to_its_server)
        except BaseException:
            connection.driver_connection.terminate()
            raise
        if found and not suits_poolers:
            connection.driver_connection.terminate()
            pooled = True
            connection = dialect.connect(*arguments, **options | NOTHING_PREPARED)
        record.info[POOLED] = found
        return connection


async def _speaks_to_its_server(driver: Any) -> bool:
    """One round trip without a prepared statement: the answer is in the number of rows."""
    told = await driver.execute(f"SELECT WHERE pg_backend_pid() = {int(driver.get_server_pid())}")
    return bool(told == "SELECT 1")
