"""Every way a database can be away or broken, told as one error.

``storage`` and ``migrations`` share it, because the same drivers fail them in the same ways.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from watchword.errors import DatabaseUnavailable
from watchword.protocol.printable import printable

_FAULTS = (SQLAlchemyError, sqlite3.Error, OSError, EOFError, UnicodeError)
_DRIVERS = ("asyncpg", "sqlalchemy")
"""By name, because a driver that is not used is not imported."""
_DEADLOCK_OR_SERIALIZATION = ("40P01", "40001")
_READ_ONLY_TRANSACTION = "25006"
_DATA_EXCEPTION = "22"
_QUOTING = ("message", "detail", "hint", "context", "internal_query")
"""What a server's error says beyond its text."""
_SQLITE_BUSY_OR_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


@contextmanager
def database_faults(doing: str) -> Iterator[None]:
    """Raises DatabaseUnavailable, its cause chained without values, in place of every fault of a driver.

    A value that no statement could carry stays the ValueError it is.
    """
    try:
        yield
    except Exception as fault:
        refused = _refused_value(fault)
        if refused is not None:
            raise refused from None
        if not is_fault(fault):
            raise
        raise DatabaseUnavailable(f"could not {doing}: {describe(fault)}") from without_values(fault)


def is_fault(fault: BaseException) -> bool:
    """Whether it comes from a driver, SQLAlchemy or the network below them."""
    return isinstance(fault, _FAULTS) or _comes_from(fault, *_DRIVERS)


def is_transient(fault: BaseException) -> bool:
    """Whether the very same transaction may well succeed when tried again: nothing of it was kept."""
    root = root_cause(fault)
    if getattr(root, "sqlstate", None) in _DEADLOCK_OR_SERIALIZATION:
        return True
    code = getattr(root, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in _SQLITE_BUSY_OR_LOCKED


def is_read_only(fault: BaseException) -> bool:
    """Whether PostgreSQL takes no writes where this connection leads to: after a failover the others
    may lead elsewhere, or a new one."""
    return getattr(root_cause(fault), "sqlstate", None) == _READ_ONLY_TRANSACTION


def root_cause(fault: BaseException) -> BaseException:
    """The driver's own exception under SQLAlchemy's wrappers."""
    if isinstance(fault, DBAPIError) and fault.orig is not None:
        fault = fault.orig
    return fault.__cause__ if fault.__cause__ and _comes_from(fault, "sqlalchemy") else fault


def describe(fault: BaseException) -> str:
    """A line for the operator: what failed, without statement, parameters or values. What the driver
    says is repeated; what our own column types say of a value is not."""
    root = root_cause(fault)
    if _holds_a_value(fault, root):
        return type(root).__name__
    said = str(root).partition("\n")[0] or "no answer in time"
    return f"{type(root).__name__}: {printable(said, max_chars=200)}"


def without_values(fault: BaseException) -> BaseException:
    """``fault`` itself, each exception of a driver or SQLAlchemy in its chain cut to the line that
    ``describe`` repeats: a traceback prints them all, and PostgreSQL quotes rows in its details."""
    left: list[object] = [fault]
    chain: dict[int, BaseException] = {}
    while left:
        each = left.pop()
        if isinstance(each, BaseException) and id(each) not in chain:
            chain[id(each)] = each
            left += [each.__cause__, each.__context__, getattr(each, "orig", None)]
    shown = [(each, _shown(each)) for each in chain.values() if _comes_from(each, *_DRIVERS)]
    for each, line in shown:
        each.args = (line,)
        if _comes_from(each, "asyncpg"):
            vars(each).update(dict.fromkeys(_QUOTING))
    return fault


def _shown(fault: BaseException) -> str:
    if _holds_a_value(fault, root_cause(fault)):
        return type(root_cause(fault)).__name__
    return printable(str(fault.args[0] if fault.args else "").partition("\n")[0], max_chars=200)


def _refused_value(fault: Exception) -> ValueError | None:
    """The ValueError of our own column types, which SQLAlchemy wraps."""
    if isinstance(fault, StatementError) and not isinstance(fault, DBAPIError):
        return fault.orig if isinstance(fault.orig, ValueError) else None
    return None


def _comes_from(fault: BaseException, *packages: str) -> bool:
    return any(parent.__module__.partition(".")[0] in packages for parent in type(fault).__mro__)


def _holds_a_value(fault: BaseException, root: BaseException) -> bool:
    of_a_column_type = isinstance(fault, StatementError) and not isinstance(fault, DBAPIError)
    of_the_server = str(getattr(root, "sqlstate", None)).startswith(_DATA_EXCEPTION)
    return (
        of_a_column_type or of_the_server or (_comes_from(root, "asyncpg") and isinstance(root, ValueError))
    )
