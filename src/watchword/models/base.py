"""What every table has in common: names of constraints, and checks as soon as a value is set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from sqlalchemy import Connection, MetaData, Table, event
from sqlalchemy.orm import ColumnProperty, DeclarativeBase, InstrumentedAttribute


class Base(DeclarativeBase):
    """The tables of watchword. All are named ``ww_…``, so that they can live beside a service's own."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


@event.listens_for(Base, "attribute_instrument", propagate=True)
def _check_when_set(model: type[Base], name: str, attribute: InstrumentedAttribute[Any]) -> None:
    """Let the column's type refuse a value at the assignment, where the mistake is."""
    if not isinstance(attribute.property, ColumnProperty):
        return
    check = getattr(attribute.property.columns[0].type, "checked", None)
    if check is not None:
        event.listen(attribute, "set", _checker(f"{model.__name__}.{name}", check), retval=True)


def _checker(name: str, check: Callable[[Any], Any]) -> Callable[..., Any]:
    def checked(target: Base, value: Any, old: Any, initiator: Any) -> Any:
        if value is None:
            return None
        try:
            return check(value)
        except ValueError as error:
            raise ValueError(f"{name} {error}") from None

    return cast(Callable[..., Any], checked)


def fillfactor(model: type[Base], percent: int) -> None:
    """How full PostgreSQL packs the table's pages, so that a changed row finds room on its own. A
    statement of its own, which SQLAlchemy 2.0 can make as well as 2.1."""

    def make_room(table: Table, connection: Connection, **_: Any) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"ALTER TABLE {table.name} SET (fillfactor = {percent})")

    event.listen(model.__table__, "after_create", make_room)


def one_of(column: str, *values: str) -> str:
    """The text of a CHECK that allows ``values`` only; additive to widen, unlike an ENUM."""
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"
