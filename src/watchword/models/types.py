"""Column types that refuse what one of the databases could not keep, and give back what went in.

PostgreSQL refuses NUL in text, SQLite has neither bounded text nor times with a zone: the checks
happen here, before a statement is sent, so that both answer alike.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, cast

from sqlalchemy import JSON, DateTime, Dialect, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

UTC_TEXT_CHARS = 27
MAX_JSON_CHARS = 16_384
_NO_OFFSET = timedelta(0)

ROLE_NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")
SCOPE_NAME = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,128}")
"""RFC 6749 §3.3, with a bound."""


def utc_to_text(value: datetime) -> str:
    """A time as SQLite keeps it: fixed width, so that text order is time order."""
    return require_utc(value).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def utc_from_text(text: str) -> datetime:
    return datetime.fromisoformat(text)


def require_utc(value: datetime) -> datetime:
    """``value`` itself. Raises ValueError for a naive time and for any other zone than UTC."""
    if value.utcoffset() != _NO_OFFSET:
        raise ValueError("a time must be aware and in UTC")
    return value


def storable_text(value: str) -> bool:
    """Whether both databases can keep it as it is: no control characters, no lone surrogates."""
    return value.isprintable() or not any(unicodedata.category(char) in ("Cc", "Cs") for char in value)


class UtcDateTime(TypeDecorator[datetime]):
    """``timestamptz`` in PostgreSQL, sortable text in SQLite, aware UTC in Python."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(UTC_TEXT_CHARS))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return utc_to_text(value) if dialect.name == "sqlite" else require_utc(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return utc_from_text(value) if isinstance(value, str) else cast(datetime, value).astimezone(UTC)

    def checked(self, value: datetime) -> datetime:
        return require_utc(value)


class BoundedText(TypeDecorator[str]):
    """Text of at most ``length`` characters without control characters."""

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.max_chars = length

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else self.checked(value)

    def checked(self, value: str) -> str:
        """``value`` itself. Raises ValueError when it cannot be kept as it is."""
        if not isinstance(value, str) or len(value) > self.max_chars:
            raise ValueError(f"must be text of at most {self.max_chars} characters")
        if not storable_text(value):
            raise ValueError("must not hold control characters or lone surrogates")
        return value


class BoundedBytes(TypeDecorator[bytes]):
    """Between ``min_bytes`` and ``max_bytes`` bytes: a digest or a sealed value."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, min_bytes: int, max_bytes: int) -> None:
        super().__init__()
        self.min_bytes = min_bytes
        self.max_bytes = max_bytes

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return None if value is None else self.checked(value)

    def checked(self, value: bytes) -> bytes:
        """``value`` itself. Raises ValueError for another size."""
        if not isinstance(value, bytes) or not self.min_bytes <= len(value) <= self.max_bytes:
            raise ValueError(f"must be {self.min_bytes} to {self.max_bytes} bytes")
        return value


def _json_for(dialect: Dialect) -> TypeEngine[Any]:
    json_type: TypeEngine[Any] = JSON(none_as_null=True)
    if dialect.name == "postgresql":
        json_type = JSONB(none_as_null=True)
    return dialect.type_descriptor(json_type)


class NameSet(TypeDecorator[frozenset[str]]):
    """A set of names, each of which ``pattern`` matches as a whole; a sorted JSON list at rest."""

    impl = JSON
    cache_ok = True
    max_names = 1000

    def __init__(self, pattern: re.Pattern[str]) -> None:
        super().__init__()
        self.pattern = pattern

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return _json_for(dialect)

    def process_bind_param(self, value: frozenset[str] | None, dialect: Dialect) -> Any:
        return None if value is None else sorted(self.checked(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> frozenset[str] | None:
        return None if value is None else frozenset(value)

    def checked(self, value: frozenset[str]) -> frozenset[str]:
        """``value`` itself. Raises ValueError for a name that is not one, or far too many."""
        if not isinstance(value, frozenset) or len(value) > self.max_names:
            raise ValueError(f"must be a frozenset of at most {self.max_names} names")
        if not all(isinstance(name, str) and self.pattern.fullmatch(name) for name in value):
            raise ValueError("holds something that is not a name")
        return value


class JsonObject(TypeDecorator[Mapping[str, Any]]):
    """A JSON object of at most ``MAX_JSON_CHARS`` characters, read-only when read."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return _json_for(dialect)

    def process_bind_param(self, value: Mapping[str, Any] | None, dialect: Dialect) -> Any:
        return None if value is None else self.checked(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Mapping[str, Any] | None:
        return None if value is None else MappingProxyType(value)

    def checked(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """``value`` as a dict. Raises ValueError for what is not JSON, too long, or not storable."""
        try:
            copy = dict(value)
            length = len(json.dumps(copy, allow_nan=False))
            storable = length <= MAX_JSON_CHARS and _storable_json(copy)
        except (TypeError, ValueError, RecursionError):
            raise ValueError("must be a JSON object") from None
        if not storable:
            raise ValueError(
                f"must be at most {MAX_JSON_CHARS} characters of JSON without control characters"
            )
        return copy


def _storable_json(value: Any) -> bool:
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, dict):
        return all(_storable_json(name) and _storable_json(part) for name, part in value.items())
    if isinstance(value, list | tuple):
        return all(_storable_json(part) for part in value)
    return True
